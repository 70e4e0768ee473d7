"""Timelines: every word is coloured by what becomes of its op, and agrees with the counters."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from o3sim.compiled.run import Engine
from o3sim.config.architecture import Architecture
from o3sim.config.ranges import NO_END
from o3sim.errors import InputError
from o3sim.machine.run import simulate_image
from o3sim.network.images import Images
from o3sim.report.plot.held import UNSEEN
from o3sim.report.plot.timeline import Doing, TimelineData, draw_timeline
from o3sim.report.plot.traced import TraceFile
from o3sim.report.plot.watched import Watched, WatchedMachine
from o3sim.runs.case import Case
from o3sim.studies.whatif.window import layer_window
from o3sim.trace.canonical import HEADER
from o3sim.trace.registry import load_writer
from o3sim.trace.session import trace_layer
from o3sim.trace.window import Range, event_window
from tests.sample_runs import architecture, images, network

CASE = Case(network(), Images(images(1), None))


@pytest.fixture
def watched() -> Watched:
    return Watched(CASE, 0)


def machine() -> Architecture:
    return architecture(
        "mine",
        pe={"count": 4, "width_edges": 4, "latency_cycles": 3, "contexts": 2},
        scheduler={"window_in_flight_ops": "unlimited"},
        activation_buffer={"banks": 2},
    )


def cells(data: TimelineData) -> Counter[int]:
    return Counter(data.cells.reshape(-1).tolist())


def test_a_whole_layer_agrees_with_its_counters(watched: Watched) -> None:
    profiles = list(CASE.at(0).profiles())
    counters = simulate_image(machine(), CASE.network, profiles).layers[0]
    data = WatchedMachine(machine(), watched).timeline(0, 10**6)
    found = cells(data)
    assert data.cells.shape == (4, counters.cycles)
    assert found[Doing.RETIRED_0] + found[Doing.RETIRED_1] == counters.pe_cycles["useful"]
    assert found[Doing.WASTED] == counters.pe_cycles["wasted"]
    assert found[Doing.SQUASHED] == counters.pe_cycles["squashed"]
    assert found[Doing.REFUSED] == counters.pe_cycles["operand_stall"]
    assert (data.retired, data.squashed) == (counters.retired, counters.squashed)
    assert {doing for doing in Doing if found[doing]} == set(Doing) - {Doing.OPEN}


def test_a_window_is_a_part_of_the_whole(watched: Watched) -> None:
    whole = WatchedMachine(machine(), watched).timeline(0, 10**6)
    part = WatchedMachine(machine(), watched).timeline(20, 50)
    assert part.first_cycle == 20
    assert np.array_equal(part.cells, whole.cells[:, 20:50])


def test_windows_lie_in_their_layer() -> None:
    window = layer_window(1, "dense2", 70, 2, 10**6)
    assert (window.first_cycle, window.end_cycle, window.cycles) == (2, 70, 68)
    with pytest.raises(InputError, match=r"layer dense2 has cycles 0:70; there are none in 70:80"):
        layer_window(1, "dense2", 70, 70, 80)


@pytest.mark.parametrize("layer", [0, 1])
def test_occupancy_is_of_the_first_cycles_or_of_the_whole_layer(layer: int) -> None:
    watched = Watched(CASE, layer)
    cycles = simulate_image(machine(), CASE.network, CASE.at(0).profiles()).layers[layer].cycles
    assert WatchedMachine(machine(), watched).occupancy(30).cycles == min(30, cycles)
    assert WatchedMachine(machine(), watched).occupancy(10**6).cycles == cycles


def test_a_figure_runs_a_machine_once(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    run_layer = Engine.run_layer

    def counted(self: Engine, *arguments: Any) -> Any:
        ran.append(arguments[0].name)
        return run_layer(self, *arguments)

    monkeypatch.setattr(Engine, "run_layer", counted)
    WatchedMachine(machine(), Watched(CASE, 1)).timeline(0, 40)
    assert ran == ["conv1", "dense2"]
    WatchedMachine(machine(), watched).occupancy()
    assert ran == ["conv1", "dense2", "conv1"]


def traced(path: Path, cycles: Range, **options: Any) -> TraceFile:
    """Trace the machine's first layer into a file."""
    with path.open("wb") as stream:
        trace_layer(machine(), CASE, event_window(0, cycles=cycles), load_writer("canonical"), stream)
    return TraceFile(path, **options)


def test_a_trace_draws_what_a_run_draws(watched: Watched, tmp_path: Path) -> None:
    run, trace = WatchedMachine(machine(), watched), traced(tmp_path / "t.txt", Range())
    assert trace.layer == "conv1"
    for first, end in ((0, 10**6), (20, 50)):
        drawn, wanted = trace.timeline(first, end), run.timeline(first, end)
        assert drawn.name == "t.txt"
        assert np.array_equal(drawn.cells, wanted.cells)
        assert (drawn.retired, drawn.squashed) == (wanted.retired, wanted.squashed)
        assert all(map(np.array_equal, drawn.held, wanted.held))
    assert trace.occupancy() == run.occupancy(10**6)


def test_beneath_is_what_the_page_shows(watched: Watched) -> None:
    """Queue and PEs at the end of each cycle, as on the page; nothing where the begin was not seen."""
    run = WatchedMachine(machine(), watched)
    for cycles in ((0, 10**6), (20, 50)):
        still, page = run.timeline(*cycles), run.ops(*cycles)
        assert all(map(np.array_equal, still.held, page.held))
        figure = draw_timeline([still, still], "a layer")
        assert [axes.get_ylabel() for axes in figure.axes] == ["PE", "ops", "PE", "ops"]
        drawn = [line.get_data().values.tolist() for line in figure.axes[1].patches]
        assert drawn == [held.tolist() for held in still.held]
    unseen = replace(still, held=UNSEEN)
    assert [axes.get_ylabel() for axes in draw_timeline([unseen], "a layer").axes] == ["PE"]


def test_a_part_of_a_trace_is_drawn_as_far_as_it_is_known(watched: Watched, tmp_path: Path) -> None:
    whole = WatchedMachine(machine(), watched).timeline(0, 10**6).cells
    part = traced(tmp_path / "t.txt", Range(20, 90)).timeline(0, 10**6)
    assert not len(part.held.queued)
    assert (part.first_cycle, part.cells.shape) == (20, (4, 70))
    known = part.cells != Doing.OPEN
    assert np.array_equal(part.cells[known], whole[:, 20:90][known])
    assert not known.all()
    assert known[:, :50].all()
    with pytest.raises(InputError, match="is of a part of the layer"):
        traced(tmp_path / "t.txt", Range(20, 90)).occupancy()
    with pytest.raises(InputError, match=r"has cycles 0:90; there are none in 90:100"):
        traced(tmp_path / "t.txt", Range(20, 90)).timeline(90, 100)
    first = traced(tmp_path / "t.txt", Range(0, 30)).occupancy()
    assert first == WatchedMachine(machine(), watched).occupancy(30)


def test_traces_that_do_not_show_what_a_figure_needs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"t\.txt: is of layer conv1, not dense2"):
        traced(tmp_path / "t.txt", Range(), layer="dense2")
    (tmp_path / "other").write_text("junk\n")
    with pytest.raises(InputError, match="is no canonical trace"):
        TraceFile(tmp_path / "other")
    lines = (tmp_path / "t.txt").read_text().splitlines()
    wordless = [line for line in lines[:-1] if " word " not in line and " stall " not in line]
    (tmp_path / "w.txt").write_text("\n".join([*wordless, f"# end: {len(wordless) - 2} events", ""]))
    with pytest.raises(InputError, match="holds no words"):
        TraceFile(tmp_path / "w.txt").timeline(0, 10)


@pytest.mark.parametrize(
    "window",
    [
        "{}",
        "[" * 2000,
        '{"layer": ["conv1"], "number": 0, "ops": [0, null], "cycles": [0, null]}',
        '{"layer": "conv1", "number": "0", "ops": [0, null], "cycles": [0, null]}',
        '{"layer": "conv1", "number": 0, "ops": [0, null], "cycles": ["a", null]}',
        '{"layer": "conv1", "number": 0, "ops": [0, null], "cycles": [0, 2.5]}',
        '{"layer": "conv1", "number": 0, "ops": [0, null], "cycles": [-1, null]}',
    ],
)
def test_a_window_that_does_not_say_what_is_traced_is_refused(tmp_path: Path, window: str) -> None:
    (tmp_path / "w.txt").write_text("\n".join([HEADER, f"# window: {window}", ""]))
    with pytest.raises(InputError, match=r"w\.txt:2: does not say what is traced"):
        TraceFile(tmp_path / "w.txt")


WHOLE = '# window: {"layer": "pe-conv", "number": 0, "ops": [0, null], "cycles": [0, null]}'


def trace_of(path: Path, *lines: str) -> TraceFile:
    path.write_text("\n".join([HEADER, WHOLE, *lines, f"# end: {len(lines)} events", ""]))
    return TraceFile(path)


def test_a_layer_may_be_called_like_a_pe(tmp_path: Path) -> None:
    lines = ("0 layer_start 0 pe-conv", "0 word 0 pe1 0", "1 decide 0 pe1 1", "2 layer_end 0 pe-conv")
    assert trace_of(tmp_path / "t.txt", *lines).timeline(0, 100).cells.shape == (2, 3)


@pytest.mark.parametrize("last", ["0 word 0 pe99999 0", "999999999999 word 0 pe1 0"])
def test_more_than_a_figure_shows_is_refused(tmp_path: Path, last: str) -> None:
    trace = trace_of(tmp_path / "t.txt", "0 word 1 pe0 0", last, "999999999999 layer_end 0 pe-conv")
    with pytest.raises(InputError, match=r"t\.txt: [0-9,]+ cycles of [0-9,]+ PEs are .* at most are drawn"):
        trace.timeline(0, NO_END)
