"""Occupancy from events is what the queue and the PEs hold at the end of each cycle."""

from collections import Counter
from typing import Any, cast

from hypothesis import given, settings

from o3sim.contract.events import Event, EventKind
from o3sim.machine.dispatch.task import Member
from o3sim.machine.dispatch.window import WindowMachine
from o3sim.machine.machine import Machine
from o3sim.studies.whatif.occupancy import OccupancyObserver
from tests.machine.harness import machine
from tests.machine.strategies import Case, cases


def waiting(built: Machine) -> int:
    """Count the ops in the queue, or without one the members of windows in contexts that have not begun."""
    if not isinstance(built, WindowMachine):
        return len(built.queue.entries)
    held = [cast("Member", op).task for pe in built.pes.pes for op in pe.held if op is not None]
    return sum(len(task.members) - task.next_member for task in held)


def observed(case: Case) -> tuple[Any, Counter[int], Counter[int]]:
    """Run one layer; return what the observer counts, and what the units themselves hold."""
    observer = OccupancyObserver(2**40)
    alone = case.architecture.with_({"weight_buffer": {"size_kbit": 1000, "resident_kbit": 0}})
    built = machine(alone, case.profiles[:1], (observer,))
    queued: Counter[int] = Counter()
    in_flight: Counter[int] = Counter()
    tick = built.tick

    def looked_at(cycle: int) -> int | None:
        wake = tick(cycle)
        if built.layers:
            cycles = 1
        else:
            assert wake is not None
            cycles = wake - cycle
        counters = built.ledger.counters
        queued[waiting(built)] += cycles
        in_flight[counters.issued - counters.retired - counters.squashed_pe] += cycles
        return wake

    built.clock.tick = looked_at
    built.run()
    return observer.result(built.layers[0].cycles), queued, in_flight


@given(cases())
@settings(max_examples=40, deadline=None)
def test_counts_are_what_the_units_hold(case: Case) -> None:
    result, queued, in_flight = observed(case)
    assert result.queued == queued
    assert result.in_flight == in_flight
    assert result.cycles == sum(queued.values())


def test_only_the_window_is_counted_and_a_quiet_end_is_held() -> None:
    observer = OccupancyObserver(10)
    for cycle, kind, unit in (
        (0, EventKind.DISPATCH, "queue"),
        (3, EventKind.ISSUE, "pe0.0"),
        (5, EventKind.SQUASH, "pe0"),
        (5, EventKind.DISPATCH, "queue"),
        (20, EventKind.SQUASH, "queue"),
    ):
        observer.see(Event(cycle, kind, 0, unit))
    result = observer.result(30)
    assert result.queued == {0: 2, 1: 8}
    assert result.in_flight == {0: 8, 1: 2}
