"""SCALE-Sim's tables, as they are found: convolutions or matrix products, one a line.

::

    Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
    Conv1, 224, 224, 11, 11, 3, 96, 4,

    Layer, M, N, K,
    MLP1, 1, 256, 512,

A product of M x K by K x N is what SCALE-Sim makes of it: an IFMAP of M x K under N filters of 1 x K.
Columns are taken by the names in the header, whose spelling varies; those of other names are left aside.
Lines without numbers are titles, and left aside too, as lines are that end before their numbers do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple

from o3sim.errors import InputError
from o3sim.files.inputs import read_input

CONVOLUTION = (
    "IFMAP Height",
    "IFMAP Width",
    "Filter Height",
    "Filter Width",
    "Channels",
    "Num Filter",
    "Strides",
)
PRODUCT = ("M", "N", "K")

MOST_BYTES = 1_000_000
"""Of a table: some ten thousand layers."""

GREATEST = 999_999_999
"""Of a size."""

DENSE = "1:1"
"""What the column `Sparsity` says of weights that are not sparse."""

_DEPTHWISE = "DP"
"""In the name of a layer that SCALE-Sim runs channel by channel."""

_SPELLINGS = {
    "layer": "name",
    "layer name": "name",
    "l": "name",
    "channel": "channels",
    "num filters": "num filter",
    "stride": "strides",
    "stride height": "strides",
}
_MORE = ("stride width", "sparsity", "batch size")
"""Columns that some tables have beside."""


class Row(NamedTuple):
    """One layer of a table and the line it stands in."""

    place: str
    name: str
    height: int
    width: int
    kernel_height: int
    kernel_width: int
    channels: int
    filters: int
    stride: int
    stride_width: int

    @property
    def dense(self) -> bool:
        """Whether the filter covers the whole map: a fully connected layer."""
        return (self.kernel_height, self.kernel_width) == (self.height, self.width)

    @property
    def outputs(self) -> tuple[int, int]:
        """Rows and columns of the OFMAP: SCALE-Sim counts a last step that is not whole."""
        rows = -(-(self.height - self.kernel_height) // self.stride) + 1
        return rows, -(-(self.width - self.kernel_width) // self.stride_width) + 1

    @property
    def macs(self) -> int:
        """MACs that SCALE-Sim counts (``topology_utils.py``, ``topo_calc_hyperparams``)."""
        rows, columns = self.outputs
        window = self.kernel_height * self.kernel_width * self.channels
        return rows * columns * window * self.filters


class Table(NamedTuple):
    """The layers of a table, and a line for everything that was left aside."""

    rows: list[Row]
    of_products: bool
    notes: list[str]


def read_table(path: Path, skip: bool) -> Table:
    """Read a table, names made fit for a workload.

    Parameters
    ----------
    skip : bool
        Leave lines aside that end before their numbers do.

    Raises
    ------
    InputError
        With file and line, if the file is no such table, or a line no layer.
    """
    try:
        lines = read_input(path, MOST_BYTES).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file") from None
    numbered = [(f"{path}:{number}", line) for number, line in enumerate(lines, 1) if line.strip(" ,\t")]
    if not numbered:
        raise InputError(f"{path}: empty")
    columns, notes = _columns(*numbered[0])
    reader = _Reader(columns, skip)
    rows = [row for place, line in numbered[1:] if (row := reader.row(place, line)) is not None]
    if not rows:
        raise InputError(f"{path}: no layers below the header")
    names = unique([layer_name(row.name) for row in rows])
    rows = [row._replace(name=name) for row, name in zip(rows, names, strict=True)]
    return Table(rows, "m" in columns, notes + reader.notes)


def _columns(place: str, line: str) -> tuple[list[str], list[str]]:
    """Read the header: what each column is, and a note on those that are left aside."""
    cells = _cells(line)
    columns = [" ".join(cell.lower().split()) for cell in cells]
    columns = [_SPELLINGS.get(column, column) for column in columns]
    if columns[1:3] == ["ifmap width", "ifmap width"]:  # a slip that a dozen of SCALE-Sim's own tables have
        columns[1] = "ifmap height"
    for wanted in (CONVOLUTION, PRODUCT):
        if columns[: len(wanted) + 1] == ["name", *(column.lower() for column in wanted)]:
            pairs = zip(cells, columns, strict=True)
            named = ", ".join(f"`{cell}`" for cell, column in pairs if cell and column not in _known(wanted))
            return columns, [f"columns left aside: {named}"] if named else []
    raise InputError(
        f"{place}: expected the header `Layer name, {', '.join(CONVOLUTION)},` of SCALE-Sim's convolutions,"
        f" or `Layer, {', '.join(PRODUCT)},` of its matrix products"
    )


def _known(wanted: Sequence[str]) -> tuple[str, ...]:
    return ("name", *(column.lower() for column in wanted), *_MORE)


def _cells(line: str) -> list[str]:
    """Split a line at its commas, or at its tabs if it has no comma; the comma at its end starts no cell."""
    cells = [cell.strip() for cell in line.split("," if "," in line else "\t")]
    while cells and not cells[-1]:
        cells.pop()
    return cells


class _Reader:
    """Reads lines of a table whose columns are known.

    Attributes
    ----------
    notes : list of str
        A line for everything that was left aside.
    """

    def __init__(self, columns: list[str], skip: bool) -> None:
        self._columns, self._skip = columns, skip
        self._wanted = PRODUCT if "m" in columns else CONVOLUTION
        self.notes: list[str] = []

    def row(self, place: str, line: str) -> Row | None:
        """Return the layer of a line, or None if it is left aside."""
        name, *cells = _cells(line)
        cells = [cell for cell in cells if not cell.startswith("#")]
        if not cells:
            self.notes.append(f"{place}: `{name[:40]}` is a title, left aside")
            return None
        numbers, more = cells[: len(self._wanted)], cells[len(self._wanted) :]
        if len(numbers) < len(self._wanted):
            what = f"expected {len(self._wanted)} numbers after the name, found {len(numbers)}"
            if not self._skip:
                raise InputError(f"{place}: {name}: {what}; --layers leaves such lines aside")
            self.notes.append(f"{place}: {name[:40]}: {what}; left aside")
            return None
        pairs = zip(self._wanted, numbers, strict=True)
        values = [_number(f"{place}: {name}: {column}", cell) for column, cell in pairs]
        stride_width = self._further(f"{place}: {name}", more)
        if self._wanted is PRODUCT:
            m, n, k = values
            return Row(place, name, m, k, 1, k, 1, n, 1, 1)
        height, width, kernel_height, kernel_width, channels, filters, stride = values
        sizes = height, width, kernel_height, kernel_width, channels, filters
        row = Row(place, name, *sizes, stride, stride_width or stride)
        _check(row)
        return row

    def _further(self, where: str, cells: Sequence[str]) -> int | None:
        """Check what stands after the sizes; return the stride along rows, if that is there.

        Without a name in the header a number is that stride, as older SCALE-Sims read it, and a ratio is a
        sparsity.
        """
        stride_width = None
        names = self._columns[len(self._wanted) + 1 :]
        for number, cell in enumerate(cells):
            bare = cell.replace(" ", "")
            column = names[number] if number < len(names) else "sparsity" if ":" in bare else "stride width"
            if column == "sparsity" and bare != DENSE:
                raise InputError(
                    f"{where}: Sparsity: `{cell[:40]}`: binary weights have no zeros, only 1:1 fits"
                )
            if column == "batch size" and bare != "1":
                raise InputError(f"{where}: Batch Size: `{cell[:40]}`: one image at a time, only 1 fits")
            if column == "stride width":
                stride_width = _number(f"{where}: Stride Width", cell)
        return stride_width


def _number(where: str, cell: str) -> int:
    if not (cell.isascii() and cell.isdigit() and len(cell) <= 9 and 0 < int(cell) <= GREATEST):
        raise InputError(f"{where}: `{cell[:40]}` is not a number from 1 to {GREATEST:,}")
    return int(cell)


def _check(row: Row) -> None:
    """Refuse what SCALE-Sim itself does not run, and what it runs as many layers."""
    where = f"{row.place}: {row.name}"
    if row.kernel_height > row.height or row.kernel_width > row.width:
        filter_size, ifmap = f"{row.kernel_height}x{row.kernel_width}", f"{row.height}x{row.width}"
        raise InputError(f"{where}: a filter of {filter_size} is larger than the IFMAP of {ifmap}")
    if _DEPTHWISE in row.name and row.channels > 1:
        raise InputError(
            f"{where}: `{_DEPTHWISE}` in a name means that each of {row.channels} channels is a layer of its"
            " own to SCALE-Sim; write one line of one channel, or another name"
        )


def layer_name(name: str) -> str:
    """Make a name of letters, digits, - and _ that starts with a letter.

    >>> layer_name("3x3 conv/1"), layer_name("Conv1")
    ('layer_3x3_conv_1', 'Conv1')
    """
    fit = re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:56]
    return fit if fit[:1].isalpha() else f"layer_{fit}"


def unique(names: Sequence[str]) -> list[str]:
    """Make names differ: number the second and later ones.

    >>> unique(["a", "b", "a"])
    ['a', 'b', 'a_2']
    """
    taken: dict[str, None] = {}
    numbers: dict[str, Iterator[int]] = {}
    for name in names:
        candidate = name
        while candidate in taken:
            candidate = f"{name}_{next(numbers.setdefault(name, count(2)))}"
        taken[candidate] = None
    return list(taken)
