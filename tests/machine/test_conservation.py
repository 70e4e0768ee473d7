"""Any machine on any layers: outputs are those of the function, and nothing is lost on the way.

The conservation laws themselves are asserted inside every run (``o3sim.contract.invariants``).
"""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from o3sim.contract.events import EventKind
from tests.machine.harness import Log, pooled_or, run
from tests.machine.strategies import Case, cases


@given(cases())
@settings(max_examples=400, deadline=None)
def test_outputs_are_the_or_of_the_outcomes_on_any_machine(case: Case) -> None:
    ran = run(case.architecture, *case.profiles)
    for layer, bits, counters in zip(case.profiles, ran.outputs, ran.layers, strict=True):
        np.testing.assert_array_equal(bits, pooled_or(layer))
        assert counters.ops == np.count_nonzero(layer.geometry.pooled_mask()) * layer.geometry.out_channels


@given(cases(most_layers=2))
@settings(max_examples=150, deadline=None)
def test_every_op_ends_exactly_once_and_in_the_order_of_its_stages(case: Case) -> None:
    log = Log()
    ran = run(case.architecture, *case.profiles, observers=(log,))
    layer = -1
    seen: dict[int, list[EventKind]] = {}
    for event in log.events:
        if event.kind == EventKind.LAYER_START:
            layer, seen = layer + 1, {}
        elif event.kind == EventKind.LAYER_END:
            check_lives(seen, ran.layers[layer].ops)
        elif event.kind not in {EventKind.WEIGHTS, EventKind.STALL, EventKind.WORD}:
            seen.setdefault(event.op, []).append(event.kind)
    assert layer == len(case.profiles) - 1


def check_lives(seen: dict[int, list[EventKind]], ops: int) -> None:
    """Assert that each op went through the stages of one of the lives there are."""
    whole = [EventKind.DISPATCH, EventKind.ISSUE, EventKind.DECIDE, EventKind.RETIRE]
    lives = [whole, *([*whole[:stages], EventKind.SQUASH] for stages in range(3))]
    assert sorted(seen) == list(range(ops))
    assert all(life in lives for life in seen.values())


@given(cases(most_layers=2))
@settings(max_examples=100, deadline=None)
def test_observers_change_nothing(case: Case) -> None:
    silent = run(case.architecture, *case.profiles)
    watched = run(case.architecture, *case.profiles, observers=(Log(),))
    assert silent.layers == watched.layers
