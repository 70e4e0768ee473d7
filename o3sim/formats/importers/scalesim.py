"""Turn a SCALE-Sim topology into a workload: same shapes, synthetic parameters.

A topology lists convolutions that SCALE-Sim runs one by one::

    Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
    Conv1, 224, 224, 11, 11, 3, 96, 4,
    Conv2, 31, 31, 5, 5, 96, 256, 1,

An IFMAP may include its padding, and pools are not there at all. A network needs both, so they are
inferred: the next IFMAP is this layer's output, not pooled, pooled 2x2/2 or 3x3/2, with the same
padding on each side; a pool that leaves no rows over goes first. A filter as large as its IFMAP is a
fully connected layer; after a convolution at the end comes one for the scores. Padded taps are
ordinary edges (``padding: -1``), because SCALE-Sim counts their MACs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from o3sim.config.load import check
from o3sim.config.marks import Document, KeyPath, Mark, Marks
from o3sim.config.workload import Workload
from o3sim.errors import InputError
from o3sim.formats.importers.written import topology_text, write_topology
from o3sim.inputs import read_input

COLUMNS = (
    "Layer name",
    "IFMAP Height",
    "IFMAP Width",
    "Filter Height",
    "Filter Width",
    "Channels",
    "Num Filter",
    "Strides",
)

MOST_BYTES = 1_000_000
"""Of a table: some ten thousand layers."""

CLASSES = 10
"""Outputs of the layer that is added to a topology that ends in a convolution."""

DENSE = "1:1"
"""What SCALE-Sim's optional ninth column says of weights that are not sparse."""

Shape = tuple[int, int]
"""Rows and columns of a map."""

Pool = tuple[int, int]
"""Size and stride."""

POOLS: tuple[Pool | None, ...] = (None, (2, 2), (3, 2))
"""Pools that are tried, those first that leave no row or column over."""


class Row(NamedTuple):
    """One layer of a topology and the line it stands in."""

    place: str
    name: str
    height: int
    width: int
    kernel_height: int
    kernel_width: int
    channels: int
    filters: int
    stride: int

    @property
    def dense(self) -> bool:
        """Whether the filter covers the whole map: a fully connected layer."""
        return (self.kernel_height, self.kernel_width) == (self.height, self.width)


@dataclass(frozen=True)
class ImportedTopology:
    """The keys of a workload, and a line for everything that the topology does not say itself."""

    keys: dict[str, Any]
    notes: tuple[str, ...]

    def write(self, target: Path) -> Path:
        """Write ``target.yaml``, whole or not at all, and return its path.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        return write_topology(target, topology_text(target, self.keys))


def import_scalesim(path: Path, name: str) -> ImportedTopology:
    """Read a topology.

    Parameters
    ----------
    path : Path
        The CSV file.
    name : str
        Name of the workload.

    Raises
    ------
    InputError
        With file and line, if the file is no such table, or a layer does not follow from the one
        above it.
    """
    rows = read_rows(path)
    layers, notes = _chain(rows)
    first = rows[0]
    height, width = _input_shape(first)
    if (height, width) != (first.height, first.width):
        notes.insert(0, f"{first.name}: input {height}x{width}, since SCALE-Sim rounds its outputs up")
    keys = {
        "name": name,
        "description": f"{len(rows)} layers of a SCALE-Sim topology, synthetic parameters",
        "source": f"shapes from {path.name}; parameters made by seed",
        "classes": layers[-1]["features"],
        "input": {
            "height": height,
            "width": width,
            "channels": first.channels,
            "encoding": {"type": "fixed", "bits": 8, "signed": False, "fraction_bits": 0, "range": [0, 255]},
        },
        "layers": layers,
        "parameters": {"synthetic": {"seed": 1, "ones": 0.5}},
        "images": {"synthetic": {"seed": 1, "count": 16}},
    }
    _check(path, rows, keys)
    return ImportedTopology(keys, tuple(notes))


def _check(path: Path, rows: Sequence[Row], keys: dict[str, Any]) -> None:
    """Refuse sizes that a workload cannot hold, at the lines of the layers that have them."""
    lines = [Mark(str(path), int(row.place.rpartition(":")[2]), 1) for row in rows]
    marks: dict[KeyPath, Marks] = {(): Marks(lines[0], lines[0]), ("classes",): Marks(lines[-1], lines[-1])}
    for number in range(len(keys["layers"])):
        line = lines[min(number, len(lines) - 1)]  # a last layer may have been added
        marks["layers", number] = Marks(line, line)
    check(Document(keys, marks, [], [str(path)]), Workload)


def read_rows(path: Path) -> list[Row]:
    """Read the table, names made fit for a workload.

    Raises
    ------
    InputError
    """
    try:
        lines = read_input(path, MOST_BYTES).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file") from None
    numbered = [(f"{path}:{number}", line) for number, line in enumerate(lines, 1) if line.strip(" ,\t")]
    if not numbered:
        raise InputError(f"{path}: empty")
    _check_header(*numbered[0])
    rows = [_row(place, line) for place, line in numbered[1:]]
    if not rows:
        raise InputError(f"{path}: no layers below the header")
    names = _unique([_layer_name(row.name) for row in rows])
    return [row._replace(name=name) for row, name in zip(rows, names, strict=True)]


def _check_header(place: str, line: str) -> None:
    """Refuse other tables, such as SCALE-Sim's own for matrix products."""
    cells = [cell.lower().split() for cell in _cells(line)]
    wanted = [column.lower().split() for column in COLUMNS]
    if cells[:8] != wanted and cells[:8] != [*wanted[:7], ["stride"]]:
        raise InputError(f"{place}: expected the header `{', '.join(COLUMNS)},` of SCALE-Sim's convolutions")


def _cells(line: str) -> list[str]:
    """Split a line; the comma at its end starts no cell."""
    cells = [cell.strip() for cell in line.split(",")]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _row(place: str, line: str) -> Row:
    name, *cells = _cells(line)
    if len(cells) == 8 and cells[7].replace(" ", "") == DENSE:
        cells.pop()
    if len(cells) != 7:
        raise InputError(f"{place}: {name}: expected 7 numbers after the name, found {len(cells)}")
    values = []
    for column, cell in zip(COLUMNS[1:], cells, strict=True):
        if not (cell.isascii() and cell.isdigit() and len(cell) <= 9 and 0 < int(cell) <= 1_000_000):
            raise InputError(f"{place}: {name}: {column}: `{cell[:40]}` is not a number from 1 to 1,000,000")
        values.append(int(cell))
    row = Row(place, name, *values)
    if row.kernel_height > row.height or row.kernel_width > row.width:
        filter_size, ifmap = f"{row.kernel_height}x{row.kernel_width}", f"{row.height}x{row.width}"
        raise InputError(f"{place}: {name}: a filter of {filter_size} is larger than the IFMAP of {ifmap}")
    if not row.dense and row.kernel_height != row.kernel_width:
        raise InputError(
            f"{place}: {name}: a filter of {row.kernel_height}x{row.kernel_width} is not square, as "
            "convolutions of a workload are"
        )
    return row


def _layer_name(name: str) -> str:
    """Make a name of letters, digits, - and _ that starts with a letter.

    >>> _layer_name("3x3 conv/1"), _layer_name("Conv1")
    ('layer_3x3_conv_1', 'Conv1')
    """
    fit = re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:56]
    return fit if fit[:1].isalpha() else f"layer_{fit}"


def _unique(names: Sequence[str]) -> list[str]:
    """Make names differ: number the second and later ones.

    >>> _unique(["a", "b", "a"])
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


def _input_shape(row: Row) -> Shape:
    """Size of the input: the first IFMAP, grown to whole steps of the filter.

    SCALE-Sim counts a last step that is not whole, a network's convolution does not.
    """
    if row.dense:
        return row.height, row.width
    steps = (-(-(length - row.kernel_height) // row.stride) for length in (row.height, row.width))
    height, width = (step * row.stride + row.kernel_height for step in steps)
    return height, width


def _chain(rows: Sequence[Row]) -> tuple[list[dict[str, Any]], list[str]]:
    """Follow the map from layer to layer; return the layers and what was inferred."""
    layers: list[dict[str, Any]] = []
    notes: list[str] = []
    shape, padding = _input_shape(rows[0]), 0
    for row, below in pairwise(rows):
        if row.dense:
            layers.append(_dense_keys(row))
            _check_dense_link(row, below)
            continue
        layers.append(_conv_keys(row, padding))
        link = _link(row, _convolved(row, shape), below)
        if row is not rows[0] and any((length - row.kernel_height) % row.stride for length in shape):
            notes.append(f"{row.name}: outputs without the last step, not whole, that SCALE-Sim counts")
        shape, padding = link.shape, link.padding
        if link.pool is not None:
            size, stride = link.pool
            layers[-1]["pool"] = {"size": size, "stride": stride}
            notes.append(f"{row.name}: pool {size}x{size}/{stride}, inferred from the IFMAP of {below.name}")
        if padding:
            notes.append(f"{below.name}: padding of {padding} on each side, inferred from its IFMAP")
    last = rows[-1]
    if not last.dense:
        layers.append(_conv_keys(last, padding))
        last = _scores_of(rows)
        notes.append(f"{last.name}: {CLASSES} outputs, added: a network ends in class scores")
    layers.append({**_dense_keys(last), "scores": True})
    return layers, notes


def _scores_of(rows: Sequence[Row]) -> Row:
    """Make up the last layer of a topology that ends in a convolution; its inputs follow from that."""
    name = _unique([*(row.name for row in rows), "scores"])[-1]
    return Row("", name, 1, 1, 1, 1, 1, CLASSES, 1)


def _dense_keys(row: Row) -> dict[str, Any]:
    return {"name": row.name, "type": "dense", "features": row.filters}


def _conv_keys(row: Row, padding: int) -> dict[str, Any]:
    keys = {"name": row.name, "type": "conv", "channels": row.filters, "kernel": row.kernel_height}
    if row.stride > 1:
        keys["stride"] = row.stride
    if padding:
        keys |= {"padding_pixels": padding, "padding": -1}
    return keys


def _check_dense_link(row: Row, below: Row) -> None:
    """Check that what comes after a fully connected layer takes its outputs."""
    inputs = below.height * below.width * below.channels
    if not below.dense:
        problem = f"is a convolution after {row.name}, which is fully connected"
    elif inputs != row.filters:
        problem = f"takes {inputs} values but {row.name} above it gives {row.filters}"
    else:
        return
    raise InputError(f"{below.place}: {below.name} {problem}: layers have to follow from one another")


class Link(NamedTuple):
    """Between a convolution and the next layer: what is not in the table.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns that the next layer takes, padding included.
    pool : tuple of int or None
        Size and stride.
    padding : int
        Rows and columns on each side.
    """

    shape: Shape
    pool: Pool | None
    padding: int


def _link(row: Row, shape: Shape, below: Row) -> Link:
    """Find the pool after a convolution and the padding before the next layer."""
    pools = sorted(
        (pool for pool in POOLS if pool is None or pool[0] <= min(shape)),
        key=lambda pool: pool is not None and any((length - pool[0]) % pool[1] for length in shape),
    )
    for pool in pools:
        padding = _padding(row, _pooled(shape, pool), below)
        if padding is not None:
            return Link((below.height, below.width), pool, padding)
    (height, width), *others = (_pooled(shape, pool) for pool in pools)
    pooled = "".join(f", pooled {rows}x{columns}" for rows, columns in dict.fromkeys(others))
    raise InputError(
        f"{below.place}: {below.name} takes {below.height}x{below.width}x{below.channels} but {row.name} "
        f"above it gives {height}x{width}x{row.filters}{pooled}: layers have to follow from one another, "
        "with the same padding on each side"
    )


def _padding(row: Row, pooled: Shape, below: Row) -> int | None:
    """Return the padding that makes a map what the next layer takes; None if none does."""
    if below.dense:
        inputs = below.height * below.width * below.channels
        return 0 if pooled[0] * pooled[1] * row.filters == inputs else None
    grown = below.height - pooled[0]
    same = grown == below.width - pooled[1] and below.channels == row.filters
    return grown // 2 if same and grown % 2 == 0 and 0 <= grown // 2 < below.kernel_height else None


def _convolved(row: Row, shape: Shape) -> Shape:
    height, width = ((length - row.kernel_height) // row.stride + 1 for length in shape)
    return height, width


def _pooled(shape: Shape, pool: Pool | None) -> Shape:
    if pool is None:
        return shape
    height, width = ((length - pool[0]) // pool[1] + 1 for length in shape)
    return height, width
