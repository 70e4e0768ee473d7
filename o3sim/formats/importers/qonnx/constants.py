"""Nodes whose inputs are all constants: weights on their way into a layer, shapes, scales.

They are worked out in the types that the file says, as any executor does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.qonnx.graph import Node
from o3sim.formats.importers.qonnx.quant import QuantRule, quant_rule

Array = NDArray[Any]

MOST_GATHERED = 64
"""Gathering and concatenating are for shapes, which have a handful of elements."""


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
    _check_size(node, inputs)
    try:
        with np.errstate(all="ignore"):
            result = np.asarray(fold(node, inputs))
    except (ValueError, IndexError, TypeError, OverflowError, ArithmeticError):
        raise CannotRunError("cannot be worked out: its constants do not fit together") from None
    if result.dtype.kind == "f" and not np.isfinite(result).all():
        raise CannotRunError("gives values that are infinite or no numbers")
    return result


def _check_size(node: Node, inputs: list[Array]) -> None:
    """Refuse what gives more elements than it takes, so that no file unfolds into gigabytes."""
    if node.op in ("Gather", "Concat"):
        small = all(array.ndim <= 1 and array.size <= MOST_GATHERED for array in inputs)
    elif node.op in _ELEMENTWISE:
        try:
            grown = np.broadcast(*inputs).size if len(inputs) > 1 else inputs[0].size
        except (ValueError, IndexError):
            raise CannotRunError("combines constants of different shapes") from None
        small = grown <= max(array.size for array in inputs)
    else:
        small = True
    if not small:
        raise CannotRunError("unfolds constants to more than they were")


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
    types = {1: "f4", 6: "i4", 7: "i8", 11: "f8", 2: "u1", 3: "i1"}
    to = node.integer("to", 0)
    if to not in types:
        raise CannotRunError(f"casts to type {to}, which is not read")
    return inputs[0].astype(types[to])


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
    "Sqrt": lambda _, x: np.sqrt(x[0]),
    "Reciprocal": lambda _, x: 1 / x[0],
    "BipolarQuant": _bipolar,
    "Quant": _quantized,
    "IntQuant": _quantized,
}

_FOLDS: dict[str, Callable[[Node, list[Array]], Array]] = {
    **_ELEMENTWISE,
    "Constant": _constant,
    "Identity": lambda _, x: x[0],
    "Shape": lambda _, x: np.array(x[0].shape, np.int64),
    "Gather": lambda node, x: np.take(x[0], x[1], axis=node.integer("axis", 0)),
    "Concat": lambda node, x: np.concatenate(x, axis=node.integer("axis", 0)),
    "Unsqueeze": _unsqueeze,
    "Squeeze": lambda node, x: np.squeeze(x[0], _axes(node, x)),
    "Transpose": _transpose,
    "Reshape": _reshape,
    "Flatten": lambda node, x: x[0].reshape(int(np.prod(x[0].shape[: node.integer("axis", 1)])), -1),
    "Cast": _cast,
}
