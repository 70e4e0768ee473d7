"""The memory of a fast layer whose windows lie in contexts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from o3sim.compiled.allocation import Allocation
from o3sim.compiled.fast.dispatch.records import WindowMemory
from o3sim.compiled.fast.memory import memory_parts_of
from o3sim.compiled.records.windows import windows_of
from o3sim.compiled.ring import ring_of

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.weight_groups import WeightGroup
    from o3sim.profile.profile import LayerProfile


def window_memory_of(
    profile: LayerProfile,
    groups: list[WeightGroup],
    first_group: int,
    architecture: Architecture,
    stream: Allocation,
    program: Allocation,
) -> Allocation:
    """Lay out what a layer needs while it runs; arguments as of :func:`o3sim.compiled.memory.memory_of`."""
    a, geometry = architecture, profile.geometry
    parts: dict[str, Any] = memory_parts_of(profile, groups, first_group, a, stream, program)
    prunes = a.pruning.pooling and geometry.pool is not None and not profile.scores
    contexts = a.pe.count * a.pe.contexts
    parts["layer"].update(pool_members=1, overlap=1)  # a window is written once
    return Allocation(
        WindowMemory,
        {
            **parts,
            "windows": windows_of(a, geometry, groups, prunes, contexts),
            "members": {
                "decided": ring_of(a.pe.count * a.pe.latency_cycles),
                "constants": ring_of(contexts),
            },
        },
    )
