"""The page itself: what differs, figures, a table that sorts and filters, and where it all comes from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from itertools import islice
from math import isfinite
from pathlib import Path
from string import Template

from o3sim.report.page.figures import svg_figures
from o3sim.report.page.policy import policy_of
from o3sim.report.page.source import source_of
from o3sim.report.plot.axis_names import axis_name
from o3sim.report.plot.quantities import readable
from o3sim.results.result_table import IDENTITY, ResultTable, read_csv

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
    "fj_per_edge",
    "area.lut",
    "area.images_per_s_per_klut",
    "accuracy",
)
"""Figures of a point that the page shows; ``results.csv`` has all."""

NAMING = frozenset({"arch.name", "arch.description"})
PROVENANCE = ("o3sim_version", "workload", "workload_sha256", "images_sha256", "images", "synthetic")
WHOLE_FROM = 10_000
"""Figures from here on are shown without decimals."""

MOST_ROWS = 2_000
"""Points in the page's table: more would take browsers seconds to open."""


def page_of(path: Path) -> str:
    """Return the page about a sweep's folder, or a result.

    Parameters
    ----------
    path : Path
        A folder with ``results.csv``, ``layers.csv`` and ``sweep.yaml``, or a file of ``run --json``.

    Raises
    ------
    InputError
        If it has no such tables.
    """
    source = source_of(path)
    table = source.table
    page = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    return Template(page).substitute(
        policy=escape(policy_of(page)),
        title=escape(f"o3sim: {source.title}"),
        heading=escape(source.title),
        description=f"<p>{escape(source.description)}</p>" if source.description else "",
        summary=_summary(table, "run" if source.runs else "point"),
        differences=_differences(table),
        same=_same(table),
        figures="\n".join(_figure(caption, svg) for caption, svg in svg_figures(source)),
        results=_results(table),
        failed=_failed(table),
        provenance=_provenance(table),
        request=_request(*source.request),
    )


def _summary(table: ResultTable, what: str) -> str:
    sums = [f"{len(table.rows):,} {what}{'s' * (len(table.rows) != 1)}"]
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
    varied = table.varied()
    named = {axis_name(name): [row[name] for row in table.rows] for name in ("point", *varied)}
    named |= dict(_column(table, name) for name in shown)
    rows = [list(map(_readable, cells)) for cells in islice(zip(*named.values(), strict=True), MOST_ROWS)]
    left_out = len(table.rows) - len(rows)
    note = f"<p>The first {MOST_ROWS:,}; results.csv has {left_out:,} more.</p>" if left_out > 0 else ""
    return note + _table(list(named), rows, keys=range(1, 1 + len(varied)))


def _column(table: ResultTable, name: str) -> tuple[str, list[str]]:
    """Return a figure's heading and cells: energies in a unit in which they are read."""
    cells = [row[name] for row in table.rows]
    if name.endswith("pj_per_image") and all(map(_is_number, cells)):
        heading, values = readable(table, name)
        return heading, list(map(str, values))
    return axis_name(name), cells


def _failed(table: ResultTable) -> str:
    if not table.failed:
        return ""
    _, rows = read_csv(table.path)
    names = ["point", *IDENTITY, *table.axes, "error"]
    failed = [[row.get(name, "") for name in names] for row in rows if row["status"] != "ok"]
    return f'<h2>Failed</h2><div class="wide">{_table(names, failed[:MOST_ROWS])}</div>'


def _provenance(table: ResultTable) -> str:
    names = [name for name in PROVENANCE if name in table.columns]
    distinct = dict.fromkeys(tuple(row[name] for name in names) for row in table.rows)
    return _table(names, list(distinct))


def _request(name: str, text: str) -> str:
    return f"<h2>{escape(name)}</h2><pre>{escape(text)}</pre>" if name else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], keys: Sequence[int] | None = None) -> str:
    """Return an HTML table; with ``keys``, columns that say what a row is, one that sorts and filters."""
    marks = [' data-key="1"' if keys is not None and number in keys else "" for number in range(len(head))]
    cells = "".join(
        f'<th scope="col"{mark}>{escape(name)}</th>' for name, mark in zip(head, marks, strict=True)
    )
    body = "\n".join("<tr>" + "".join(_cell(text) for text in row) + "</tr>" for row in rows)
    kind = "" if keys is None else ' class="sorts"'
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
