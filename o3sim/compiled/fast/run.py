"""Run a layer fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from o3sim.compiled.allocation import Allocation, located
from o3sim.compiled.fast.choice import is_banked
from o3sim.compiled.fast.dispatch.memory import window_memory_of
from o3sim.compiled.fast.how import how_for, how_for_windows
from o3sim.compiled.fast.kernels import kernel_for, window_kernel_for
from o3sim.compiled.fast.memory import fast_memory_of, program_of, windows_of
from o3sim.compiled.fast.program import unpack_outputs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from o3sim.config.architecture import Architecture
    from o3sim.contract.weight_groups import WeightGroup
    from o3sim.profile.profile import LayerProfile


def run_fast(
    architecture: Architecture,
    profile: LayerProfile,
    groups: list[WeightGroup],
    first_group: int,
    stream: Allocation,
    start_cycle: int,
) -> tuple[Allocation, NDArray[np.uint8], int, int]:
    """Run a layer; return its memory, its output bits, how it ended and when."""
    windows_kind = windows_of(architecture, profile)
    program = program_of(profile, groups, architecture, windows_kind)
    if architecture.scheduler.has_queue:
        memory = fast_memory_of(profile, groups, first_group, architecture, stream, program, windows_kind)
        how = how_for(architecture.pe.count, architecture.pe.contexts, windows_kind, is_banked(architecture))
        kernel = kernel_for(how)
    else:
        memory = window_memory_of(profile, groups, first_group, architecture, stream, program)
        has_patches = architecture.activation_buffer.patch_kbit is not None
        how = how_for_windows(architecture.pe.count, architecture.pe.contexts, has_patches)
        kernel = window_kernel_for(how)
    done, cycle = kernel(memory.record, start_cycle)
    ones = memory.table("output.retired_ones.words")
    program.record["retired_ones"] = located(ones, ones.dtype).address
    unpack_outputs(program)
    return memory, program.table("output")["bit"], done, cycle
