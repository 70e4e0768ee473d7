"""What every kernel is handed, how kernels are compiled, and the smallest of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numba import njit, types
from numba.core.extending import intrinsic
from numpy.typing import NDArray

from o3sim.compiled.numbers import EVENTS, S_END_CYCLE, S_END_OP, S_FIRST_CYCLE, S_FIRST_OP

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
_njit: Any = njit  # its types do not know ``_nrt``

ONE = np.uint64(1)


class Memory(NamedTuple):
    """All arrays of a layer.

    Attributes
    ----------
    m : int64 array
        Header and records, see :mod:`o3sim.compiled.numbers`.
    bits : uint64 array
        Bit sets: queued ops and ready ops by index; busy PEs, free PEs by load, planned cycles.
    d : int64 array
        The weight stream; outlives the layer.
    decision, outcome : int32 and uint8 arrays, shape (positions, out_channels)
        The profile.
    output : uint8 array, shape (windows,)
        Output bits.
    events : int64 array, shape (rows, 5)
        Events: cycle, kind, op, unit, value.
    """

    m: NDArray[np.int64]
    bits: NDArray[np.uint64]
    d: NDArray[np.int64]
    decision: NDArray[np.int32]
    outcome: NDArray[np.uint8]
    output: NDArray[np.uint8]
    events: NDArray[np.int64]


def inlined(function: Kernel) -> Kernel:
    """Compile a kernel into its callers.

    Without Numba's reference counts (``_nrt``): kernels allocate nothing, and counting the arrays at
    every call made a layer 30 times slower. Forced into the caller: another factor of 7.
    """
    compiled: Kernel = _njit(_nrt=False, forceinline=True)(function)
    return compiled


def noinline(function: Kernel) -> Kernel:
    """Compile a kernel that is called seldom: no reference counts, not forced into its callers."""
    compiled: Kernel = _njit(_nrt=False)(function)
    return compiled


@intrinsic
def _lowest_bit(typingctx: Any, word: Any) -> Any:  # noqa: ARG001 - Numba hands over the first of these
    """Find the number of the lowest set bit of a non-zero uint64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001 - and these four
        return builder.cttz(args[0], context.get_constant(types.boolean, True))

    return types.uint64(types.uint64), codegen


lowest_bit: Any = _lowest_bit  # called with the word alone
as_int: Any = np.int64  # uint64 and int64 together would be a float in Numba


@inlined
def set_bit(x: Memory, start: int, place: int) -> None:
    """Set a bit of the bit set that begins at word ``start``."""
    x.bits[start + (place >> 6)] |= ONE << np.uint64(place & 63)


@inlined
def clear_bit(x: Memory, start: int, place: int) -> None:
    """Clear a bit of the bit set that begins at word ``start``."""
    x.bits[start + (place >> 6)] &= ~(ONE << np.uint64(place & 63))


@inlined
def first_bit(x: Memory, start: int, word: int) -> int:
    """Find the lowest bit that is set in a non-zero word of a bit set."""
    return (word << 6) + (as_int(lowest_bit(x.bits[start + word])) & 63)


@inlined
def first_word(x: Memory, start: int, low: int, top: int) -> int:
    """Find the lowest non-zero word from ``low`` to ``top``; ``top + 1`` if there is none."""
    while low <= top and x.bits[start + low] == 0:
        low += 1
    return low


@inlined
def quotient(number: int, divisor: int, shift: int) -> int:
    """Divide a non-negative number; by a shift where the divisor is a power of two."""
    return number >> shift if shift >= 0 else number // divisor


@inlined
def remainder(number: int, divisor: int, shift: int) -> int:
    """Remainder of a non-negative number."""
    return number & (divisor - 1) if shift >= 0 else number % divisor


@noinline
def note_event(x: Memory, cycle: int, kind: int, op: int, unit: int, value: int) -> None:
    """Note an event of the window; beyond the room there is they are only counted."""
    m = x.m
    if not (m[S_FIRST_OP] <= op < m[S_END_OP] and m[S_FIRST_CYCLE] <= cycle < m[S_END_CYCLE]):
        return
    row = m[EVENTS]
    if row < x.events.shape[0]:
        x.events[row, 0] = cycle
        x.events[row, 1] = kind
        x.events[row, 2] = op
        x.events[row, 3] = unit
        x.events[row, 4] = value
    m[EVENTS] = row + 1
