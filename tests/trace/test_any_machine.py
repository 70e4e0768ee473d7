"""Viewers' rules hold for any machine, layer and window."""

from __future__ import annotations

import json
from collections import defaultdict
from io import BytesIO
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.config.dispatch import CAROUSEL
from o3sim.contract.carousel.ops import layer_ops
from o3sim.contract.events import Event, EventWindow
from o3sim.contract.plan import cut_layers
from o3sim.contract.program import LayerProgram, build_program
from o3sim.trace.registry import load_writer
from o3sim.trace.writer import TracedLayer
from tests.compiled.engines import run_compiled
from tests.machine.carousel.samples import carousel_cases
from tests.machine.harness import Log
from tests.machine.strategies import Case, cases
from tests.trace.kanata_grammar import KanataReader


def written(format_name: str, case: Case, window: EventWindow) -> tuple[str, list[Event]]:
    """Trace the first layer of a case."""
    profile, arch = case.profiles[0], case.architecture

    def program() -> LayerProgram:
        lay_out = layer_ops if arch.scheduler.dispatch == CAROUSEL else build_program
        return lay_out(profile, cut_layers(arch, case.profiles)[0], 0, arch)

    log, stream = Log(), BytesIO()
    run_compiled(case, (log,), window)
    writer = load_writer(format_name)(stream, TracedLayer(arch, "net", "layer", 0, window, program))
    for event in log.events:
        writer.see(event)
    writer.close()
    return stream.getvalue().decode(), log.events


@st.composite
def windows(draw: st.DrawFn) -> EventWindow:
    first_cycle, first_op = draw(st.integers(0, 60)), draw(st.integers(0, 20))
    end_cycle, end_op = first_cycle + draw(st.integers(1, 400)), first_op + draw(st.integers(1, 400))
    return EventWindow(0, first_op, end_op, first_cycle, end_cycle, of_layer=True)


@given(cases(most_layers=1) | carousel_cases(most_layers=1), windows())
@settings(max_examples=60, deadline=None)
def test_konata_can_read_it(case: Case, window: EventWindow) -> None:
    text, events = written("kanata", case, window)
    if any(event.unit not in ("layer", "dram") for event in events):
        KanataReader(text)


@given(cases(most_layers=1) | carousel_cases(most_layers=1), windows())
@settings(max_examples=60, deadline=None)
def test_slices_of_a_track_never_overlap(case: Case, window: EventWindow) -> None:
    text, _ = written("chrome", case, window)
    spans = defaultdict(list)
    for event in json.loads(text)["traceEvents"]:
        if event["ph"] == "X":
            assert event["dur"] > 0
            spans[event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    for track in spans.values():
        assert all(before[1] <= after[0] for before, after in pairwise(sorted(track)))
