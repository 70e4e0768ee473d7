"""The kernels that the loops over cycles are compiled to."""

from __future__ import annotations

from functools import cache
from typing import Any

from o3sim.compiled.cycle import SOURCES, STUCK
from o3sim.compiled.fast.banked.cycle import run_banked
from o3sim.compiled.fast.cycle import run_ideal
from o3sim.compiled.fast.dispatch.cycle import run_windows
from o3sim.compiled.fast.dispatch.records import WindowMemory
from o3sim.compiled.fast.how import How
from o3sim.compiled.fast.queue_banks.records import BankMemory
from o3sim.compiled.fast.queue_banks.steps import run_banked_queue_banks, run_queue_banks
from o3sim.compiled.fast.records import FastMemory
from o3sim.compiled.kernel import _njit


@cache
def kernel_for(how: How) -> Any:
    """Return the kernel for such layers, which is compiled when it is called for the first time.

    Numba's cache tells kernels of one source apart by the values that it closes over, which are these and
    a digest of all sources, for it does not see an edit in another file.
    """
    sources, contexts, set_words, windows, is_banked, has_patches = SOURCES, *how

    def run_fast_layer(x: FastMemory, start_cycle: int) -> tuple[int, int]:
        if sources < 0:
            return STUCK, start_cycle
        return run_ideal(x, How(contexts, set_words, windows, is_banked, has_patches), start_cycle)

    def run_banked_layer(x: FastMemory, start_cycle: int) -> tuple[int, int]:
        if sources < 0:
            return STUCK, start_cycle
        return run_banked(x, How(contexts, set_words, windows, is_banked, has_patches), start_cycle)

    return _njit(cache=True, nogil=True, _nrt=False)(run_banked_layer if is_banked else run_fast_layer)


@cache
def bank_kernel_for(how: How) -> Any:
    """Return the kernel for such layers where the queue is in banks, likewise."""
    sources, contexts, set_words, windows, is_banked, has_patches = SOURCES, *how

    def run_fast_banks(x: BankMemory, start_cycle: int) -> tuple[int, int]:
        if sources < 0:
            return STUCK, start_cycle
        return run_queue_banks(x, How(contexts, set_words, windows, is_banked, has_patches), start_cycle)

    def run_banked_banks(x: BankMemory, start_cycle: int) -> tuple[int, int]:
        if sources < 0:
            return STUCK, start_cycle
        return run_banked_queue_banks(
            x, How(contexts, set_words, windows, is_banked, has_patches), start_cycle
        )

    return _njit(cache=True, nogil=True, _nrt=False)(run_banked_banks if is_banked else run_fast_banks)


@cache
def window_kernel_for(how: How) -> Any:
    """Return the kernel for layers whose windows lie in contexts, likewise."""
    sources, contexts, set_words, windows, is_banked, has_patches = SOURCES, *how

    def run_fast_windows(x: WindowMemory, start_cycle: int) -> tuple[int, int]:
        if sources < 0:
            return STUCK, start_cycle
        return run_windows(x, How(contexts, set_words, windows, is_banked, has_patches), start_cycle)

    return _njit(cache=True, nogil=True, _nrt=False)(run_fast_windows)
