"""The page itself: what differs, figures, tables that sort, and where it all comes from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from math import isfinite
from pathlib import Path
from string import Template

from o3sim.config.yaml_marks import MAX_BYTES
from o3sim.files.inputs import printable, read_input
from o3sim.report.page.figures import svg_figures
from o3sim.report.page.policy import policy_of
from o3sim.report.plot.axis_names import axis_name
from o3sim.results.result_table import IDENTITY, ResultTable, load_results, read_csv

SHOWN = (
    "cycles_per_image",
    "latency_us",
    "utilisation",
    "edges.total",
    "edges.executed",
    "edges.pruned.threshold",
    "edges.pruned.pooling",
    "edges.pruned.argmax",
    "energy_pj_per_image",
    "area_mtransistors",
    "accuracy",
)
"""Figures of a point that the page shows; ``results.csv`` has all."""

NAMING = frozenset({"arch.name", "arch.description"})
PROVENANCE = ("o3sim_version", "workload", "workload_sha256", "images_sha256", "images", "synthetic")
WHOLE_FROM = 10_000
"""Figures from here on are shown without decimals."""

MOST_ROWS = 2_000
"""Points in the page's table: more would take browsers seconds to open."""


def page_of(folder: Path) -> str:
    """Return the page about a sweep's folder.

    Parameters
    ----------
    folder : Path
        With ``results.csv``, ``layers.csv`` and ``sweep.yaml``.

    Raises
    ------
    InputError
        If it has no such tables.
    """
    table = load_results(folder)
    title = printable(table.path.parent.resolve().name)
    page = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    return Template(page).substitute(
        policy=escape(policy_of(page)),
        title=escape(f"o3sim: {title}"),
        heading=escape(title),
        summary=_summary(table),
        differences=_differences(table),
        same=_same(table),
        figures="\n".join(_figure(caption, svg) for caption, svg in svg_figures(table)),
        results=_results(table),
        failed=_failed(table),
        provenance=_provenance(table),
        request=_request(table.path.parent),
    )


def _summary(table: ResultTable) -> str:
    sums = [f"{len(table.rows):,} points"]
    if table.failed:
        sums.append(f"{table.failed:,} more failed")
    made_up = sorted({row["synthetic"] for row in table.rows if row.get("synthetic")})
    warning = ""
    if made_up:
        what = escape(" and ".join(" and ".join(part.split("+")) for part in made_up))
        warning = (
            f'<p class="synthetic">synthetic {what}: pruning rates are not those of a trained network</p>'
        )
    return f"<p>{escape(', '.join(sums))}</p>{warning}"


def _differences(table: ResultTable) -> str:
    """Return what was varied, and what else of the configurations differs."""
    configuration = [name for name in table.columns if name.startswith("arch.")]
    axes = {f"arch.{name}" for name in table.axes}
    rest = [name for name in configuration if name not in axes and name not in NAMING]
    named = [*IDENTITY, *table.axes, *rest]
    rows = [(name.removeprefix("arch."), _values(table, name)) for name in named]
    return _table(("key", "values"), [(key, ", ".join(values)) for key, values in rows if len(values) > 1])


def _same(table: ResultTable) -> str:
    """Return the configuration that all points share."""
    rows = [
        (name.removeprefix("arch."), _values(table, name)[0])
        for name in table.columns
        if name.startswith("arch.") and len(_values(table, name)) == 1
    ]
    return _table(("key", "value"), rows)


def _values(table: ResultTable, name: str) -> list[str]:
    return list(dict.fromkeys(row[name] for row in table.rows))


def _figure(caption: str, svg: str) -> str:
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"


def _results(table: ResultTable) -> str:
    shown = [name for name in SHOWN if name in table.columns and any(row[name] for row in table.rows)]
    names = ["point", *table.varied(), *shown]
    rows = [[_readable(row[name]) for name in names] for row in table.rows[:MOST_ROWS]]
    left_out = len(table.rows) - len(rows)
    note = f"<p>The first {MOST_ROWS:,}; results.csv has {left_out:,} more.</p>" if left_out > 0 else ""
    return note + _table([axis_name(name) for name in names], rows, sorts=True)


def _failed(table: ResultTable) -> str:
    if not table.failed:
        return ""
    _, rows = read_csv(table.path)
    names = ["point", *IDENTITY, *table.axes, "error"]
    failed = [[row.get(name, "") for name in names] for row in rows if row["status"] != "ok"]
    return "<h2>Failed</h2>" + _table(names, failed[:MOST_ROWS])


def _provenance(table: ResultTable) -> str:
    names = [name for name in PROVENANCE if name in table.columns]
    distinct = dict.fromkeys(tuple(row[name] for name in names) for row in table.rows)
    return _table(names, list(distinct))


def _request(folder: Path) -> str:
    for name in ("sweep.yaml", "explore.yaml"):
        if (folder / name).is_file():
            text = read_input(folder / name, MAX_BYTES).decode("utf-8", "replace")
            return f"<h2>{name}</h2><pre>{escape(text)}</pre>"
    return ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], sorts: bool = False) -> str:
    """Return an HTML table; ``sorts``: a click on a head sorts by it."""
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "\n".join("<tr>" + "".join(_cell(text) for text in row) + "</tr>" for row in rows)
    kind = ' class="sorts"' if sorts else ""
    return f"<table{kind}><thead><tr>{cells}</tr></thead><tbody>\n{body}\n</tbody></table>"


def _cell(text: str) -> str:
    return f'<td class="number">{escape(text)}</td>' if _is_number(text) else f"<td>{escape(text)}</td>"


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text.replace(",", "")))
    except ValueError:
        return False


def _readable(text: str) -> str:
    """Shorten a number to what can be told apart; leave words."""
    if not _is_number(text) or not text:
        return text
    value = float(text.replace(",", ""))
    return f"{value:,.0f}" if abs(value) >= WHOLE_FROM or value == int(value) else f"{value:.5g}"
