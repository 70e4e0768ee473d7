"""The interactive timeline: its ops agree with figure and counts, and a browser finds and describes them."""

from __future__ import annotations

import json
import re
import sys
from base64 import b64encode
from collections import Counter
from hashlib import sha256
from html import unescape
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from o3sim.cli import app as cli
from o3sim.config.ranges import NO_END
from o3sim.errors import InputError
from o3sim.network.images import Images
from o3sim.report.plot.timeline import Doing
from o3sim.report.plot.traced import TraceFile
from o3sim.report.plot.watched import Watched, WatchedMachine
from o3sim.report.timeline_page import ops as ops_module
from o3sim.report.timeline_page.ops import Fate, TimelineOps
from o3sim.report.timeline_page.page import timeline_page
from o3sim.runs.case import Case
from o3sim.runs.runner import runner_of
from o3sim.trace.canonical import HEADER
from o3sim.trace.registry import load_writer
from o3sim.trace.session import trace_layer
from o3sim.trace.window import event_window
from tests.checks.golden.workload import write_workload
from tests.report.browser import needs_browser, use
from tests.sample_runs import images, network
from tests.trace.samples import MACHINES

CASE = Case(network(), Images(images(1), None))
NAMES = ("narrow", "late", "long")


def watched(name: str = "late", layer: int = 0) -> WatchedMachine:
    return WatchedMachine(MACHINES[name], Watched(CASE, layer))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("cycles", [(0, 10**6), (30, 60)])
def test_marks_are_those_of_the_figure(name: str, cycles: tuple[int, int]) -> None:
    found, figure = watched(name).ops(*cycles), watched(name).timeline(*cycles)
    assert (found.first_cycle, found.end_cycle - found.first_cycle) == (
        figure.first_cycle,
        figure.cells.shape[1],
    )
    cells = np.zeros_like(figure.cells)
    pe = np.repeat(found.columns["pe"], np.diff(found.first_mark))
    inside = (found.mark_cycle >= found.first_cycle) & (found.mark_cycle < found.end_cycle)
    cells[pe[inside], found.mark_cycle[inside] - found.first_cycle] = found.mark_doing[inside]
    assert np.array_equal(cells, figure.cells)


@pytest.mark.parametrize("name", NAMES)
def test_ops_of_a_whole_layer_end_as_it_counts(name: str) -> None:
    counters = runner_of(MACHINES[name], CASE.network).run_image(CASE.at(0).profiles()).layers[0]
    found = watched(name).ops(0, 10**6)
    fates = Counter(found.columns["fate"].tolist())
    assert fates[Fate.OPEN] == 0
    assert fates[Fate.RETIRED] == counters.retired
    assert fates[Fate.SQUASHED_SEQUENCER] == counters.squashed_sequencer
    assert fates[Fate.SQUASHED_QUEUE] == counters.squashed_queue
    assert fates[Fate.SQUASHED_PE] == counters.squashed_pe
    assert np.count_nonzero(found.mark_doing != Doing.REFUSED) == counters.words_executed
    windows = Counter(found.columns["window"].tolist())
    assert set(windows.values()) == {4}  # pools of 2 x 2, none of which overlap


def test_what_is_held_is_that_of_the_occupancy() -> None:
    occupancy = watched().occupancy(10**6)
    found = watched().ops(0, 10**6)
    assert Counter(found.held.queued.tolist()) == occupancy.queued
    assert Counter(found.held.in_flight.tolist()) == occupancy.in_flight
    part = watched().ops(40, 70)
    assert np.array_equal(part.held.queued, found.held.queued[40:70])


def test_a_trace_shows_what_a_run_does(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    with path.open("wb") as stream:
        trace_layer(MACHINES["late"], CASE, event_window(0), load_writer("canonical"), stream)
    traced, run = TraceFile(path).ops(0, 10**6), watched().ops(0, 10**6)
    for name in ("op", "pe", "dispatched", "issued", "decided", "ended", "fate"):
        assert np.array_equal(traced.columns[name], run.columns[name]), name
    assert np.array_equal(traced.mark_doing, run.mark_doing)
    assert set(traced.columns["window"].tolist()) == {-1}


def test_more_than_a_page_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops_module, "MOST_MARKS", 20)
    with pytest.raises(InputError, match="more than 20 words and refusals in these cycles"):
        watched().ops(0, 1000)


WHOLE = '# window: {"layer": "conv", "number": 0, "ops": [0, null], "cycles": [0, null]}'


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["0 word 3000000000 pe1 0"], "op 3,000,000,000 in cycle 0: a page shows numbers below"),
        (["3000000000 word 3 pe1 0"], "op 3 in cycle 3,000,000,000: a page shows numbers below"),
        (["0 word 3 pe70000 0"], "1 cycles of 70,001 PEs; a page shows"),
        (["0 word 3 pe9000 0", "5000 layer_end 0 conv"], "5,001 cycles of 9,001 PEs; a page shows"),
        (["0 dispatch 3 queue"], "holds no words"),
    ],
)
def test_traces_of_more_than_a_page_shows_are_refused(tmp_path: Path, lines: list[str], says: str) -> None:
    text = "\n".join([HEADER, WHOLE, *lines, f"# end: {len(lines)} events", ""])
    (tmp_path / "t.txt").write_text(text)
    with pytest.raises(InputError, match=says):
        TraceFile(tmp_path / "t.txt").ops(0, NO_END)


def page(title: str = "layer conv1 of tiny") -> str:
    return timeline_page([watched("narrow").ops(0, 120), watched("late").ops(0, 120)], title)


def test_a_page_needs_nothing_beside_it_and_is_the_same_every_time() -> None:
    text = page()
    assert text == page()
    assert not re.search(r"""(src|href)=["'](?!#)|@import|url\((?!#)""", text)
    found = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
    assert found is not None
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'; " in unescape(found[1])
    assert "default-src 'none'" in found[1].replace("&#x27;", "'")


def test_names_are_text() -> None:
    text = page("</script><script>alert(1)</script><!--")
    assert "<script>alert" not in text
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert json.loads(data)["title"] == "</script><script>alert(1)</script><!--"


def test_the_command_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_workload(tmp_path)
    monkeypatch.chdir(tmp_path)
    words = ["o3sim", "timeline", "small,o3bnn", "tiny.yaml", "--layer", "conv1", "--cycles", "0:50"]
    for output, status, says in (
        ("p.html", 0, "p.html\n"),
        ("p.svg", 2, "error: --output p.svg: expected a name that ends in .html\n"),
    ):
        monkeypatch.setattr(sys, "argv", [*words, "-o", output])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == status
        assert "".join(capsys.readouterr()) == says
    assert "layer conv1 of tiny" in (tmp_path / "p.html").read_text()


USES = """
{
  const said = [], say = () => said.push(document.getElementById("about").textContent);
  const press = key => {
    dispatchEvent(new KeyboardEvent("keydown", {key}));
    dispatchEvent(new Event("resize")); // which draws at once
  };
  const ask = text => {
    const find = document.getElementById("find");
    find.value = text;
    find.dispatchEvent(new Event("change"));
    say();
  };
  ask("op OP");
  press("m");
  say();
  press("p");
  say();
  ask("window 3");
  ask("999,999");
  ask("what?");
  for (const key of ["w", "+", "]", "ArrowLeft", "ArrowDown", "0", "-"]) press(key);
  document.title = JSON.stringify({said, ms: document.getElementById("canvas").dataset.frameMs});
}
"""


@pytest.mark.slow
@needs_browser
def test_an_op_is_found_and_described(tmp_path: Path) -> None:
    found = watched("narrow").ops(0, 120)
    squashed = np.flatnonzero(found.columns["fate"] == Fate.SQUASHED_PE)
    refused = [np.count_nonzero(found.mark_doing[a:b] == Doing.REFUSED) for a, b in spans(found)]
    k = int(np.argmax(refused))
    assert refused[k] > 0
    assert not len(squashed) or found.columns["ended"][squashed].min() >= 0
    op = int(found.columns["op"][k])
    seen = use(page(), USES.replace("OP", str(op)), tmp_path)
    assert seen.console == []
    title = re.search(r"<title>(.*?)</title>", seen.dom)
    assert title is not None
    result = json.loads(unescape(title[1]))
    first, other, before, window, missing, asked = result["said"]
    at = {name: int(column[k]) for name, column in found.columns.items()}
    assert first.startswith(f"narrow: op {op}; channel {at['channel']}, position {at['position']}; window ")
    assert f"issued to PE {at['pe']}, context {at['context']}, in {at['issued']}" in first
    assert f"{refused[k]} refusal" in first
    assert f"window {at['window']}," in other
    assert other != first
    assert before.startswith("narrow: op ")
    assert "window 3" in window
    assert missing == "No op 999,999 in these cycles."
    assert asked.startswith("Find what?")
    assert float(result["ms"]) >= 0


def spans(found: TimelineOps) -> list[tuple[int, int]]:
    return list(pairwise(found.first_mark.tolist()))
