"""Run a layer fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from o3sim.compiled.allocation import Allocation, located
from o3sim.compiled.fast.choice import is_banked, queue_banks
from o3sim.compiled.fast.dispatch.memory import window_memory_of
from o3sim.compiled.fast.how import how_for, how_for_banks, how_for_windows
from o3sim.compiled.fast.kernels import bank_kernel_for, kernel_for, window_kernel_for
from o3sim.compiled.fast.memory import fast_memory_of, program_of, windows_of
from o3sim.compiled.fast.program import unpack_outputs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from o3sim.config.architecture import Architecture
    from o3sim.contract.weight_groups import WeightGroup
    from o3sim.profile.profile import LayerProfile


class FastLayer:
    """A layer that runs fast, or a section of it: windows that follow one another in program order.

    Parameters
    ----------
    groups : list of WeightGroup
        The layer's; one, of all channels, for a section.
    section : range, optional
        Places in program order; all if not given.

    Attributes
    ----------
    memory : Allocation
    ops : int
    """

    def __init__(
        self,
        architecture: Architecture,
        profile: LayerProfile,
        groups: list[WeightGroup],
        first_group: int,
        stream: Allocation,
        section: range | None = None,
    ) -> None:
        windows_kind = windows_of(architecture, profile)
        program = self._program = program_of(profile, groups, architecture, windows_kind, section)
        pes, contexts = architecture.pe.count, architecture.pe.contexts
        if architecture.scheduler.has_queue:
            if section is not None:
                # As if all ops were of one channel.
                groups = [group._replace(first_channel=0, last_channel=1) for group in groups]
            memory = fast_memory_of(profile, groups, first_group, architecture, stream, program, windows_kind)
            if queue_banks(architecture) > 0:
                self._kernel = bank_kernel_for(how_for_banks(is_banked(architecture)))
            else:
                self._kernel = kernel_for(how_for(pes, contexts, windows_kind, is_banked(architecture)))
        else:
            memory = window_memory_of(profile, groups, first_group, architecture, stream, program)
            has_patches = architecture.activation_buffer.patch_kbit is not None
            self._kernel = window_kernel_for(how_for_windows(pes, contexts, has_patches))
        self.memory = memory
        self.ops = len(program.table("op_records"))

    @property
    def ended_ops(self) -> int:
        """Ops that were written or squashed."""
        return int(self.memory.record["clock"]["ended_ops"])

    def run(self, start_cycle: int = 0, pause_ops: int | None = None) -> tuple[int, int]:
        """Run, or go on, to the end or until so many ops have ended; return how that came out and when."""
        self.memory.record["clock"]["pause_ops"] = self.ops if pause_ops is None else pause_ops
        how, cycle = self._kernel(self.memory.record, start_cycle)
        return how, cycle

    def output(self) -> NDArray[np.uint8]:
        """Return the output bits of a layer that has ended; those of other windows are 0."""
        ones = self.memory.table("output.retired_ones.words")
        self._program.record["retired_ones"] = located(ones, ones.dtype).address
        unpack_outputs(self._program)
        bits: NDArray[np.uint8] = self._program.table("output")["bit"]
        return bits


def run_fast(
    architecture: Architecture,
    profile: LayerProfile,
    groups: list[WeightGroup],
    first_group: int,
    stream: Allocation,
    start_cycle: int,
) -> tuple[Allocation, NDArray[np.uint8], int, int]:
    """Run a layer; return its memory, its output bits, how it ended and when."""
    layer = FastLayer(architecture, profile, groups, first_group, stream)
    how, cycle = layer.run(start_cycle)
    return layer.memory, layer.output(), how, cycle
