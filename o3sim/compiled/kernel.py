"""How kernels are compiled, and the smallest of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba import njit, types
from numba.core.extending import intrinsic

from o3sim.network.bits.inlining import HelperCompiler

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
_njit: Any = njit  # its types do not know ``_nrt``

ONE = np.uint64(1)
NEVER = 2**62
"""A cycle that does not come."""


def inlined(function: Kernel) -> Kernel:
    """Compile a kernel into its callers.

    Without Numba's reference counts: kernels allocate nothing. Forced into the callers, because layers
    took 1.2 to 1.7 times as long where LLVM chose.
    """
    compiled: Kernel = _njit(_nrt=False, forceinline=True, pipeline_class=HelperCompiler)(function)
    return compiled


def noinline(function: Kernel) -> Kernel:
    """Compile a kernel that is called seldom: no reference counts, not forced into its callers."""
    compiled: Kernel = _njit(_nrt=False, pipeline_class=HelperCompiler)(function)
    return compiled


@intrinsic
def _lowest_bit(typingctx: Any, word: Any) -> Any:
    """Find the number of the lowest set bit of a non-zero uint64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], context.get_constant(types.boolean, True))

    return types.uint64(types.uint64), codegen


lowest_bit: Any = _lowest_bit  # called with the word alone
as_int: Any = np.int64  # uint64 and int64 together would be a float in Numba


@inlined
def quotient(number: int, divisor: int, shift: int) -> int:
    """Divide a non-negative number; by a shift where the divisor is a power of two."""
    return number >> shift if shift >= 0 else number // divisor


@inlined
def remainder(number: int, divisor: int, shift: int) -> int:
    """Remainder of a non-negative number."""
    return number & (divisor - 1) if shift >= 0 else number % divisor
