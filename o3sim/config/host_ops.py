"""What a workload may leave to the host: float operations before the binary layers or behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import Annotated, Any, Literal

from pydantic import Field

from o3sim.config.marks import Conflict, KeyPath
from o3sim.config.model import StrictModel
from o3sim.config.sum_bits import SumBits

Size = Annotated[int, Field(ge=1, le=65_536)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=64)]
Shape = tuple[int, int, int]

MOST_VALUES = 2**25
"""Of a map on the host."""

FIRST = "first"
"""By which layers name the values of the host's first layers, where these are written as sums."""


class HostConv(StrictModel):
    """A convolution with float weights, ``NAME_host_weights``, and optionally ``NAME_host_bias``."""

    type: Literal["conv"]
    name: Name = Field(description="Prefix of its arrays in the parameter file.")
    channels: Size = Field(description="Output channels.")
    kernel: Annotated[int, Field(ge=1, le=64)] = Field(description="Rows and columns of the kernel.")
    stride: Annotated[int, Field(ge=1, le=64)] = Field(default=1, description="Rows and columns of a step.")
    padding_pixels: Annotated[int, Field(ge=0, le=63)] = Field(
        default=0, description="Rows or columns of zeros on each of the four sides."
    )


class HostDense(StrictModel):
    """A dense layer with float weights, ``NAME_host_weights``, and optionally ``NAME_host_bias``."""

    type: Literal["dense"]
    name: Name = Field(description="Prefix of its arrays in the parameter file.")
    features: Size = Field(description="Outputs; a map before it is flattened as y, x, c.")


class HostAffine(StrictModel):
    """Batch norm: ``scale * v + shift`` by channel, ``NAME_host_scale`` and ``NAME_host_shift``."""

    type: Literal["affine"]
    name: Name = Field(description="Prefix of its arrays in the parameter file.")


class HostPool(StrictModel):
    """The maximum over windows; those that do not fit are dropped."""

    type: Literal["max_pool"]
    size: Annotated[int, Field(ge=1, le=64)] = Field(description="Rows and columns of a window.")
    stride: Annotated[int, Field(ge=1, le=64)] = Field(description="Rows and columns of a step.")


class HostFunction(StrictModel):
    """A function of each value, or the average of each channel over the whole map."""

    type: Literal["relu", "tanh", "hardtanh", "sigmoid", "average"]


HostOp = Annotated[HostConv | HostDense | HostAffine | HostPool | HostFunction, Field(discriminator="type")]


class HostPart(StrictModel):
    """Operations that the host evaluates: not timed, not counted."""

    host: Annotated[list[HostOp], Field(min_length=1, max_length=64)] = Field(
        description="In order, in double precision."
    )


class FirstPart(HostPart):
    """The host's first layers: bits, 1 where a value is ``>= 0``, and sums if layers add them."""

    sum_bits: SumBits = Field(
        default=None,
        description="Write the values as integers of so many bits too, for layers that `add: first`.",
    )
    fraction_bits: Annotated[int, Field(ge=0, le=24)] | None = Field(
        default=None,
        description="Of these: round(value * 2**fraction_bits), or the least or greatest integer where"
        " that is beyond.",
    )


def shape_after(op: Mapping[str, Any], shape: Shape) -> Shape | None:
    """Return the shape after an operation; None where a window does not fit."""
    rows, columns, channels = shape
    kind = op.get("type")
    if kind == "dense":
        return 1, 1, op["features"]
    if kind == "average":
        return 1, 1, channels
    if kind not in ("conv", "max_pool"):
        return shape
    size, stride = op["kernel" if kind == "conv" else "size"], op.get("stride", 1)
    grown = 2 * op.get("padding_pixels", 0) - size
    after = (rows + grown) // stride + 1, (columns + grown) // stride + 1
    return None if min(rows, columns) + grown < 0 else (*after, op.get("channels", channels))


def followed(
    data: Mapping[str, Any], end: str, shape: tuple[Any, ...]
) -> tuple[Shape | None, Conflict | None]:
    """Follow the operations of one end of a network, as far as they are well formed.

    Parameters
    ----------
    end : {"first", "last"}
    shape : tuple of int
        Of the map before.
    """
    rows, columns, channels = shape
    shape = rows, columns, channels
    for index, op in enumerate(host_ops(data, end)):
        path: KeyPath = (end, "host", index)
        try:
            after = shape_after(op, shape)
        except (KeyError, TypeError):
            return None, None  # the model says what is wrong with it
        if after is None:
            return None, Conflict((path,), f"its window does not fit the map of {shape[0]}x{shape[1]}")
        if prod(after) > MOST_VALUES:
            return None, Conflict((path,), f"a map of {prod(after):,} values; {MOST_VALUES:,} at most")
        shape = after
    return shape, None


def host_ops(data: Mapping[str, Any], end: str) -> list[Mapping[str, Any]]:
    """Return the operations of one end; none where there are none."""
    part = data.get(end)
    ops = part.get("host") if isinstance(part, Mapping) else None
    return [op for op in ops if isinstance(op, Mapping)] if isinstance(ops, list) else []


def writes_sums(data: Mapping[str, Any]) -> bool:
    """Return whether the host's first layers write sums."""
    return _mapping(data.get("first")).get("sum_bits") is not None


def _sum_conflicts(data: Mapping[str, Any]) -> Iterator[Conflict]:
    part = _mapping(data.get("first"))
    if writes_sums(data) != (part.get("fraction_bits") is not None):
        keys = (("first", "sum_bits"), ("first", "fraction_bits"))
        yield Conflict(keys, "sums of the host need both keys, bits without neither")
    layers = data.get("layers")
    for index, layer in enumerate(layers if writes_sums(data) and isinstance(layers, list) else []):
        if _mapping(layer).get("name") == FIRST:
            yield Conflict(
                (("layers", index, "name"),), "with sums of the host `first` names these: take another name"
            )


def host_conflicts(data: Mapping[str, Any]) -> Iterator[Conflict]:
    """Yield what is wrong between the host's part and the other keys."""
    image = data.get("input")
    encoding = image.get("encoding") if isinstance(image, Mapping) else None
    kind = encoding.get("type") if isinstance(encoding, Mapping) else None
    if "first" in data and data["first"] is not None and kind in ("fixed", "binary"):
        yield Conflict((("input", "encoding", "type"), ("first",)), "`first: host` takes `type: real`")
    if data.get("first") is None and kind == "real":
        yield Conflict((("input", "encoding", "type"),), "real numbers need `first: host`, which makes bits")
    yield from _sum_conflicts(data)
    layers = data.get("layers")
    anew = [
        n
        for n, layer in enumerate(layers if isinstance(layers, list) else [])
        if isinstance(_mapping(layer).get("input"), Mapping)  # a name is that of a layer above
    ]
    if anew and (data.get("first") or data.get("last")):
        end = "first" if data.get("first") else "last"
        yield Conflict(
            (("layers", anew[0], "input"), (end,)), f"layers with an input of their own have no `{end}: host`"
        )
    names = [op.get("name") for end in ("first", "last") for op in host_ops(data, end) if "name" in op]
    twice = sorted({name for name in names if names.count(name) > 1 and isinstance(name, str)})
    if twice:
        yield Conflict(
            (("first" if data.get("first") else "last",),), f"two operations are called `{twice[0]}`"
        )
    parameters = data.get("parameters")
    if isinstance(parameters, Mapping) and (data.get("first") or data.get("last")):
        yield Conflict((("parameters",),), "synthetic parameters are for networks without a part of the host")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
