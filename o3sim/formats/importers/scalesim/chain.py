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

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from o3sim.errors import InputError
from o3sim.formats.importers.scalesim.imported import ImportedTopology, check_sizes, common_keys
from o3sim.formats.importers.scalesim.table import Row, read_table, unique

CLASSES = 10
"""Outputs of the layer that is added to a topology that ends in a convolution."""

Shape = tuple[int, int]
"""Rows and columns of a map."""

Pool = tuple[int, int]
"""Size and stride."""

POOLS: tuple[Pool | None, ...] = (None, (2, 2), (3, 2))
"""Pools that are tried, those first that leave no row or column over."""


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
    table = read_table(path, skip=False)
    rows = table.rows
    if table.of_products:
        raise InputError(
            f"{path}:1: matrix products do not follow from one another; --layers takes each by itself"
        )
    for row in rows:
        _check_row(row)
    layers, notes = _chain(rows)
    first = rows[0]
    height, width = _input_shape(first)
    if (height, width) != (first.height, first.width):
        notes.insert(0, f"{first.name}: input {height}x{width}, since SCALE-Sim rounds its outputs up")
    keys = {
        **common_keys(path, name, f"{len(rows)} layers of a SCALE-Sim topology"),
        "classes": layers[-1]["features"],
        "input": {
            "height": height,
            "width": width,
            "channels": first.channels,
            "encoding": {"type": "fixed", "bits": 8, "signed": False, "fraction_bits": 0, "range": [0, 255]},
        },
        "layers": layers,
    }
    check_sizes(path, rows, keys)
    return ImportedTopology(keys, (*table.notes, *notes))


def _input_shape(row: Row) -> Shape:
    """Size of the input: the first IFMAP, grown to whole steps of the filter.

    SCALE-Sim counts a last step that is not whole, a network's convolution does not.
    """
    if row.dense:
        return row.height, row.width
    rows, columns = row.outputs
    return (rows - 1) * row.stride + row.kernel_height, (columns - 1) * row.stride + row.kernel_width


def _check_row(row: Row) -> None:
    """Refuse a filter that steps by different lengths."""
    if row.stride != row.stride_width:
        raise InputError(
            f"{row.place}: {row.name}: strides of {row.stride} rows and {row.stride_width} columns, and a"
            " convolution of a workload has one for both; --layers takes some of them"
        )


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
        if row is not rows[0] and _ends_inside(row, shape):
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


def _ends_inside(row: Row, shape: Shape) -> bool:
    """Return whether the last step of a filter over a map is not whole."""
    sides = (row.kernel_height, row.kernel_width)
    return any((length - side) % row.stride for length, side in zip(shape, sides, strict=True))


def _scores_of(rows: Sequence[Row]) -> Row:
    """Make up the last layer of a topology that ends in a convolution; its inputs follow from that."""
    name = unique([*(row.name for row in rows), "scores"])[-1]
    return Row("", name, 1, 1, 1, 1, 1, CLASSES, 1, 1)


def _dense_keys(row: Row) -> dict[str, Any]:
    return {"name": row.name, "type": "dense", "features": row.filters}


def _conv_keys(row: Row, padding: int) -> dict[str, Any]:
    sides = [row.kernel_height, row.kernel_width]
    kernel = sides[0] if sides[0] == sides[1] else sides
    keys = {"name": row.name, "type": "conv", "channels": row.filters, "kernel": kernel}
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
    raise InputError(
        f"{below.place}: {below.name} {problem}: layers have to follow from one another; "
        "--layers takes each by itself"
    )


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
    least = min(below.kernel_height, below.kernel_width)
    return grown // 2 if same and grown % 2 == 0 and 0 <= grown // 2 < least else None


def _convolved(row: Row, shape: Shape) -> Shape:
    height, width = shape
    rows = (height - row.kernel_height) // row.stride + 1
    return rows, (width - row.kernel_width) // row.stride + 1


def _pooled(shape: Shape, pool: Pool | None) -> Shape:
    if pool is None:
        return shape
    height, width = ((length - pool[0]) // pool[1] + 1 for length in shape)
    return height, width
