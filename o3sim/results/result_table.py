"""A table that a sweep wrote, read back: what figures and reports are made from."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import TextIOWrapper
from math import inf, isfinite
from pathlib import Path

from o3sim.config.catalog import suggest
from o3sim.config.expressions import Expression, ExpressionError, parse
from o3sim.errors import InputError
from o3sim.inputs import open_input
from o3sim.results.cells import unguarded

Cell = float | str
Row = dict[str, str]

IDENTITY = ("architecture", "workload")
ARCHITECTURE = "arch."
"""Before the dotted keys of a machine in a column's name."""

FIRST_COUNTED = "status"
"""The column behind the axes."""

LARGEST_CELL = 10_000_000
MOST_TABLE_BYTES = 2**30
"""Of a table: 100,000 points take some 300 MB."""


@dataclass(frozen=True)
class ResultTable:
    """Rows of ``results.csv``, points that failed left out.

    Attributes
    ----------
    path : Path
    columns : tuple of str
    rows : list of dict of str to str
    failed : int
        Points that had an error in place of figures.
    """

    path: Path
    columns: tuple[str, ...]
    rows: list[Row]
    failed: int

    @property
    def axes(self) -> tuple[str, ...]:
        """What the sweep varied, by dotted key, without architecture and workload."""
        return self.columns[3 : self.columns.index(FIRST_COUNTED)]

    def name_of(self, key: str) -> str:
        """Return the column of a key: its own, or that of an architecture key that was not varied.

        Raises
        ------
        InputError
            If there is none.
        """
        for name in (key, f"{ARCHITECTURE}{key}"):
            if name in self._known:
                return name
        known = [name.removeprefix(ARCHITECTURE) for name in self.columns]
        raise InputError(
            f"{self.path}: no column `{key}`{suggest(key, known)}; the first line of the file has them all"
        )

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.columns)

    def cells(self, key: str) -> list[Cell]:
        """Return a column: numbers if all of it is, else words."""
        name = self.name_of(key)
        return as_numbers([row[name] for row in self.rows])

    def numbers(self, key: str) -> list[float]:
        """Return a column of numbers, or what an expression over columns comes to in each row.

        Raises
        ------
        InputError
            If it has something else in it, or the expression has no value in some row.
        """
        text = quantity(key)[1]
        if self._has(text):
            return self._column(text)
        try:
            expression = parse(text)
            if text in expression.keys:
                return self._column(text)
            return self._computed(expression)
        except ExpressionError as error:
            raise InputError(f"{self.path}: {error}") from None

    def divisors(self, key: str) -> list[float]:
        """Return a column or an expression to divide by, as :meth:`numbers` does.

        Raises
        ------
        InputError
            If it is zero or less in some row, too.
        """
        found = self.numbers(key)
        if found and min(found) <= 0:
            raise InputError(f"{self.path}: `{key}` is {min(found):g} in a row: nothing can be divided by it")
        return found

    def _has(self, key: str) -> bool:
        return key in self._known or f"{ARCHITECTURE}{key}" in self._known

    def _computed(self, expression: Expression) -> list[float]:
        columns = {key: self.cells(key) for key in expression.keys}
        rows = ({key: cells[at] for key, cells in columns.items()} for at in range(len(self.rows)))
        return [_as_float(expression, row) for row in rows]

    def _column(self, key: str) -> list[float]:
        found: list[float] = []
        for cell in self.cells(key):
            if isinstance(cell, str):
                raise InputError(f"{self.path}: column `{key}` has `{cell}` in it: not a number")
            found.append(cell)
        return found

    def only(self, conditions: Sequence[str]) -> ResultTable:
        """Return the rows for which all of ``KEY=VALUE`` hold.

        Raises
        ------
        InputError
            If a condition is none, or no row is left.
        """
        rows = self.rows
        for condition in conditions:
            key, equals, wanted = condition.partition("=")
            if not equals:
                raise InputError(f"--where {condition}: expected KEY=VALUE")
            name = self.name_of(key)
            kept = [row for row in rows if _same(row[name], wanted)]
            if not kept:
                there = ", ".join(dict.fromkeys(row[name] for row in rows))
                raise InputError(f"--where {condition}: no such point; {key} is {there}")
            rows = kept
        return ResultTable(self.path, self.columns, rows, self.failed)

    def varied(self, besides: Sequence[str] = ()) -> list[str]:
        """Return what is not the same in all rows, of architecture, workload and axes."""
        left_out = {self.name_of(key) for key in besides}
        candidates = [*IDENTITY, *self.axes]
        return [
            name for name in candidates if name not in left_out and len({row[name] for row in self.rows}) > 1
        ]


def quantity(text: str) -> tuple[str, str]:
    """Split ``NAME: EXPRESSION`` into what to call it, which may be empty, and what it is.

    Examples
    --------
    >>> quantity("executed (%): 100 * edges.executed / edges.total")
    ('executed (%)', '100 * edges.executed / edges.total')
    >>> quantity("cycles")
    ('', 'cycles')
    """
    name, _, expression = text.rpartition(":")
    return name.strip(), expression.strip()


def load_results(folder: Path) -> ResultTable:
    """Read ``results.csv`` of a folder that `o3sim sweep` or `o3sim explore` wrote, or a file of that form.

    Raises
    ------
    InputError
        If it is not there, is no such table, or has no point that ran.
    """
    path = folder / "results.csv" if folder.is_dir() else folder
    columns, rows = read_csv(path)
    if not {"point", *IDENTITY, FIRST_COUNTED} <= set(columns):
        raise InputError(
            f"{path}: no table of `o3sim sweep`: it has no columns `point` and `{FIRST_COUNTED}`"
        )
    ran = [row for row in rows if row[FIRST_COUNTED] == "ok"]
    if not ran:
        raise InputError(f"{path}: none of its {len(rows):,} points ran")
    return ResultTable(path, columns, ran, len(rows) - len(ran))


def load_layers(results: ResultTable) -> list[Row]:
    """Read ``layers.csv`` beside a table: the rows of its points, each with its point's columns too."""
    path = results.path.with_name("layers.csv")
    columns, layers = read_csv(path)
    if not {"point", "layer"} <= set(columns):
        raise InputError(f"{path}: no table of layers: it has no columns `point` and `layer`")
    points = {row["point"]: row for row in results.rows}
    return [{**points[layer["point"]], **layer} for layer in layers if layer["point"] in points]


def read_csv(path: Path) -> tuple[tuple[str, ...], list[Row]]:
    """Read a CSV file with a header line.

    Raises
    ------
    InputError
        If it cannot be read, or a line has not as many cells as the header.
    """
    if not path.exists():
        raise InputError(f"{path}: not there; `o3sim sweep SWEEP.yaml -o DIR` writes it")
    csv.field_size_limit(LARGEST_CELL)
    try:
        with open_input(path, MOST_TABLE_BYTES) as raw, TextIOWrapper(raw, "utf-8", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            columns = tuple(map(unguarded, next(reader, ())))
            rows = []
            for cells in reader:
                if len(cells) != len(columns):
                    raise InputError(f"{path}:{reader.line_num}: {len(cells)} cells, not {len(columns)}")
                rows.append(dict(zip(columns, map(unguarded, cells), strict=True)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    return columns, rows


def as_numbers(cells: Sequence[str]) -> list[Cell]:
    """Turn cells into numbers if every one of them is; what is infinite or no number is a word."""
    try:
        numbers: list[Cell] = [float(cell) for cell in cells]
    except ValueError:
        return list(cells)
    return numbers if all(map(isfinite, numbers)) else list(cells)  # type: ignore[arg-type]  # all are floats


def _as_float(expression: Expression, row: Mapping[str, Cell]) -> float:
    found = expression.value(row)
    try:
        number = float(found)
    except (TypeError, ValueError, OverflowError):
        number = inf
    if not isfinite(number):
        raise ExpressionError(f"`{expression.text}`: comes to what is no number: `{str(found)[:40]}`")
    return number


def _same(cell: str, wanted: str) -> bool:
    """Compare as numbers where both are."""
    try:
        return float(cell) == float(wanted)
    except ValueError:
        return cell == wanted
