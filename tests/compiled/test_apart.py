"""Layers that run apart, and layers that need not run again: the image is what it is if all run in turn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from o3sim.compiled.apart import run_stretch
from o3sim.config.architecture import Architecture
from o3sim.config.dispatch import CAROUSEL
from o3sim.contract.layer_runs import LayerRun
from o3sim.contract.plan import ImageRun, cut_layers
from o3sim.contract.reach import layer_timing_key, waits_for_no_weights
from o3sim.contract.stretches import stretches, together
from o3sim.network.layer import Pool
from o3sim.profile.profile import LayerProfile
from tests.compiled.engines import run_compiled, run_simpy
from tests.machine.carousel.samples import carousel_cases
from tests.machine.harness import architecture, conv, dense, profile
from tests.machine.strategies import Case, cases

ANY_CASE = cases() | carousel_cases()


def same(one: ImageRun, other: ImageRun) -> bool:
    """Return whether two runs have the same counts and outputs."""
    outputs = zip(one.outputs, other.outputs, strict=True)
    return one.layers == other.layers and all(np.array_equal(*pair) for pair in outputs)


def put_together(case: Case) -> ImageRun | None:
    """Run all stretches of a case apart, the last one first, and put them together."""
    machine, profiles = case
    cuts = cut_layers(machine, profiles)
    runs = [
        (stretch, run_stretch(machine, cuts, stretch, [profiles[layer] for layer in stretch]))
        for stretch in reversed(stretches(machine, cuts))
    ]
    return together(machine, cuts, runs[::-1])


@given(case=ANY_CASE)
@settings(max_examples=25, deadline=None)
def test_stretches_that_ran_apart_are_the_image(case: Case) -> None:
    run = put_together(case)
    event("together" if run else "not together")
    assert run is None or same(run, run_compiled(case))


def streaming(bits_per_cycle: int) -> Case:
    """Three layers of which the one in the middle stays, for 128 cycles, and the others stream."""
    machine = architecture(
        pe__count=1,
        dram__bits_per_cycle=bits_per_cycle,
        weight_buffer__size_kbit=7,
        weight_buffer__resident_kbit=1,
        pruning__threshold=False,
    )
    large = profile(dense(2000, 2))  # a channel is a half of the weight buffer
    return Case(machine, (large, profile(dense(64, 16)), large))


@pytest.mark.parametrize(("bits_per_cycle", "full"), [(64, True), (8, False)])
def test_a_stretch_begins_with_full_halves_or_not_at_all(bits_per_cycle: int, full: bool) -> None:
    case = streaming(bits_per_cycle)
    assert len(stretches(case.architecture, cut_layers(case.architecture, case.profiles))) == 3
    run = put_together(case)
    assert (run is not None) == full
    assert run is None or same(run, run_compiled(case))


def test_the_first_stretch_begins_with_nothing() -> None:
    machine, profiles = streaming(8)
    cuts = cut_layers(machine, profiles)
    (first,) = run_stretch(machine, cuts, range(1), profiles[:1]).layers
    assert first.counters.pe_cycles["weight_wait"] > 0
    assert first.counters == run_compiled(Case(machine, profiles)).layers[0]


class Remembered(dict[tuple[int, str], LayerRun]):
    """Layers that ran, and how often one was asked for in vain."""

    missed = 0

    def find(self, layer: int, timing_key: str) -> LayerRun | None:
        """Return a layer."""
        self.missed += (layer, timing_key) not in self
        return self.get((layer, timing_key))

    def keep(self, layer: int, timing_key: str, run: LayerRun) -> None:
        """Keep a layer."""
        self[layer, timing_key] = run


def run_knowing(machine: Architecture, profiles: tuple[LayerProfile, ...], known: Remembered) -> ImageRun:
    """Run layers, but for those that are known."""
    from o3sim.compiled.carousel.run import run_layers as run_carousel
    from o3sim.compiled.run import run_layers

    run = run_carousel if machine.scheduler.dispatch == CAROUSEL else run_layers
    return run(machine, cut_layers(machine, profiles), profiles, known=known)


CHANGES: list[dict[str, Any]] = [
    {"pruning.pooling": [True, False]},
    {"pruning.threshold": [True, False]},
    {"pruning.argmax": [True, False]},
    {"pruning.squash_latency_cycles": [1, 7]},
    {"scheduler.window_in_flight_ops": [1, 3, "unlimited"]},
    {"dram.bits_per_cycle": [5, 500], "dram.latency_cycles": [0, 30]},
    {"weight_buffer.size_kbit": [1000, 100_000]},
    {"pe.latency_cycles": [1, 3]},
]


@st.composite
def changed_cases(draw: st.DrawFn) -> tuple[Case, Architecture]:
    """Draw a case, and its machine with other values of keys that reach some layers only."""
    case = draw(ANY_CASE)
    of_queues = {"pruning.argmax", "pruning.squash_latency_cycles", "scheduler.window_in_flight_ops"}
    has_queue = case.architecture.scheduler.has_queue
    keys = draw(st.sampled_from([keys for keys in CHANGES if has_queue or not of_queues & keys.keys()]))
    changes = {key: draw(st.sampled_from(choices)) for key, choices in keys.items()}
    if any(changes.get(f"pruning.{key}") for key in ("pooling", "threshold", "argmax")):
        changes["output_buffer.release"] = "when_final"  # else nothing may be pruned
    return case, case.architecture.with_(changes)


@given(drawn=changed_cases())
@settings(max_examples=50, deadline=None)
def test_layers_that_no_changed_key_reaches_need_not_run_again(drawn: tuple[Case, Architecture]) -> None:
    case, other = drawn
    known = Remembered()
    assert same(run_knowing(case.architecture, case.profiles, known), run_compiled(case))
    asked = known.missed
    assert same(run_knowing(other, case.profiles, known), run_simpy(Case(other, case.profiles)))
    event("some reused" if known.missed < 2 * asked else "none reused")


def test_which_keys_reach_which_layers() -> None:
    shapes = [conv(6, 6, 2, 2), conv(6, 6, 2, 2, pool=Pool(2, 2)), dense(8, 3)]
    layers = [*map(profile, shapes), profile(dense(8, 3), scores=True)]
    machine = architecture(pruning__argmax=True)

    def reached(**changes: Any) -> list[bool]:
        machines = machine, machine.with_({key.replace("__", "."): value for key, value in changes.items()})
        return [
            len(
                {
                    layer_timing_key(each, layer.geometry, cut, scores=layer.scores)
                    for each in machines
                    for cut in [cut_layers(each, [layer])[0]]
                }
            )
            == 2
            for layer in layers
        ]

    assert reached(pruning__pooling=False) == [False, True, False, False]
    assert reached(pruning__threshold=False) == [True, True, True, False]
    assert reached(pruning__argmax=False) == [False, False, False, True]
    assert reached(pruning__squash_latency_cycles=5) == [False, True, False, True]
    assert reached(scheduler__window_in_flight_ops=4) == [False, True, False, False]
    nothing_pruned = {"pruning__pooling": False, "pruning__threshold": False, "pruning__argmax": False}
    machine = machine.with_({key.replace("__", "."): value for key, value in nothing_pruned.items()})
    assert reached(output_buffer__release="worst_case") == [False, True, False, False]
    assert reached(dram__latency_cycles=3) == [False] * 4
    assert reached(weight_buffer__size_kbit=50_000) == [True] * 4  # none of them stays: groups are cut by it
    assert reached(pe__count=5) == [True] * 4


def test_a_layer_that_waits_for_weights_runs_again() -> None:
    machine, profiles = streaming(8)
    known = Remembered()
    for _ in range(2):
        assert same(run_knowing(machine, profiles, known), run_compiled(Case(machine, profiles)))
    cuts = cut_layers(machine, profiles)
    assert [waits_for_no_weights(machine, cut) for cut in cuts] == [False, True, False]
    assert [layer for layer, _ in known] == [1]


def test_the_first_layer_runs_where_others_stream() -> None:
    """It asks for their weights."""
    machine, (large, middle, _) = streaming(8)
    case = Case(machine, (middle, large))
    known = Remembered()
    for _ in range(2):
        assert same(run_knowing(*case, known), run_compiled(case))
    assert not known
    alone = Case(machine, (middle,))
    for _ in range(2):
        assert same(run_knowing(*alone, known), run_compiled(alone))
    assert known.missed == 1
