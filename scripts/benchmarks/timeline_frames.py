"""How long the page of `o3sim timeline` takes to draw a frame of 100,000 ops, in headless Chromium.

``.venv/bin/python -m scripts.benchmarks.timeline_frames`` prints, for parts of a layer in view, the least
and the median of 100 frames: from the first command of a frame until its pixels can be read back.
"""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory

from o3sim.config.load import load_architecture
from o3sim.report.plot.watched import Watched, WatchedMachine
from o3sim.report.timeline_page.page import timeline_page
from o3sim.runs.case import load_case
from tests.report.browser import use

MACHINE, WORKLOAD, LAYER, CYCLES = "o3bnn-64pe", "vgg-like-cifar10", 0, 20_000
FRAMES = 100
VIEWS = {"all": 1.0, "a quarter": 0.25, "1,000 cycles": 1000.0, "300 cycles": 300.0, "100 cycles": 100.0}
"""Cycles in view, or the share of all; the last two are so few that ops have borders and numbers."""

LOOK = """
{
  const found = [];
  for (const [name, asked] of Object.entries(VIEWS)) {
    const span = asked > 1 ? asked : asked * (END - FIRST), took = [];
    for (let frame = 0; frame < FRAMES; frame++) {
      show(FIRST + (END - FIRST - span) * frame / FRAMES, span);
      const begun = performance.now();
      draw();
      context.getImageData(0, 0, 1, 1);
      took.push(performance.now() - begun);
    }
    took.sort((a, b) => a - b);
    found.push([name, inSight(machines[0], Infinity).length, took[0], took[FRAMES >> 1]]);
  }
  document.title = JSON.stringify(found);
}
"""


def main() -> None:
    """Print the table."""
    machine = load_architecture(MACHINE)
    case = load_case(WORKLOAD, None, 1, [machine])
    ops = WatchedMachine(machine, Watched(case.one(0), LAYER)).ops(0, CYCLES)
    marks = len(ops.mark_cycle)
    print(f"{MACHINE}, {WORKLOAD}: {len(ops.columns['op']):,} ops, {marks:,} words and refusals")
    look = LOOK.replace("VIEWS", json.dumps(VIEWS)).replace("FRAMES", str(FRAMES))
    with TemporaryDirectory() as folder:
        seen = use(timeline_page([ops], WORKLOAD), look, Path(folder))
    title = re.search(r"<title>(.*?)</title>", seen.dom)
    assert title is not None  # noqa: S101 - the page has one
    for name, in_sight, least, median in json.loads(unescape(title[1])):
        print(f"{name}: {in_sight:,} ops in sight, {least:.1f} ms at least, {median:.1f} ms half of the time")


if __name__ == "__main__":
    main()
