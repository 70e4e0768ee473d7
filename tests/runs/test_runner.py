"""Machines are asked for the same however layers share them; who watches a pipeline sees its stages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.contract.events import EVERY_EVENT, Event, EventKind, EventWindow
from o3sim.network.images import Images
from o3sim.runs.case import Case
from o3sim.runs.engines import ENGINES
from o3sim.runs.pipeline.stream import Pipeline
from o3sim.runs.runner import Sequential, runner_of
from o3sim.runs.watch import watch_layer
from tests.machine.harness import Log, architecture
from tests.runs.pipeline.samples import images, network, pipelined

CASE = Case(network(), Images(images(3), None))
STAGES = ({}, {"pe": {"count": 3}}, {"scheduler": {"policy": "in_order"}}, {"pe": {"latency_cycles": 3}})


def seen(engine: str, window: EventWindow, before: int = 0) -> list[Event]:
    """Watch an image that comes after some others through a pipeline."""
    runner, log = runner_of(pipelined(STAGES), CASE.network, engine), Log()
    for place in range(before):
        runner.run_image(CASE.at(place).profiles())
    runner.run_image(CASE.at(before).profiles(), (log,), window)
    return log.events


def test_an_organization_is_a_class() -> None:
    assert isinstance(runner_of(architecture(), CASE.network), Sequential)
    assert isinstance(runner_of(pipelined(), CASE.network), Pipeline)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stage_is_shown_as_its_layer_from_its_first_cycle_on(engine: str) -> None:
    events = seen(engine, EventWindow(of_layer=True))
    starts = [event for event in events if event.kind is EventKind.LAYER_START]
    assert starts == [Event(0, EventKind.LAYER_START, n, f"layer{n}") for n in range(4)]
    assert EventKind.WEIGHTS not in {event.kind for event in events}
    only = seen(engine, EventWindow(2, of_layer=True))
    assert only == split(events)[2]


def split(events: list[Event]) -> list[list[Event]]:
    """Split the events of stages that are shown one after the other."""
    parts: list[list[Event]] = []
    for event in events:
        if event.kind is EventKind.LAYER_START:
            parts.append([])
        parts[-1].append(event)
    return parts


def test_cycles_of_the_stream_are_those_of_its_rows() -> None:
    """The last write to each row is in the cycle before the next stage may read it."""
    runner, log = Pipeline(pipelined(STAGES), CASE.network), Log()
    for place in range(2):
        log.events.clear()
        runner.run_image(CASE.at(place).profiles(), (log,), EVERY_EVENT)
        for number, events in enumerate(split(log.events)[:-1]):
            written = max(event.cycle for event in events if event.kind is EventKind.RETIRE)
            assert written + 1 == runner.links[number].rows_there[place].max()
    assert log.events[-1].cycle == runner.exits[-1]


@given(
    layer=st.none() | st.integers(0, 3),
    first=st.integers(0, 400),
    span=st.integers(1, 300),
    of_layer=st.booleans(),
    before=st.integers(0, 1),
)
@settings(max_examples=25, deadline=None)
def test_windows_show_their_part_and_both_engines_the_same(
    layer: int | None, first: int, span: int, of_layer: bool, before: int
) -> None:
    window = EventWindow(layer, first_cycle=first, end_cycle=first + span, of_layer=of_layer)
    whole = split(seen("compiled", EventWindow(of_layer=of_layer), before))
    expected = [
        event
        for number, events in enumerate(whole)
        for event in events
        if window.shows_layer(number) and window.shows(event)
    ]
    assert seen("compiled", window, before) == expected
    assert seen("simpy", window, before) == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_the_end_of_a_layer_is_shown_whatever_the_window(engine: str) -> None:
    for machine in (architecture(), pipelined(STAGES)):
        log, runner = Log(), runner_of(machine, CASE.network, engine)
        window = EventWindow(1, first_cycle=3, end_cycle=5, of_layer=True, ends=True)
        watch_layer(runner, CASE.at(0).profiles(), window, log)
        *inside, end = log.events
        assert (end.kind, end.op, end.unit) == (EventKind.LAYER_END, 1, "layer1")
        assert all(3 <= event.cycle < 5 for event in inside)
        assert end.cycle > 5


@pytest.mark.parametrize("machine", [architecture(), pipelined(STAGES)], ids=["sequential", "pipelined"])
def test_layers_after_the_watched_one_are_not_asked_for(machine: Any) -> None:
    asked: list[str] = []

    def noting() -> Any:
        for profile in CASE.at(0).profiles():
            asked.append(profile.name)
            yield profile

    watch_layer(runner_of(machine, CASE.network), noting(), EventWindow(1, of_layer=True), Log())
    assert asked == ["layer0", "layer1"]
