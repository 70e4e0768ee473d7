"""The loops over cycles that the layers of a machine run on, compiled or loaded before they are called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from numba import types
from numba.np.numpy_support import from_struct_dtype

from o3sim.compiled.carousel.cycle import run_carousel
from o3sim.compiled.carousel.memory import CarouselMemory
from o3sim.compiled.cycle import run_layer
from o3sim.compiled.dispatch.cycle import run_windows
from o3sim.compiled.fast.choice import is_banked, queue_banks, why_general
from o3sim.compiled.fast.dispatch.records import WindowMemory
from o3sim.compiled.fast.how import how_for, how_for_banks, how_for_windows
from o3sim.compiled.fast.kernels import bank_kernel_for, kernel_for, window_kernel_for
from o3sim.compiled.fast.memory import windows_kind_of
from o3sim.compiled.fast.program import Program, packing_kernels
from o3sim.compiled.fast.queue_banks.places import Places, placing_kernel
from o3sim.compiled.fast.queue_banks.records import BankMemory
from o3sim.compiled.fast.records import FastMemory
from o3sim.compiled.memory import Memory
from o3sim.compiled.record import dtype_of
from o3sim.config.dispatch import CAROUSEL

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Sized


class Loop(NamedTuple):
    """A kernel, and what it is called with: the record of a kind, and a cycle if it takes one."""

    kernel: Any
    memory: type
    takes_cycle: bool = True

    def load(self) -> None:
        """Load it from Numba's cache, or compile it."""
        record = from_struct_dtype(dtype_of(self.memory))
        self.kernel.compile((record, types.int64) if self.takes_cycle else (record,))


def loops_of(architecture: Architecture, layers: Iterable[Sized]) -> set[Loop]:
    """Name the loops that these layers run on, whose events nobody asks for."""
    return {loop for layer in layers for loop in _loops_of_layer(architecture, layer)}


def _loops_of_layer(architecture: Architecture, layer: Sized) -> list[Loop]:
    a, geometry, scores = architecture, layer.geometry, layer.scores
    if a.scheduler.dispatch == CAROUSEL:
        return [Loop(run_carousel, CarouselMemory, takes_cycle=False)]
    if why_general(a, geometry, scores=scores, races=scores) is not None:
        return [Loop(run_layer if a.scheduler.has_queue else run_windows, Memory)]
    packing = [Loop(kernel, Program, takes_cycle=False) for kernel in packing_kernels()]
    if queue_banks(a) > 0:
        placing = Loop(placing_kernel(), Places, takes_cycle=False)
        return [Loop(bank_kernel_for(how_for_banks(is_banked(a))), BankMemory), placing, *packing]
    if a.scheduler.has_queue:
        how = how_for(a.pe.count, a.pe.contexts, windows_kind_of(a, geometry, scores=scores), is_banked(a))
        return [Loop(kernel_for(how), FastMemory), *packing]
    how = how_for_windows(a.pe.count, a.pe.contexts, a.activation_buffer.patch_kbit is not None)
    return [Loop(window_kernel_for(how), WindowMemory), *packing]
