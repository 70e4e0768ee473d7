"""The same cycles, counters and events, whatever order units and processes are made or woken in."""

from __future__ import annotations

import random
from collections.abc import Iterator
from unittest import mock

import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.contract.counters import LayerCounters
from o3sim.contract.events import Event
from o3sim.machine.dispatch.machines import machine_class
from o3sim.machine.machine import Machine
from tests.machine.harness import Log, machine
from tests.machine.strategies import Case, cases

ACTS_ON = {
    "pes": {"supply"},
    "scheduler": {"queue", "pes"},
    "sequencer": {"queue", "weights"},
    "counters": {"weights", "patch", "pes"},
}
"""The units that a unit is connected to when it is made."""


@st.composite
def cases_in_any_order(draw: st.DrawFn) -> tuple[Case, tuple[str, ...]]:
    """Draw a case, and an order of its machine's units in which each comes after those it acts on."""
    case = draw(cases())
    units, order = machine_class(case.architecture).units, list[str]()
    while len(order) < len(units):
        can_come = [unit for unit in units if unit not in order and ACTS_ON.get(unit, set()) <= set(order)]
        order.append(draw(st.sampled_from(can_come)))
    return case, tuple(order)


class ShuffledEnvironment(simpy.Environment):
    """Events of the same cycle and priority come in random order instead of that of their making."""

    seed = 0

    def __init__(self) -> None:
        super().__init__()
        self._eid = self._random_numbers()  # type: ignore[assignment]

    def _random_numbers(self) -> Iterator[int]:
        chance = random.Random(self.seed)
        while True:
            yield chance.getrandbits(62)


def history(built: Machine, log: Log) -> tuple[list[LayerCounters], list[Event], list[list[int]]]:
    """Run a machine and return all there is to see of it."""
    built.run()
    return built.layers, log.events, [bits.tolist() for bits in built.outputs]


@given(cases_in_any_order())
@settings(max_examples=100, deadline=None)
def test_the_order_in_which_units_are_made_changes_nothing(made: tuple[Case, tuple[str, ...]]) -> None:
    case, order = made
    plain, permuted = Log(), Log()
    expected = history(machine(*case, observers=(plain,)), plain)
    assert history(machine(*case, observers=(permuted,), creation_order=order), permuted) == expected


@given(cases(), st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_the_order_in_which_processes_wake_in_a_cycle_changes_nothing(case: Case, seed: int) -> None:
    plain, shuffled = Log(), Log()
    expected = history(machine(*case, observers=(plain,)), plain)
    with mock.patch.object(simpy, "Environment", ShuffledEnvironment):
        ShuffledEnvironment.seed = seed
        built = machine(*case, observers=(shuffled,))
    assert isinstance(built.env, ShuffledEnvironment)
    assert history(built, shuffled) == expected


@given(cases(most_layers=2))
@settings(max_examples=50, deadline=None)
def test_events_come_in_canonical_order(case: Case) -> None:
    log = Log()
    machine(*case, observers=(log,)).run()
    assert log.events == sorted(log.events)


def sleepless(machine: type[Machine]) -> type[Machine]:
    """Make a machine that ticks in every cycle, whether anything can change or not."""
    return type("Sleepless", (machine,), {"_next_change": lambda self, cycle: cycle + 1})


@given(cases())
@settings(max_examples=80, deadline=None)
def test_sleeping_while_nothing_can_change_changes_nothing(case: Case) -> None:
    plain, awake = Log(), Log()
    expected = history(machine(*case, observers=(plain,)), plain)
    built = machine(*case, observers=(awake,))
    built.__class__ = sleepless(type(built))
    assert history(built, awake) == expected
