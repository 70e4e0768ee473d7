"""Measure how long the longest paths of units are, and keep what was measured."""

from __future__ import annotations

import csv
import sys
import tempfile
from pathlib import Path

from o3sim.area.delays import MEASURED
from scripts.benchmarks.area_fit import spelled
from scripts.benchmarks.clock_place import delay_ns
from scripts.benchmarks.clock_points import every_point

SEED = 1
"""Of the placements; another gives delays that differ by some percent."""

Delays = dict[tuple[str, str], float]
"""In ns, by unit and sizes."""


def read_delays(path: Path = MEASURED) -> Delays:
    """Return what was measured before."""
    if not path.is_file():
        return {}
    with path.open(newline="") as file:
        return {(row["unit"], row["sizes"]): float(row["ns"]) for row in csv.DictReader(file)}


def write_delays(delays: Delays, path: Path = MEASURED) -> None:
    """Write the table, in the order of the points."""
    lines = ["unit,sizes,fitted,ns"]
    for unit, sizes, is_fitted in every_point():
        found = delays.get((unit, spelled(sizes)))
        if found is not None:
            lines.append(f"{unit},{spelled(sizes)},{'yes' if is_fitted else 'no'},{found:.2f}")
    path.write_text("\n".join(lines) + "\n")


def measure(delays: Delays) -> None:
    """Place and route the points that the table has not, and write it after each."""
    missing = [(unit, sizes) for unit, sizes, _ in every_point() if (unit, spelled(sizes)) not in delays]
    for number, (unit, sizes) in enumerate(missing, 1):
        with tempfile.TemporaryDirectory() as folder:
            delays[unit, spelled(sizes)] = delay_ns(unit, sizes, SEED, Path(folder))
        write_delays(delays)
        said = f"{number} of {len(missing)}: {unit} {spelled(sizes)}: {delays[unit, spelled(sizes)]:.2f} ns"
        print(said, file=sys.stderr, flush=True)
