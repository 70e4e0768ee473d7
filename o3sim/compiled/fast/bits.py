"""Sets of PEs and of days, word by word."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.core.extending import intrinsic

from o3sim.compiled.kernel import ONE, as_int, inlined, lowest_bit

NONE = np.uint64(0)


@intrinsic
def _population(typingctx: Any, word: Any) -> Any:
    """Count the set bits of a uint64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.uint64(types.uint64), codegen


_count: Any = _population  # called with the word alone


@inlined
def bits_in(word: np.uint64) -> int:
    """Count the set bits of a word."""
    return as_int(_count(word))


@inlined
def lowest(word: np.uint64) -> int:
    """Return the number of the lowest set bit of a word that has one."""
    return as_int(lowest_bit(word)) & 63


@intrinsic
def _leading_zeros(typingctx: Any, word: Any) -> Any:
    """Count the zeros above the highest set bit of a uint64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctlz(args[0], context.get_constant(types.boolean, True))

    return types.uint64(types.uint64), codegen


_zeros_above: Any = _leading_zeros


@inlined
def highest(word: np.uint64) -> int:
    """Return the number of the highest set bit of a word that has one."""
    return 63 - as_int(_zeros_above(word))


@inlined
def bit(number: int) -> np.uint64:
    """Return the bit of a number in its word."""
    return ONE << np.uint64(number & 63)
