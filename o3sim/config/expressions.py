"""Arithmetic over architecture keys, as sweep files state it: ``2048 / pe.count``, ``pe.count <= 64``.

Only numbers, words, comparisons, ``and or not``, ``a if b else c`` and a few functions; nothing of
Python that could do more is let in.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from o3sim.config.catalog import suggest

MOST_DIGITS = 20
"""To round to, on either side of the point: a billion of them would take for ever."""


def _rounded(value: Any, digits: int = 0) -> Any:
    if abs(digits) > MOST_DIGITS:
        raise ValueError(f"rounds to {digits} digits; {MOST_DIGITS} at most")
    return round(value, digits) if digits else round(value)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": _rounded,
    "log2": math.log2,
    "sqrt": math.sqrt,
}

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
MOST_CHARACTERS = 1000


class ExpressionError(ValueError):
    """An expression that cannot be read, or that has no value; the message says why."""


@dataclass(frozen=True)
class Expression:
    """A parsed expression.

    Attributes
    ----------
    text : str
        As it was written.
    keys : tuple of str
        Dotted keys that it reads, each once, in order.
    """

    text: str
    keys: tuple[str, ...]
    _tree: ast.expr

    def value(self, values: Mapping[str, Any]) -> Any:
        """Evaluate it.

        Parameters
        ----------
        values : mapping of str to number or str
            By dotted key.

        Returns
        -------
        Any
            A float that is a whole number comes back as int.

        Raises
        ------
        ExpressionError
            If a key is missing, words are used as numbers, or there is no such value (``1 / 0``).
        """
        try:
            found = _evaluate(self._tree, values)
        except RecursionError:
            raise ExpressionError(f"`{self.text}`: nested too deeply") from None
        except ZeroDivisionError:  # Python words it differently for each operator
            raise ExpressionError(f"`{self.text}`: division by zero") from None
        except (TypeError, ValueError, ArithmeticError) as error:
            raise ExpressionError(f"`{self.text}`: {error}") from None
        if isinstance(found, float) and found.is_integer() and abs(found) < 2**53:
            return int(found)
        return found


def parse(text: str) -> Expression:
    """Read an expression.

    Raises
    ------
    ExpressionError
        If it is not one, or uses what is not let in.

    Examples
    --------
    >>> expression = parse("2048 / pe.count if pe.count > 8 else min(pe.count, 4)")
    >>> expression.keys
    ('pe.count',)
    >>> expression.value({"pe.count": 64})
    32
    """
    if len(text) > MOST_CHARACTERS:
        raise ExpressionError(f"longer than {MOST_CHARACTERS} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError(f"`{text}` is not an expression") from None
    keys: dict[str, None] = {}
    try:
        _check(tree, text, keys)
    except RecursionError:
        raise ExpressionError(f"`{text}`: nested too deeply") from None
    return Expression(text, tuple(keys), tree)


def _check(node: ast.expr, text: str, keys: dict[str, None]) -> None:
    """Refuse what is not let in, and collect keys."""
    dotted = _dotted(node)
    if dotted is not None:
        keys[dotted] = None
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str)):
        return
    if isinstance(node, ast.Call):
        _check_call(node, text)
    elif not _is_let_in(node):
        raise ExpressionError(f"`{text}`: `{ast.unparse(node)}` is not let in here")
    for child in _operands(node):
        _check(child, text, keys)


def _is_let_in(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return type(node.op) in _BINARY
    if isinstance(node, ast.UnaryOp):
        return type(node.op) in _UNARY
    if isinstance(node, ast.Compare):
        return all(type(comparison) in _COMPARISONS for comparison in node.ops)
    return isinstance(node, (ast.BoolOp, ast.IfExp))


def _check_call(node: ast.Call, text: str) -> None:
    name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
    if name not in FUNCTIONS:
        raise ExpressionError(
            f"`{text}`: no function `{name}`{suggest(name, FUNCTIONS)}; there are {', '.join(FUNCTIONS)}"
        )
    if node.keywords:
        raise ExpressionError(f"`{text}`: `{name}` takes no named arguments")


def _operands(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, ast.IfExp):
        return [node.test, node.body, node.orelse]
    return node.args if isinstance(node, ast.Call) else []


def _dotted(node: ast.expr) -> str | None:
    """Return the key that names and attributes spell, or None."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return None if before is None else f"{before}.{node.attr}"
    return None


def _evaluate(node: ast.expr, values: Mapping[str, Any]) -> Any:
    dotted = _dotted(node)
    if dotted is not None:
        return _looked_up(dotted, values)
    found: Any
    match node:
        case ast.Constant():
            found = node.value
        case ast.IfExp():
            found = _evaluate(node.body if _evaluate(node.test, values) else node.orelse, values)
        case ast.BoolOp():
            found = _connected(node, values)
        case ast.Compare():
            found = _compared(node, values)
        case _:
            found = _computed(node, [_evaluate(child, values) for child in _operands(node)])
    return found


def _computed(node: ast.expr, operands: list[Any]) -> Any:
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)](*map(_no_word, operands))
    if isinstance(node, ast.UnaryOp):
        return _UNARY[type(node.op)](operands[0])
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return FUNCTIONS[node.func.id](*map(_no_word, operands))
    raise TypeError(f"`{ast.unparse(node)}` is not let in here")


def _looked_up(dotted: str, values: Mapping[str, Any]) -> Any:
    if dotted not in values:
        raise ValueError(f"no key `{dotted}`{suggest(dotted, values)}")
    return values[dotted]


def _no_word(value: Any) -> Any:
    if isinstance(value, str):
        raise TypeError(f"the word `{value}` is not a number")
    return value


def _connected(node: ast.BoolOp, values: Mapping[str, Any]) -> bool:
    found = (bool(_evaluate(child, values)) for child in node.values)
    return all(found) if isinstance(node.op, ast.And) else any(found)


def _compared(node: ast.Compare, values: Mapping[str, Any]) -> bool:
    left = _evaluate(node.left, values)
    for comparison, right_node in zip(node.ops, node.comparators, strict=True):
        right = _evaluate(right_node, values)
        if not _COMPARISONS[type(comparison)](left, right):
            return False
        left = right
    return True
