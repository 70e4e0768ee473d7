"""Both engines of the carousel are one machine: every event, count and output bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import o3sim.compiled.carousel.units
import o3sim.compiled.run
from o3sim.compiled.carousel.stream_table import stream_table_of
from o3sim.contract.carousel.program import build_carousel_program
from o3sim.contract.events import EventWindow
from o3sim.contract.plan import cut_layers
from tests.compiled.engines import disagreement, run_compiled, run_simpy
from tests.machine.carousel.samples import carousel_cases, pooled_or
from tests.machine.harness import Log
from tests.machine.strategies import Case


@given(carousel_cases())
@settings(max_examples=150, deadline=None)
def test_engines_agree_on_carousels(case: Case) -> None:
    difference = disagreement(case)
    assert difference is None, difference


@given(carousel_cases(most_layers=2))
@settings(max_examples=60, deadline=None)
def test_outputs_are_those_of_the_layers_whatever_the_machine(case: Case) -> None:
    made = run_simpy(case)
    for number, layer in enumerate(case.profiles):
        assert np.array_equal(made.outputs[number], pooled_or(layer))


@given(carousel_cases(most_layers=2), st.integers(0, 60), st.integers(0, 60), st.integers(0, 200))
@settings(max_examples=30, deadline=None)
def test_words_that_are_noted_when_an_op_begins_are_those_of_the_window_that_is_asked_for(
    case: Case, first_op: int, ops: int, first_cycle: int
) -> None:
    window = EventWindow(first_op=first_op, end_op=first_op + ops, first_cycle=first_cycle, end_cycle=300)
    simpy, compiled = Log(), Log()
    run_simpy(case, (simpy,), window)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(o3sim.compiled.run, "EVENT_ROWS", 3)  # so that layers are run again, with more room
        run_compiled(case, (compiled,), window)
    assert compiled.events == simpy.events


@given(carousel_cases(most_layers=2))
@settings(max_examples=30, deadline=None)
def test_a_calendar_of_fewer_days_than_an_op_takes_changes_nothing(case: Case) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(o3sim.compiled.carousel.units, "MOST_DAYS", 1)
        difference = disagreement(case)
    assert difference is None, difference


@given(carousel_cases(most_layers=2))
@settings(max_examples=30, deadline=None)
def test_the_table_of_streams_is_their_list(case: Case) -> None:
    for profile, cut in zip(case.profiles, cut_layers(case.architecture, case.profiles), strict=True):
        program = build_carousel_program(profile, cut, case.architecture)
        table, first = stream_table_of(program), 0
        for group, end in enumerate(table.ends.tolist()):
            expected = [
                (number, channel, program.bank_of(number // program.tiles.number, channel))
                for number, channel in program.streams(group)
            ]
            own = slice(first, end)
            found = zip(table.passes[own], table.channels[own], table.banks[own], strict=True)
            assert list(found) == expected
            first = end
