"""Measure units with Yosys, fit the constants of their forms, print the errors: `docs/area.md`."""

from __future__ import annotations

import argparse
import csv
import sys
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from o3sim.area.forms import CONSTANTS, FORMS, Terms
from o3sim.area.synthesis import Cells, synthesize
from scripts.benchmarks.area_points import every_point

MEASURED = CONSTANTS.with_name("measured.csv")
AT_A_TIME = 13
Rows = dict[tuple[str, str], Cells]


def spelled(sizes: dict[str, int]) -> str:
    """Write sizes as the table has them."""
    return " ".join(f"{name}={size}" for name, size in sizes.items())


def read_measured(path: Path = MEASURED) -> Rows:
    """Return what was measured before, by unit and sizes."""
    if not path.is_file():
        return {}
    with path.open(newline="") as file:
        return {
            (row["unit"], row["sizes"]): Cells(int(row["lut"]), int(row["ff"]))
            for row in csv.DictReader(file)
        }


def write_measured(rows: Rows, path: Path = MEASURED) -> None:
    """Write the table, in the order of the points."""
    lines = ["unit,sizes,fitted,lut,ff"]
    for unit, sizes, is_fitted in every_point():
        cells = rows.get((unit, spelled(sizes)))
        if cells is not None:
            lines.append(f"{unit},{spelled(sizes)},{'yes' if is_fitted else 'no'},{cells.lut},{cells.ff}")
    path.write_text("\n".join(lines) + "\n")


def measure(rows: Rows) -> None:
    """Synthesise the points that the table has not, some at a time in a process: Yosys keeps its memory."""
    points = sorted(every_point(), key=lambda point: not point[2])
    missing = [(unit, sizes) for unit, sizes, _ in points if (unit, spelled(sizes)) not in rows]
    for first in range(0, len(missing), AT_A_TIME):
        some = missing[first : first + AT_A_TIME]
        with get_context("spawn").Pool(1) as pool:
            found = pool.apply(synthesize, (some,))
        rows.update({(unit, spelled(sizes)): cells for (unit, sizes), cells in zip(some, found, strict=True)})
        write_measured(rows)
        print(f"{first + len(some)} of {len(missing)}", file=sys.stderr, flush=True)


def fit(rows: Rows) -> dict[str, dict[str, Terms]]:
    """Return the constants of every unit: none below 0, least squares of the relative errors."""
    fitted: dict[str, dict[str, Terms]] = {}
    for unit, form in FORMS.items():
        points = [
            (sizes, rows[name, spelled(sizes)])
            for name, sizes, is_fitted in every_point()
            if is_fitted and name == unit
        ]
        fitted[unit] = {
            "lut": _solved([form.lut(sizes) for sizes, _ in points], [cells.lut for _, cells in points]),
            "ff": _solved([form.ff(sizes) for sizes, _ in points], [cells.ff for _, cells in points]),
        }
    return fitted


def _solved(terms: list[Terms], counts: list[int]) -> Terms:
    names = list(terms[0])
    if not names:
        return {}
    found = least_squares(np.array([list(each.values()) for each in terms], float), np.array(counts, float))
    return {name: float(f"{value:.5g}") for name, value in zip(names, found, strict=True)}


def least_squares(terms: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return constants of at least 0 with the least sum of squared relative errors (Lawson and Hanson)."""
    scaled = terms / np.maximum(counts, 1)[:, None]
    length = np.linalg.norm(scaled, axis=0)
    length[length == 0] = 1
    a, b = scaled / length, np.minimum(counts, 1)
    free, x = np.zeros(a.shape[1], bool), np.zeros(a.shape[1])
    while not free.all():
        slope = a.T @ (b - a @ x)
        slope[free] = -np.inf
        if slope.max() < 1e-10:
            break
        free[slope.argmax()] = True
        while True:
            trial = np.zeros_like(x)
            trial[free] = np.linalg.lstsq(a[:, free], b, rcond=None)[0]
            if (trial[free] > 0).all():
                break
            falling = free & (trial <= 0)
            step = np.min(x[falling] / (x[falling] - trial[falling]))
            x = x + step * (trial - x)
            free &= x > 1e-12
        x = trial
    coefficients: NDArray[np.float64] = x / length
    return coefficients


class Error(NamedTuple):
    """A unit at a size that no constant was fitted to: what was counted, and what the form gives."""

    unit: str
    sizes: str
    measured: Cells
    estimated: Cells

    @property
    def of_lut(self) -> float:
        """How much too large the estimate is, as a share."""
        return self.estimated.lut / self.measured.lut - 1

    @property
    def of_ff(self) -> float:
        """The same of flip-flops; a unit without any has no error."""
        return self.estimated.ff / self.measured.ff - 1 if self.measured.ff else 0.0


def errors(rows: Rows, constants: dict[str, dict[str, Terms]]) -> list[Error]:
    """Return the sizes that were held out."""
    found = []
    for unit, sizes, is_fitted in every_point():
        cells = rows.get((unit, spelled(sizes)))
        if cells is not None and not is_fitted:
            form, own = FORMS[unit], constants[unit]
            estimated = Cells(_sum(form.lut(sizes), own["lut"]), _sum(form.ff(sizes), own["ff"]))
            found.append(Error(unit, spelled(sizes), cells, estimated))
    return found


def _sum(terms: Terms, constants: Terms) -> int:
    return round(sum(constants[name] * term for name, term in terms.items()))


def table(rows: Rows, constants: dict[str, dict[str, Terms]]) -> list[str]:
    """Return the lines of the table of errors, and the one below it."""
    found = errors(rows, constants)
    lines = ["| unit | sizes | LUTs, measured | estimated | error |", f"|{' --- |' * 5}"]
    for each in found:
        counts = f"{each.measured.lut:,} | {each.estimated.lut:,} | {each.of_lut:+.1%}"
        lines.append(f"| `{each.unit}` | `{each.sizes}` | {counts} |")
    worst = max(abs(each.of_ff) for each in found)
    return [*lines, "", f"Flip-flops of these sizes are {worst:.1%} off at most."]


def write_constants(constants: dict[str, dict[str, Terms]]) -> None:
    """Write the file that the package reads."""
    lines = ["# Fitted by `sh scripts/area-fit` to measured.csv; the terms are those of forms.py."]
    for unit, parts in constants.items():
        lines.append(f"{unit}:")
        for part, terms in parts.items():
            inner = ", ".join(f"{name}: {value:g}" for name, value in terms.items())
            lines.append(f"  {part}: {{{inner}}}")
    CONSTANTS.write_text("\n".join(lines) + "\n")


def main() -> None:
    """Measure what is missing, fit, write, and print the errors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--again", action="store_true", help="synthesise all, about half an hour, not only what is missing"
    )
    parser.add_argument("--fit-only", action="store_true", help="synthesise nothing")
    options = parser.parse_args()
    rows = {} if options.again else read_measured()
    if not options.fit_only:
        measure(rows)
    constants = fit(rows)
    write_constants(constants)
    print("\n".join(table(rows, constants)))


if __name__ == "__main__":
    main()
