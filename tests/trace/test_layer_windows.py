"""Windows whose cycles count from the layer's first: the same from both engines."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.contract.events import EVERY_EVENT, Event, EventKind, EventWindow, counted_from
from tests.compiled.engines import run_compiled, run_simpy
from tests.machine.harness import Log
from tests.machine.strategies import Case, cases
from tests.trace.samples import MACHINES, WINDOWS, log


@st.composite
def layer_windows(draw: st.DrawFn) -> EventWindow:
    """Draw a window of one layer or of all, in cycles of the layer."""
    first = draw(st.integers(0, 100))
    end = first + draw(st.integers(1, 200))
    return EventWindow(draw(st.none() | st.integers(0, 2)), 0, draw(st.integers(1, 90)), first, end, True)


def events(run: Any, case: Case, window: EventWindow) -> list[Event]:
    log = Log()
    run(case, (log,), window)
    return log.events


@given(cases(most_layers=3), layer_windows())
@settings(max_examples=30, deadline=None)
def test_cycles_count_from_the_layers_first(case: Case, window: EventWindow) -> None:
    layer, start, expected = 0, 0, []
    for event in events(run_compiled, case, EVERY_EVENT):
        if event.kind is EventKind.LAYER_START:
            start = event.cycle
        counted = counted_from(event, start)
        if window.shows_layer(layer) and window.shows(counted):
            expected.append(counted)
        layer += event.kind is EventKind.LAYER_END
    assert events(run_compiled, case, window) == expected
    assert events(run_simpy, case, window) == expected


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("machine", MACHINES)
def test_both_engines_trace_the_same(machine: str, window: str) -> None:
    simpy, compiled = (log(machine, WINDOWS[window], engine).events for engine in ("simpy", "compiled"))
    assert simpy == compiled
