"""A table of a study in Markdown: a row for each value of one key, a column for each value of the rest."""

from __future__ import annotations

import sys
from pathlib import Path

from o3sim.plot.series import series_data
from o3sim.sweeps.result_table import load_results


def main() -> None:
    """Print `DIR X Y [KEY...]`."""
    folder, x, y, *by = sys.argv[1:]
    data = series_data(load_results(Path(folder)), x, y, by)
    print(f"\n{data.y_name}:\n")
    print(_row([data.x_name, *(series.label or data.y_name for series in data.series)]))
    print(_row(["---:"] * (len(data.series) + 1)))
    for place in data.places:
        cells = [_number(series.y[place]) if place in series.y else "-" for series in data.series]
        print(_row([place if isinstance(place, str) else f"{place:,g}", *cells]))


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float) -> str:
    """Round to a whole number from a thousand on, to four digits below."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


if __name__ == "__main__":
    main()
