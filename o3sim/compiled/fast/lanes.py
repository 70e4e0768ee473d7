"""Sixteen numbers of 32 bits at a time: vectors of LLVM, which it makes what the processor has of.

Kernels load and store them from tables of records, add and compare them, and choose between them. What a
comparison gives are lanes of ones or zeros, as masks are.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.extending import intrinsic, models, register_model
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature

from o3sim.compiled.fast.choice import LANES

LANES_SHIFT = 4
_any_type: Any = types.Type  # Numba's classes have no types
_primitive: Any = models.PrimitiveModel
_template: Any = ConcreteTemplate
_intrinsic: Any = intrinsic
_lower: Any = lower_builtin
_ALIGNED = 4 * LANES
_NUMBER = ir.IntType(32)
_VECTOR = ir.VectorType(_NUMBER, LANES)
_BITS = ir.VectorType(ir.IntType(1), LANES)


class _LanesType(_any_type):
    """What Numba knows of them."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


_LANES: Any = _LanesType()


@register_model(_LanesType)
class _LanesModel(_primitive):
    """A value of LLVM."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


class Lane:
    """One of them, in a table."""

    number: np.int32


def _add_operator(name: Any, build: str) -> None:
    """Let an operator work on two vectors."""

    class Template(_template):
        cases = (signature(_LANES, _LANES, _LANES),)  # type: ignore[no-untyped-call]  # Numba's

    infer_global(name)(Template)  # type: ignore[no-untyped-call]  # Numba's

    def lowered(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return getattr(builder, build)(*args)

    _lower(name, _LANES, _LANES)(lowered)


for _name, _build in (
    (operator.add, "add"),
    (operator.sub, "sub"),
    (operator.and_, "and_"),
    (operator.or_, "or_"),
    (operator.xor, "xor"),
):
    _add_operator(_name, _build)


def _broadcast(builder: Any, number: Any) -> Any:
    """Fill a vector with an int64."""
    narrow = builder.trunc(number, _NUMBER)
    none = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(none, narrow, ir.Constant(_NUMBER, 0))
    return builder.shuffle_vector(first, none, ir.Constant(_VECTOR, [0] * LANES))


def _comparison(build: str, sign: str) -> Any:
    """Make a comparison of two vectors."""

    def compare(typingctx: Any, one: Any, other: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return builder.sext(getattr(builder, build)(sign, *args), _VECTOR)

        return _LANES(_LANES, _LANES), codegen

    return _intrinsic(compare)


same = _comparison("icmp_signed", "==")
over = _comparison("icmp_signed", ">")


def _all_of(typingctx: Any, number: Any) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _broadcast(builder, args[0])

    return _LANES(types.int64), codegen


def _either(typingctx: Any, mask: Any, one: Any, other: Any) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        chosen = builder.icmp_signed("<", args[0], ir.Constant(_VECTOR, [0] * LANES))
        return builder.select(chosen, args[1], args[2])

    return _LANES(_LANES, _LANES, _LANES), codegen


def _shifted(typingctx: Any, lanes: Any, places: Any) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.lshr(args[0], _broadcast(builder, args[1]))

    return _LANES(_LANES, types.int64), codegen


def _bits_of(typingctx: Any, mask: Any) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        chosen = builder.icmp_signed("<", args[0], ir.Constant(_VECTOR, [0] * LANES))
        return builder.zext(builder.bitcast(chosen, ir.IntType(LANES)), ir.IntType(64))

    return types.uint64(_LANES), codegen


def _own_numbers(typingctx: Any) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return ir.Constant(_VECTOR, list(range(LANES)))

    return _LANES(), codegen


def _shifted_up(typingctx: Any, lanes: Any, places: Any) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.shl(args[0], _broadcast(builder, args[1]))

    return _LANES(_LANES, types.int64), codegen


own_numbers: Any = _intrinsic(_own_numbers)
"""Return 0, 1, 2, ..."""
shifted_up: Any = _intrinsic(_shifted_up)
"""Shift up."""
all_of: Any = _intrinsic(_all_of)
"""Fill a vector with a number."""
either: Any = _intrinsic(_either)
"""Choose lane by lane: where the mask has ones of the second, else of the third."""
shifted: Any = _intrinsic(_shifted)
"""Shift down, as numbers without a sign."""
bits_of: Any = _intrinsic(_bits_of)
"""Return a mask as 16 bits."""


def loads(field: str) -> Callable[[Any, int], Any]:
    """Make the function that loads the n-th vector of a table; arguments as of :func:`rows`."""

    def load(typingctx: Any, holder: Any, number: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return builder.load(_place(context, builder, sig, args, field, _VECTOR), align=_ALIGNED)

        return _LANES(holder, types.intp), codegen

    made: Callable[[Any, int], Any] = _intrinsic(load)
    return made


def loads_from(field: str) -> Callable[[Any, int], Any]:
    """Make the function that loads the vector whose first lane is the n-th number of a table."""

    def load(typingctx: Any, holder: Any, number: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            first = _place(context, builder, sig, args, field, _NUMBER)
            return builder.load(builder.bitcast(first, ir.PointerType(_VECTOR)), align=4)

        return _LANES(holder, types.intp), codegen

    made: Callable[[Any, int], Any] = _intrinsic(load)
    return made


def stores(field: str) -> Callable[[Any, int, Any], None]:
    """Make the function that stores a vector as the n-th of a table."""

    def store(typingctx: Any, holder: Any, number: Any, lanes: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            builder.store(args[2], _place(context, builder, sig, args, field, _VECTOR), align=_ALIGNED)
            return context.get_dummy_value()

        return types.void(holder, types.intp, _LANES), codegen

    made: Callable[[Any, int, Any], None] = _intrinsic(store)
    return made


def gathers(field: str) -> Callable[[Any, Any], Any]:
    """Make the function that reads the numbers of a table that lanes say the places of."""

    def gather(typingctx: Any, holder: Any, places: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            first = _table(context, builder, sig, args, field, _NUMBER)
            found = ir.Constant(_VECTOR, ir.Undefined)
            for lane in range(LANES):
                which = ir.Constant(_NUMBER, lane)
                place = builder.zext(builder.extract_element(args[1], which), ir.IntType(64))
                found = builder.insert_element(found, builder.load(builder.gep(first, [place])), which)
            return found

        return _LANES(holder, _LANES), codegen

    made: Callable[[Any, Any], Any] = _intrinsic(gather)
    return made


def _table(context: Any, builder: Any, sig: Any, args: Any, field: str, kind: Any) -> Any:
    """Return the pointer to the first of a table."""
    holder = sig.args[0]
    address = context.get_getattr(holder, field)(context, builder, holder, args[0], field)
    return builder.inttoptr(address, ir.PointerType(kind))


def _place(context: Any, builder: Any, sig: Any, args: Any, field: str, kind: Any) -> Any:
    """Return the pointer to the n-th of a table."""
    return builder.gep(_table(context, builder, sig, args, field, kind), [args[1]])
