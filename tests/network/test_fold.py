"""Batch norm folded into thresholds decides as batch norm does, whatever the sign of its scale."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.network.bits.layers import thresholded
from o3sim.network.bits.packing import pack_bits
from o3sim.network.fold import fold_batch_norm
from o3sim.network.layer import Geometry, Layer

EIGHTHS = st.integers(-400, 400).map(lambda eighths: eighths / 8)


@settings(deadline=None)  # the first example compiles the kernels
@given(st.integers(1, 80), EIGHTHS, EIGHTHS, st.integers(0, 2**32))
def test_folded_equals_batch_norm(n: int, scale: float, shift: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    weights = random.integers(0, 2, (1, n), np.uint8)
    inputs = random.integers(0, 2, n)
    folded, theta = fold_batch_norm(weights, np.array([scale]), np.array([shift]))
    layer = Layer("bn", Geometry("dense", 1, 1, n, 1), pack_bits(folded), theta)
    dot = int(((2 * weights[0].astype(int) - 1) * (2 * inputs - 1)).sum())
    assert thresholded(layer, inputs).item() == (scale * dot + shift >= 0)


def test_convolution_kernels_are_inverted_whole() -> None:
    weights = np.random.default_rng(0).integers(0, 2, (2, 3, 3, 4), np.uint8)
    folded, _ = fold_batch_norm(weights, np.array([1.0, -1.0]), np.zeros(2))
    np.testing.assert_array_equal(folded[0], weights[0])
    np.testing.assert_array_equal(folded[1], 1 - weights[1])
