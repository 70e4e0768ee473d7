"""A SCALE-Sim table as layers that do not follow from one another, each with an input of its own.

SCALE-Sim runs the lines of a table one by one, and so do such workloads: branches, shortcuts and layers cut
out of somewhere need no network around them. Every layer has as many edges as SCALE-Sim counts MACs. Its
shape is the simplest with the same patches:

* a filter that covers the map is a dense layer;
* one as wide (or high) as the map is a column (or row) of as many more channels: a matrix product has one
  row, of one position, for each row of its left operand;
* of a 1x1 filter with a stride the positions that it passes over are left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from o3sim.errors import InputError
from o3sim.formats.importers.scalesim.imported import ImportedTopology, check_sizes, common_keys
from o3sim.formats.importers.scalesim.table import Row, read_table

MOST = 65_536
"""Of rows, columns and channels of a map, by a workload's keys."""

MOST_SIDE = 64
"""Of a kernel's rows and columns."""

SEED_SIDE = 8
"""Rows and columns of an image, of which the inputs of all layers are made."""


CALIBRATION_IMAGES = 4
"""Enough for layers whose inputs are all alike, and the maps of some are as large as may be."""


class _Shape(NamedTuple):
    """A convolution with the same patches as a layer of the table."""

    height: int
    width: int
    channels: int
    kernel: tuple[int, int]
    stride: int


def import_layers(path: Path, name: str) -> ImportedTopology:
    """Read a table as independent layers.

    Parameters
    ----------
    path : Path
        The CSV file.
    name : str
        Name of the workload.

    Raises
    ------
    InputError
        With file and line, if the file is no such table, or a layer is none that a workload can have.
    """
    table = read_table(path, skip=True)
    image = {"height": SEED_SIDE, "width": SEED_SIDE, "channels": 1}
    keys = {
        **common_keys(path, name, f"{len(table.rows)} independent layers of a SCALE-Sim table"),
        "parameters": {"synthetic": {"seed": 1, "ones": 0.5, "calibration_images": CALIBRATION_IMAGES}},
        "input": {**image, "encoding": {"type": "binary", "threshold": 128}},
        "layers": [_keys(row) for row in table.rows],
    }
    check_sizes(path, table.rows, keys)
    return ImportedTopology(keys, tuple(table.notes))


def _keys(row: Row) -> dict[str, Any]:
    if row.dense:
        shape = (row.kernel_height, row.kernel_width, row.channels)
        return {"name": row.name, "type": "dense", "features": row.filters, "input": _input(*_fitting(shape))}
    shape_of = _shape(row)
    rows, columns = shape_of.kernel
    keys: dict[str, Any] = {"name": row.name, "type": "conv", "channels": row.filters}
    keys["kernel"] = rows if rows == columns else [rows, columns]
    if shape_of.stride > 1:
        keys["stride"] = shape_of.stride
    keys["input"] = _input(shape_of.height, shape_of.width, shape_of.channels)
    return keys


def _input(height: int, width: int, channels: int) -> dict[str, int]:
    return {"height": height, "width": width, "channels": channels}


def _fitting(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return a map of as many values whose channels are few enough, where there is one."""
    height, width, channels = shape
    if channels > MOST and height == width == 1 and (factors := _factors(channels, MOST)) is not None:
        return factors[0], 1, factors[1]
    return shape


def _shape(row: Row) -> _Shape:
    """Find the simplest convolution with the patches of a layer."""
    rows, columns = row.outputs
    side, across = row.kernel_height, row.kernel_width
    if side == across == 1:
        return _positions(rows, columns, row.channels)
    if across == row.width:
        if side == 1:
            return _positions(rows, 1, across * row.channels)
        height = (rows - 1) * row.stride + side
        return _Shape(height, 1, across * row.channels, (side, 1), row.stride)
    if side == row.height:
        width = (columns - 1) * row.stride_width + across
        return _Shape(1, width, side * row.channels, (1, across), row.stride_width)
    stride = row.stride if rows > 1 else row.stride_width
    if stride != row.stride_width and columns > 1:
        raise InputError(
            f"{row.place}: {row.name}: strides of {row.stride} rows and {row.stride_width} columns, and a"
            " convolution of a workload has one for both"
        )
    height, width = (rows - 1) * stride + side, (columns - 1) * stride + across
    return _Shape(height, width, row.channels, (side, across), stride)


def _positions(rows: int, columns: int, channels: int) -> _Shape:
    """Return a convolution over so many positions, arranged as they fit: none has a neighbour.

    Where there are too many channels for a position, each is a row of several.
    """
    if rows > MOST and columns == 1:
        rows, columns = _factors(rows, MOST) or (rows, columns)
    if channels > MOST and columns == 1 and (factors := _factors(channels, MOST_SIDE)) is not None:
        return _Shape(rows, factors[0], factors[1], (1, factors[0]), 1)
    return _Shape(rows, columns, channels, (1, 1), 1)


def _factors(product: int, most: int) -> tuple[int, int] | None:
    """Return two factors, the first as great as allowed, the second what a workload can have of anything."""
    divisors = (factor for factor in range(most, 0, -1) if product % factor == 0)
    return next(((factor, product // factor) for factor in divisors if product // factor <= MOST), None)
