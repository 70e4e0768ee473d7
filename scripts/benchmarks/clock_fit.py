"""Place units at small sizes, fit the delays of their longest paths, print the errors: `docs/area.md`."""

from __future__ import annotations

import argparse

import numpy as np

from o3sim.area.delays import CONSTANTS, PATHS, terms
from o3sim.area.forms import Terms
from scripts.benchmarks.area_fit import least_squares, spelled
from scripts.benchmarks.clock_measured import Delays, measure, read_delays
from scripts.benchmarks.clock_points import every_point


def fit(delays: Delays) -> dict[str, Terms]:
    """Return the constants of every unit in ns: none below 0, least squares of the relative errors."""
    fitted: dict[str, Terms] = {}
    for unit in PATHS:
        points = [
            (terms(unit, sizes), delays[name, spelled(sizes)])
            for name, sizes, is_fitted in every_point()
            if is_fitted and name == unit
        ]
        matrix = np.array([list(each.values()) for each, _ in points])
        ns = np.array([delay for _, delay in points])
        found = least_squares(matrix, ns)
        fitted[unit] = {name: float(f"{value:.4g}") for name, value in zip(points[0][0], found, strict=True)}
    return fitted


def table(delays: Delays, constants: dict[str, Terms]) -> list[str]:
    """Return the lines of the table of delays at sizes that no constant was fitted to."""
    lines = ["| unit | sizes | ns, placed | estimated | error |", f"|{' --- |' * 5}"]
    for unit, sizes, is_fitted in every_point():
        if is_fitted:
            continue
        placed = delays[unit, spelled(sizes)]
        found = sum(constants[unit][name] * term for name, term in terms(unit, sizes).items())
        lines.append(
            f"| `{unit}` | `{spelled(sizes)}` | {placed:.1f} | {found:.1f} | {found / placed - 1:+.0%} |"
        )
    return lines


def write_constants(constants: dict[str, Terms]) -> None:
    """Write the file that the package reads."""
    lines = ["# In ns, fitted by `sh scripts/clock-fit` to delays.csv; the terms are those of delays.py."]
    for unit, own in constants.items():
        lines.append(f"{unit}: {{{', '.join(f'{name}: {value:g}' for name, value in own.items())}}}")
    CONSTANTS.write_text("\n".join(lines) + "\n")


def main() -> None:
    """Measure what is missing, fit, write, and print the errors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--again", action="store_true", help="place all, not only what is missing")
    parser.add_argument("--fit-only", action="store_true", help="place nothing")
    options = parser.parse_args()
    delays = {} if options.again else read_delays()
    if not options.fit_only:
        measure(delays)
    constants = fit(delays)
    write_constants(constants)
    print("\n".join(table(delays, constants)))


if __name__ == "__main__":
    main()
