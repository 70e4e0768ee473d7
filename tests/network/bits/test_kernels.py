"""Compiled layers equal the slow ones, on any shape."""

import numpy as np
import pytest
from hypothesis import given, settings

from o3sim.network.bits import layers, reference
from o3sim.network.bits.packing import pack_bits
from o3sim.network.bits.patches import gather, most_mismatches
from o3sim.network.layer import Geometry, Layer, Padding, Pool
from tests.network.bits.strategies import Case, layers_with_input


@settings(deadline=None, max_examples=150)
@given(layers_with_input())
def test_dots_bits_and_pools_equal_the_reference(case: Case) -> None:
    layer, codes = case
    np.testing.assert_array_equal(layers.dots(layer, codes), reference.dots(layer, codes))
    bits = layers.thresholded(layer, codes)
    np.testing.assert_array_equal(bits, reference.thresholded(layer, codes))
    np.testing.assert_array_equal(layers.pooled(layer.geometry, bits), reference.pooled(layer.geometry, bits))


@settings(deadline=None, max_examples=50)
@given(layers_with_input())
def test_edges_per_neuron_are_the_taps_there_are(case: Case) -> None:
    layer, codes = case
    g = layer.geometry
    counted = g.n_edges_map()
    patches = gather(g, codes)
    taps = patches.taps[patches.mask_index].reshape(counted.shape)
    np.testing.assert_array_equal(counted, taps * g.planes)
    assert counted[0, 0] == g.planes * len(reference.taps_of(g, codes, 0, 0))


@pytest.mark.parametrize(("padding", "dot"), [("exclude", 4), ("-1", 4 - 5), ("+1", 4 + 5)])
def test_padding_at_a_corner(padding: Padding, dot: int) -> None:
    geometry = Geometry("conv", 2, 2, 1, 1, 3, 3, 1, 1, padding)
    layer = Layer("pad", geometry, pack_bits(np.ones((1, 9), np.uint8)), np.array([0]))
    assert layers.dots(layer, np.ones((2, 2, 1), np.int64))[0, 0, 0] == dot


def test_fixed_point_dot_is_the_sum_over_integers() -> None:
    geometry = Geometry("dense", 1, 1, 3, 1, planes=8)
    layer = Layer("fixed", geometry, pack_bits(np.array([[1, 0, 1]])), np.array([0]), input_offset=-1)
    values = np.array([-128, 100, 127])
    assert layers.dots(layer, values + 128).item() == -128 - 100 + 127


@pytest.mark.parametrize(("theta", "bit"), [(-(2**62), 1), (-3, 1), (4, 0), (2**62, 0)])
def test_thresholds_beyond_both_ends_make_constant_channels(theta: int, bit: int) -> None:
    layer = Layer(
        "constant", Geometry("dense", 1, 1, 3, 1), pack_bits(np.ones((1, 3), np.uint8)), np.array([theta])
    )
    for code in (0, 1):
        assert layers.thresholded(layer, np.full(3, code)).item() == bit


def test_overlapping_pool_drops_what_does_not_fit() -> None:
    geometry = Geometry("conv", 6, 6, 1, 1, pool=Pool(3, 2))
    bits = np.zeros((6, 6, 1), np.uint8)
    bits[2, 2] = bits[5, 5] = 1
    assert layers.pooled(geometry, bits)[:, :, 0].tolist() == [[1, 1], [1, 1]]
    bits[2, 2] = 0
    assert not layers.pooled(geometry, bits).any()


def test_a_layer_without_thresholds_is_refused() -> None:
    layer = Layer(
        "scores", Geometry("dense", 1, 1, 3, 1), pack_bits(np.ones((1, 3), np.uint8)), None, scores=True
    )
    with pytest.raises(ValueError, match="no thresholds"):
        most_mismatches(layer, gather(layer.geometry, np.ones(3, np.int64)))
