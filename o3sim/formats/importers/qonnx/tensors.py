"""Tensors and attributes of an ONNX file as NumPy arrays and plain values."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.qonnx.beside import Beside

_DTYPES = {
    1: ("<f4", "float_data", "f4"),
    2: ("u1", "int32_data", "u1"),
    3: ("i1", "int32_data", "i1"),
    6: ("<i4", "int32_data", "i4"),
    7: ("<i8", "int64_data", "i8"),
    9: ("?", "int32_data", "?"),
    10: ("<f2", "int32_data", "f2"),
    11: ("<f8", "double_data", "f8"),
}
"""Of ``TensorProto.DataType``: the type in ``raw_data``, the field besides that, the type in memory."""

_PLAIN = 80
"""Characters of a file's own names that a message shows."""


def text(value: str | bytes) -> str:
    """Return a name; protobuf leaves one that is not UTF-8 as bytes."""
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def plain(name: str) -> str:
    """Return a file's own name fit for one line of a message, between backticks."""
    return f"`{printable(name)}`"


def printable(name: str) -> str:
    """Return a file's own word without what does not print, and shortened."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in name[:_PLAIN])
    return f"{shown}{'...' if len(name) > _PLAIN else ''}"


def tensor_array(tensor: Any, beside: Beside | None = None) -> NDArray[Any]:
    """Return a tensor's values.

    Parameters
    ----------
    beside : Beside, optional
        Reads values that are in a file beside the model; they are refused without.

    Raises
    ------
    CannotRunError
        If they are of an unknown type, not finite, or not as many as the shape says, or in a file that
        is not to be opened.
    """
    name = f"tensor {plain(text(tensor.name))}"
    if tensor.data_type not in _DTYPES or tensor.HasField("segment"):
        raise CannotRunError(f"{name}: values of type {tensor.data_type} are not read")
    stored, field, dtype = _DTYPES[tensor.data_type]
    shape = tuple(tensor.dims)
    raw = tensor.raw_data if tensor.HasField("raw_data") else None
    if tensor.data_location == 1 or tensor.external_data:
        raw = _elsewhere(tensor, name, beside, max(0, prod(shape)) * np.dtype(stored).itemsize)
    found = len(getattr(tensor, field)) if raw is None else len(raw) / np.dtype(stored).itemsize
    if min(shape, default=0) < 0 or prod(shape) != found:
        raise CannotRunError(f"{name}: has the shape {list(shape)[:8]} but {found:g} values")
    try:
        values = np.array(getattr(tensor, field)) if raw is None else np.frombuffer(raw, stored)
        if raw is None and dtype == "f2":  # fields hold the bits of half floats
            values = values.astype("<u2").view("<f2")
        array = values.astype(dtype).reshape(shape)
    except (ValueError, OverflowError):
        raise CannotRunError(f"{name}: its values do not fit its type or shape") from None
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise CannotRunError(f"{name}: holds values that are infinite or no numbers")
    return array


def _elsewhere(tensor: Any, name: str, beside: Beside | None, size_bytes: int) -> bytes:
    if beside is None:
        raise CannotRunError(f"{name}: its values are in another file; save the model with them inside")
    entries = {text(entry.key): text(entry.value) for entry in tensor.external_data}
    try:
        return beside.read(entries, size_bytes)
    except CannotRunError as error:
        raise CannotRunError(f"{name}: {error}") from None


def attribute_value(attribute: Any) -> Any:
    """Return an attribute: an int, a float, text, a list of those, or an array; None of anything else.

    Raises
    ------
    CannotRunError
        If its tensor is not usable.
    """
    read = _ATTRIBUTES.get(attribute.type)
    return None if read is None else read(attribute)


_ATTRIBUTES: dict[int, Callable[[Any], Any]] = {
    1: lambda attribute: float(attribute.f),
    2: lambda attribute: int(attribute.i),
    3: lambda attribute: attribute.s.decode("utf-8", "replace"),
    4: lambda attribute: tensor_array(attribute.t),
    6: lambda attribute: list(attribute.floats),
    7: lambda attribute: list(attribute.ints),
}
"""By ``AttributeProto.AttributeType``."""
