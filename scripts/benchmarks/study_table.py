"""The table of a study: one column over another, a column of figures for each value of the rest."""

from __future__ import annotations

import sys
from pathlib import Path

from o3sim.plot.series import series_data
from o3sim.sweeps.result_table import load_results


def main() -> None:
    """Print `DIR X Y [KEY...]`."""
    folder, x, y, *by = sys.argv[1:]
    data = series_data(load_results(Path(folder)), x, y, by)
    print(f"{data.y_name} over {data.x_name}")
    labels = [series.label or y for series in data.series]
    widths = [max(10, len(label) + 2) for label in labels]
    rows = zip(labels, widths, strict=True)
    print(f"{'':>8}" + "".join(f"{label:>{width}}" for label, width in rows))
    for place in data.places:
        cells = (
            f"{series.y[place]:>{width},.6g}" if place in series.y else f"{'-':>{width}}"
            for series, width in zip(data.series, widths, strict=True)
        )
        print(f"{place if isinstance(place, str) else f'{place:g}':>8}" + "".join(cells))


if __name__ == "__main__":
    main()
