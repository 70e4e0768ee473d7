"""What a page is about: the folder of a sweep or a search, or a result and what it was compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from o3sim.config.flat import flattened
from o3sim.config.yaml_marks import MAX_BYTES, read_yaml
from o3sim.errors import InputError
from o3sim.files.inputs import MOST_JSON_BYTES, parse_json, printable, read_input
from o3sim.results.cells import text_of
from o3sim.results.columns import COLUMNS
from o3sim.results.result_table import ARCHITECTURE, ResultTable, Row, load_layers, load_results
from o3sim.results.saved import SavedRun, load_runs

REQUESTS = ("sweep.yaml", "explore.yaml")
"""What a folder was made from, as it was asked for."""

_LISTS = frozenset({"layers", "per_image", "compare", "configuration"})
_OF_RUN = ("images", "accuracy", "synthetic", "network_digest", *COLUMNS)


@dataclass(frozen=True)
class PageSource:
    """What a page shows.

    Attributes
    ----------
    title, description : str
        The study's own, as far as it has them.
    table : ResultTable
        A row a point.
    layers : list of dict of str to str, or None
        A row a layer of a point; None where they are not there, or damaged.
    request : tuple of str
        Name and text of the file that was asked for; both empty if there is none.
    runs : list of SavedRun
        Of a result, for the figures that only runs have.
    """

    title: str
    description: str
    table: ResultTable
    layers: list[Row] | None
    request: tuple[str, str] = ("", "")
    runs: tuple[SavedRun, ...] = ()


def source_of(path: Path) -> PageSource:
    """Read what a page is to be about.

    Raises
    ------
    InputError
        If it is neither a folder with the tables of a sweep nor a result.
    """
    return _of_folder(path) if path.is_dir() else _of_result(path)


def _of_folder(folder: Path) -> PageSource:
    table = load_results(folder)
    try:
        layers = load_layers(table)
    except InputError:
        layers = None
    called = printable(folder.resolve().name)
    for name in REQUESTS:
        if (folder / name).is_file():
            text = read_input(folder / name, MAX_BYTES).decode("utf-8", "replace")
            title, description = _titles(folder / name)
            return PageSource(title or called, description, table, layers, request=(name, text))
    return PageSource(called, "", table, layers)


def _titles(path: Path) -> tuple[str, str]:
    """Return the title and description that a study gives itself; empty where they cannot be read."""
    try:
        given = read_yaml(path).data
    except InputError:
        return "", ""
    words = (given.get("name"), given.get("description"))
    title, description = (printable(text.strip()) if isinstance(text, str) else "" for text in words)
    return title, description


def _of_result(path: Path) -> PageSource:
    runs = tuple(load_runs(path))
    document = parse_json(read_input(path, MOST_JSON_BYTES))
    found = [document, *document["compare"]]
    rows = [_row(number, run) for number, run in enumerate(found)]
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    rows = [{name: row.get(name, "") for name in columns} for row in rows]
    layers = [
        {**row, "layer": layer.name, **_flat(given)}
        for row, run, values in zip(rows, runs, found, strict=True)
        for layer, given in zip(run.layers, values["layers"], strict=True)
    ]
    beside = ", ".join(run.architecture for run in runs[1:])
    title = f"{runs[0].architecture} on {runs[0].title}"
    images = f"{runs[0].images:,} image{'s' * (runs[0].images != 1)}"
    description = f"{images}, beside {beside}" if beside else images
    table = ResultTable(path, columns, rows, 0)
    return PageSource(printable(title), printable(description), table, layers, runs=runs)


def _row(number: int, run: Mapping[str, Any]) -> Row:
    """Return a run as a row of the table of a sweep."""
    made_up = run["synthetic"]
    named = {
        "point": str(number),
        "architecture": str(run["architecture"]),
        "workload": str(run["workload"]),
        "status": "ok",
    }
    figures = {name: value for name, value in run.items() if name not in _LISTS}
    figures["synthetic"] = "+".join(map(str, made_up)) if isinstance(made_up, list) else ""
    flat = _flat(figures)
    machine = {f"{ARCHITECTURE}{key}": text for key, text in _flat(run["configuration"]).items()}
    return named | {name: flat[name] for name in _OF_RUN if name in flat} | machine


def _flat(values: Mapping[str, Any]) -> Row:
    return {key: text_of(value) for key, value in flattened(values).items()}
