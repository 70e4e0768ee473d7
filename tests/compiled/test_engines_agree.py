"""The compiled engine is the SimPy machine, cycle for cycle: counts, outputs and every event."""

from __future__ import annotations

from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import o3sim.compiled.run
from o3sim.contract.events import EventWindow
from o3sim.trace.canonical import CanonicalTrace, canonical_line
from tests.compiled.engines import disagreement, run_compiled, run_simpy
from tests.golden.cases import GOLDENS, path_of
from tests.golden.divergence import divergence
from tests.machine.harness import Log, architecture
from tests.machine.strategies import Case, cases


@given(cases())
@settings(max_examples=250, deadline=None)
def test_engines_agree(case: Case) -> None:
    difference = disagreement(case)
    assert difference is None, difference


@pytest.mark.parametrize("name", GOLDENS)
def test_goldens(name: str) -> None:
    golden = GOLDENS[name]
    file = StringIO()
    case = Case(architecture(**golden.changes), golden.layers())
    run_compiled(case, (CanonicalTrace(file, golden.operands),))
    expected = path_of(name).read_text(encoding="utf-8").splitlines()
    difference = divergence(name, expected, file.getvalue().splitlines())
    assert difference is None, difference


@st.composite
def windows(draw: st.DrawFn) -> EventWindow:
    """Draw a window: of one layer or all, of some ops, of some cycles."""
    first_op, first_cycle = draw(st.integers(0, 60)), draw(st.integers(0, 200))
    return EventWindow(
        layer=draw(st.none() | st.integers(0, 3)),
        first_op=first_op,
        end_op=first_op + draw(st.integers(0, 60)),
        first_cycle=first_cycle,
        end_cycle=first_cycle + draw(st.integers(0, 300)),
    )


@given(cases(), windows())
@settings(max_examples=60, deadline=None)
def test_a_window_is_a_part_of_the_whole_stream(case: Case, window: EventWindow) -> None:
    """A layer's events are all those before its end that come after the end of the one before."""
    whole, simpy, compiled = Log(), Log(), Log()
    run_compiled(case, (whole,))
    run_simpy(case, (simpy,), window)
    run_compiled(case, (compiled,), window)
    layer, expected = 0, []
    for event in whole.events:
        if window.shows_layer(layer) and window.shows(event):
            expected.append(event)
        layer += event.kind.name == "LAYER_END"
    assert [canonical_line(event) for event in compiled.events] == [canonical_line(e) for e in expected]
    assert compiled.events == simpy.events


@given(cases(most_layers=2))
@settings(max_examples=20, deadline=None)
def test_more_events_than_there_is_room_for(case: Case) -> None:
    """The layer is run again with room for all; the weight stream starts again with it."""
    whole, again = Log(), Log()
    run_compiled(case, (whole,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(o3sim.compiled.run, "EVENT_ROWS", 3)
        run = run_compiled(case, (again,))
    assert run.layers == run_compiled(case).layers
    assert again.events == whole.events
