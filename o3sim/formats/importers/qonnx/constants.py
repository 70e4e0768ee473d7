"""Nodes whose inputs are all constants: weights on their way into a layer, shapes, scales.

They are worked out in the types that the file says, as any executor does.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.qonnx.graph import Node
from o3sim.formats.importers.qonnx.quant import QuantRule, quant_rule

Array = NDArray[Any]

MOST_GATHERED = 64
"""Gathering and concatenating are for shapes, which have a handful of elements."""

MOST_SPREAD = 2**25
"""Elements of one value that a node may make: they take no memory until something else is done to them."""


def folded(node: Node, inputs: list[Array]) -> Array:
    """Evaluate a node.

    Raises
    ------
    CannotRunError
        If the operation is not known here, fails, or gives more than it took.
    """
    fold = _FOLDS.get(node.op)
    if fold is None:
        raise CannotRunError("is not among the operations that are worked out on constants")
    shape = _checked_shape(node, inputs)
    try:
        with np.errstate(all="ignore"):
            if shape is not None and all(map(_is_one_value, inputs)):
                one = np.asarray(fold(node, [array.reshape(-1)[:1].reshape(()) for array in inputs]))
                result = np.broadcast_to(one, shape)
            else:
                result = np.asarray(fold(node, inputs))
    except (ValueError, IndexError, TypeError, OverflowError, ArithmeticError):
        raise CannotRunError("cannot be worked out: its constants do not fit together") from None
    seen = result.reshape(-1)[:1] if _is_one_value(result) else result
    if result.dtype.kind == "f" and not np.isfinite(seen).all():
        raise CannotRunError("gives values that are infinite or no numbers")
    return result


def _is_one_value(array: Array) -> bool:
    """Return whether an array is one value, spread."""
    return array.size > 0 and not any(
        step for step, length in zip(array.strides, array.shape, strict=True) if length > 1
    )


def _checked_shape(node: Node, inputs: list[Array]) -> tuple[int, ...] | None:
    """Refuse what would unfold into gigabytes; return the shape of what is worked out by element."""
    if node.op in ("Gather", "Concat"):
        if not all(array.ndim <= 1 and array.size <= MOST_GATHERED for array in inputs):
            raise CannotRunError("unfolds constants to more than they were")
    elif node.op in _ELEMENTWISE:
        try:
            spread = np.broadcast(*inputs) if len(inputs) > 1 else inputs[0]
        except (ValueError, IndexError):
            raise CannotRunError("combines constants of different shapes") from None
        stored = [array.size for array in inputs if not _is_one_value(array)]
        if stored and spread.size > max(stored):
            raise CannotRunError("unfolds constants to more than they were")
        return tuple(spread.shape)
    return None


def _axes(node: Node, inputs: list[Array]) -> tuple[int, ...] | None:
    """Axes are an attribute up to opset 12 and an input from then on."""
    listed = [int(axis) for axis in inputs[1].reshape(-1)] if len(inputs) > 1 else node.integers("axes")
    return None if listed is None else tuple(listed)


def _unsqueeze(node: Node, inputs: list[Array]) -> Array:
    return np.expand_dims(inputs[0], _axes(node, inputs) or ())


def _transpose(node: Node, inputs: list[Array]) -> Array:
    return inputs[0].transpose(node.integers("perm"))


def _reshape(node: Node, inputs: list[Array]) -> Array:
    return inputs[0].reshape(target_shape(node, inputs[0].shape, inputs[1]))


def _cast(node: Node, inputs: list[Array]) -> Array:
    types = {1: "f4", 10: "f2", 11: "f8", 2: "u1", 3: "i1", 4: "u2", 5: "i2", 6: "i4", 7: "i8", 9: "?"}
    to = node.integer("to", 0)
    if to not in types:
        raise CannotRunError(f"casts to type {to}, which is not read")
    return np.asarray(inputs[0].astype(types[to]))


def _spread(inputs: list[Array], value: Array) -> Array:
    """Spread a value over a shape, without taking memory for it."""
    lengths = [int(length) for length in inputs[-1].reshape(-1)]
    shape = np.broadcast_shapes(value.shape, tuple(lengths)) if value.ndim else tuple(lengths)
    if len(shape) > 8 or min(shape, default=0) < 0 or prod(shape) > MOST_SPREAD:
        raise CannotRunError("spreads a value over more than any map has")
    return np.broadcast_to(value, shape)


def _constant_of_shape(node: Node, inputs: list[Array]) -> Array:
    value = np.asarray(node.attributes.get("value", np.float32(0)))
    return _spread(inputs, value.reshape(-1)[:1].reshape(()))


def _clipped(node: Node, inputs: list[Array]) -> Array:
    limits = [node.attributes.get("min"), node.attributes.get("max")]
    given = iter(inputs[1:])
    for place, name in enumerate(node.inputs[1:3]):
        limits[place] = next(given) if name else limits[place]
    return np.asarray(np.clip(inputs[0], *limits))


def _sliced(_: Node, inputs: list[Array]) -> Array:
    """Slice a shape."""
    starts, ends = (int(inputs[place].reshape(-1)[0]) for place in (1, 2))
    if inputs[0].ndim != 1 or any(len(array.reshape(-1)) != 1 for array in inputs[1:]):
        raise CannotRunError("slices what is no shape")
    return inputs[0][starts : ends : int(inputs[4].reshape(-1)[0]) if len(inputs) > 4 else 1]


def _reduced(node: Node, inputs: list[Array], reduce: Callable[..., Any]) -> Array:
    """Average or sum up magnitudes of weights."""
    return np.asarray(reduce(inputs[0], axis=_axes(node, inputs), keepdims=bool(node.integer("keepdims", 1))))


def _constant(node: Node, _: list[Array]) -> Array:
    for key in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        value = node.attributes.get(key)
        if value is not None and not isinstance(value, str):
            return np.asarray(value, np.float32 if "float" in key else None)
    raise CannotRunError("holds no number")


def _divide(_: Node, inputs: list[Array]) -> Array:
    whole = inputs[0].dtype.kind in "iu"
    return inputs[0] // inputs[1] if whole else inputs[0] / inputs[1]


def _bipolar(_: Node, inputs: list[Array]) -> Array:
    return np.where(inputs[0] >= 0, inputs[1], -inputs[1])


def _quantized(node: Node, inputs: list[Array]) -> Array:
    rule: QuantRule = quant_rule(node, inputs[1:])
    return rule.apply(inputs[0])


def target_shape(node: Node, shape: tuple[int, ...], wanted: Array) -> tuple[int, ...]:
    """Return the shape that a Reshape asks for: 0 keeps a length unless ``allowzero``."""
    lengths = [int(length) for length in wanted.reshape(-1)]
    if 0 in lengths and node.integer("allowzero", 0):
        raise CannotRunError("reshapes to nothing")
    return tuple(shape[axis] if length == 0 else length for axis, length in enumerate(lengths))


_ELEMENTWISE: dict[str, Callable[[Node, list[Array]], Array]] = {
    "Add": lambda _, x: x[0] + x[1],
    "Sub": lambda _, x: x[0] - x[1],
    "Mul": lambda _, x: x[0] * x[1],
    "Div": _divide,
    "Pow": lambda _, x: x[0] ** x[1],
    "Neg": lambda _, x: -x[0],
    "Not": lambda _, x: ~x[0],
    "Abs": lambda _, x: np.abs(x[0]),
    "Sign": lambda _, x: np.sign(x[0]),
    "Greater": lambda _, x: x[0] > x[1],
    "GreaterOrEqual": lambda _, x: x[0] >= x[1],
    "Less": lambda _, x: x[0] < x[1],
    "LessOrEqual": lambda _, x: x[0] <= x[1],
    "Equal": lambda _, x: x[0] == x[1],
    "Where": lambda _, x: np.where(x[0], x[1], x[2]),
    "Tanh": lambda _, x: np.tanh(x[0]),
    "Sqrt": lambda _, x: np.sqrt(x[0]),
    "Reciprocal": lambda _, x: 1 / x[0],
    "BipolarQuant": _bipolar,
    "Cast": _cast,
    "Clip": _clipped,
    "Quant": _quantized,
    "IntQuant": _quantized,
}

_FOLDS: dict[str, Callable[[Node, list[Array]], Array]] = {
    **_ELEMENTWISE,
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Expand": lambda _, x: _spread(x, x[0]),
    "ReduceMean": lambda node, x: _reduced(node, x, np.mean),
    "ReduceSum": lambda node, x: _reduced(node, x, np.sum),
    "Slice": _sliced,
    "Identity": lambda _, x: x[0],
    "Shape": lambda _, x: np.array(x[0].shape, np.int64),
    "Gather": lambda node, x: np.take(x[0], x[1], axis=node.integer("axis", 0)),
    "Concat": lambda node, x: np.concatenate(x, axis=node.integer("axis", 0)),
    "Unsqueeze": _unsqueeze,
    "Squeeze": lambda node, x: np.squeeze(x[0], _axes(node, x)),
    "Transpose": _transpose,
    "Reshape": _reshape,
    "Flatten": lambda node, x: x[0].reshape(int(np.prod(x[0].shape[: node.integer("axis", 1)])), -1),
}
