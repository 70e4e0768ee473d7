"""Networks that are graphs: their function against slow loops, their profile against its definition."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.network.bits import reference
from o3sim.network.flow import Flow
from o3sim.network.infer import infer
from o3sim.network.layer import Addend, Layer, SumRule
from o3sim.network.network import Network
from o3sim.network.sums import check_ranges, thresholds_of
from o3sim.profile.profile import profile_layers
from o3sim.profile.reference import decision
from tests.network.graphs import images, layer, residual

Maps = dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]


def addition_of(addend: Addend, made: Maps, y: int, x: int, channel: int) -> int:
    """Return what a neuron adds, value by value."""
    bits, sums = made[addend.layer]
    values = sums if addend.bits > 1 else 2 * bits - 1
    side = range(addend.stride if addend.averages else 1)
    taken = [
        int(values[y * addend.stride + dy, x * addend.stride + dx, channel % addend.channels])
        for dy in side
        for dx in side
    ]
    share = len(taken) if addend.bits > 1 else 1
    return Fraction(sum(taken), share).__floor__()


def slow(network: Network, image: NDArray[np.uint8]) -> Maps:
    """Evaluate a network neuron by neuron: bits and sums of every layer."""
    made: Maps = {}
    codes, above = network.encode(image), ""
    for each in network.layers:
        g, rule = each.geometry, each.sums
        assert rule is not None
        assert each.theta is not None
        name = g.source or above
        dots = reference.dots(each, codes if not name else made[name][0])
        sums = np.zeros_like(dots)
        for y, x, c in np.ndindex(dots.shape):
            sums[y, x, c] = rule.scale[c] * dots[y, x, c] + rule.shift[c]
            if g.addend is not None:
                sums[y, x, c] += rule.add_scale[c] * addition_of(g.addend, made, y, x, c)
        made[each.name] = (sums >= each.theta).astype(np.int64), sums
        above = each.name
    return made


@pytest.mark.parametrize("seed", range(3))
def test_graphs_are_what_slow_loops_make_of_them(seed: int) -> None:
    network = residual(seed)
    for image in images(network):
        expected, found = slow(network, image), infer(network, image)
        for each, bits in zip(network.layers, found.bits, strict=True):
            np.testing.assert_array_equal(bits, expected[each.name][0])
        for profile, bits in profile_layers(network, image):
            np.testing.assert_array_equal(bits, expected[profile.name][0])
            if profile.geometry.sum_bits:
                np.testing.assert_array_equal(profile.sums, expected[profile.name][1])
                assert (profile.decision == profile.n_edges[:, :, None]).all()


def test_decisions_are_those_of_a_threshold_for_each_neuron() -> None:
    network = residual()
    image = images(network)[0]
    flow = Flow(network.layers, image, network.encode(image))
    checked = 0
    for each, (profile, bits) in zip(network.layers, profile_layers(network, image), strict=True):
        inputs = flow.inputs_of(each)
        if not each.geometry.sum_bits:
            thresholds = thresholds_of(each, inputs.addition)
            for y, x, c in np.ndindex(profile.decision.shape):
                one = replace(each, theta=thresholds[y, x])
                edges, outcome = decision(one, inputs.codes, y, x, c)
                assert (max(edges, 1), outcome) == (profile.decision[y, x, c], profile.outcome[y, x, c])
                checked += edges < profile.n_edges[y, x]
        flow.put(each, bits, profile.sums)
    assert checked > 20


def test_a_scale_of_0_leaves_what_is_added() -> None:
    network = residual(4)
    none = [
        np.where(np.arange(each.geometry.out_channels) % 2, each.sums.scale, 0)
        for each in network.layers
        if each.sums
    ]
    layers = [
        replace(each, sums=replace(each.sums, scale=scale)) if each.sums else each
        for each, scale in zip(network.layers, none, strict=True)
    ]
    network = replace(network, layers=tuple(layers))
    for image in images(network):
        expected = slow(network, image)
        for profile, bits in profile_layers(network, image):
            np.testing.assert_array_equal(bits, expected[profile.name][0])
            decided = profile.decision[:, :, ::2]
            assert profile.geometry.sum_bits or (decided == 1).all()  # by what comes with the first word


def test_outputs_are_forgotten_when_nobody_takes_them_any_more() -> None:
    network = residual()
    image = images(network)[0]
    flow = Flow(network.layers, image, network.encode(image))
    kept = []
    for each, (profile, bits) in zip(network.layers, profile_layers(network, image), strict=True):
        flow.put(each, bits, profile.sums)
        kept.append(sorted(flow._kept))
    assert kept == [["stem"], ["a"], ["a", "short"], ["a", "b"], ["b", "c"], []]


def test_averages_of_negative_sums_are_rounded_down() -> None:
    from o3sim.network.sums import added

    adds = residual().layers[4]
    ones = replace(adds, sums=SumRule(*[np.ones(8, np.int64)] * 3))
    values = np.full((6, 6, 4), -1)
    values[::2, ::2] = -2
    assert (added(ones, values) == -2).all()  # -5 / 4
    assert adds.geometry.addend is not None
    first = replace(adds.geometry.addend, averages=False)
    assert (added(replace(ones, geometry=replace(ones.geometry, addend=first)), values) == -2).all()
    sums = replace(adds.geometry.addend, bits=1)
    bits = (values == -2).astype(np.uint8)  # one of each square
    assert (added(replace(ones, geometry=replace(ones.geometry, addend=sums)), bits) == -2).all()


def test_sums_that_may_not_fit_are_refused_with_what_they_may_reach() -> None:
    def scaled(scale: int) -> tuple[Layer, ...]:
        stem, *others = residual().layers
        assert stem.sums is not None
        rule = replace(stem.sums, scale=np.full(4, scale), shift=np.zeros(4, np.int64))
        return (replace(stem, sums=rule), *others)

    most = (2**15 - 1) // (18 * 8)  # 18 taps of -8..7
    check_ranges(scaled(most))
    with pytest.raises(
        InputError, match=r"layer stem: sums may reach 32,832, beyond 16 bits; .*sum_bits: 32"
    ):
        check_ranges(scaled(most + 1))


def test_sums_of_negative_inputs_reach_one_further() -> None:
    chance = np.random.default_rng(0)
    network = residual()
    lone = layer(chance, "x", replace(network.layers[0].geometry, in_channels=1, padding_pixels=0))
    rule = SumRule(np.full(4, 2**15 // 72), np.full(4, 8 - 16), np.ones(4, np.int64))
    check_ranges([replace(lone, sums=rule)])


def test_graphs_of_other_edges_have_other_digests() -> None:
    network = residual()
    layers = list(network.layers)
    assert layers[5].geometry.addend is not None
    other = replace(layers[5].geometry, addend=replace(layers[5].geometry.addend, averages=False))
    moved = replace(network, layers=(*layers[:5], replace(layers[5], geometry=other)))
    taken = replace(layers[3], geometry=replace(layers[3].geometry, source=""))
    digests = {
        net.digest() for net in (network, moved, replace(network, layers=(*layers[:3], taken, *layers[4:])))
    }
    assert len(digests) == 3
