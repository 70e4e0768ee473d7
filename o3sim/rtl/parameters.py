"""The parameters of the units: sizes of the machine by the names of their keys, and of the layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from o3sim.config.constant_time import WORST_CASE
from o3sim.config.dispatch import CAROUSEL
from o3sim.rtl.layer_sizes import (
    column_sizes,
    has_patches,
    memory_places,
    pool_size,
    shape,
    table_places,
    task_sizes,
    tile_sizes,
)
from o3sim.rtl.lists import is_listed, list_length

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry, Layer
    from o3sim.rtl.header import Size, Value


def parameters(architecture: Architecture, layers: Sequence[Layer], number: int) -> dict[str, Value]:
    """Return the parameters of the units, by name.

    Parameters
    ----------
    architecture : Architecture
    layers : sequence of Layer
        That run one after another.
    number : int
        Of the first, in its network.
    """
    geometries = [layer.geometry for layer in layers]
    of_carousel = _of_each([tile_sizes(layer, architecture) for layer in layers])
    return {
        **_machine(architecture, geometries, of_carousel),
        "LAYERS": len(layers),
        "LAYER_NUMBER": number,
        **_of_each([shape(geometry, architecture) for geometry in geometries]),
        **_of_each([task_sizes(geometry, architecture) for geometry in geometries]),
        **of_carousel,
        **(table_places(of_carousel) if of_carousel else {}),
        **_of_each([column_sizes(geometry, architecture) for geometry in geometries]),
        **memory_places(layers, architecture),
    }


def _of_each(sizes: list[dict[str, Size]]) -> dict[str, Value]:
    """Turn sizes of layers into one list for each name."""
    return {name: [each[name] for each in sizes] for name in sizes[0]}


def _machine(
    architecture: Architecture, geometries: Sequence[Geometry], of_carousel: dict[str, Value]
) -> dict[str, Value]:
    a = architecture
    pools = a.pruning.pooling and any(geometry.pool is not None for geometry in geometries)
    if a.scheduler.dispatch == CAROUSEL:
        way = _streams(a, of_carousel)
    else:
        way = _queue(a, pools) if a.scheduler.has_queue else _counters(a, geometries)
    return {
        "PE_COUNT": a.pe.count,
        "PE_WIDTH_EDGES": a.pe.width_edges,
        "PE_LATENCY_CYCLES": a.pe.latency_cycles,
        "PE_CONTEXTS": _most(of_carousel["CONTEXTS"]) if of_carousel else a.pe.contexts,
        "PE_SPECULATE": a.pe.speculate,
        "SEQUENCER_OUTERMOST": _named(a.sequencer.outermost),
        **way,
        "SCHEDULER_ISSUE_LATENCY_CYCLES": a.scheduler.issue_latency_cycles,
        "ACTIVATION_BUFFER_BANKS": _banks(a.activation_buffer.banks),
        "WEIGHT_BUFFER_BANKS": _banks(a.weight_buffer.banks),
        "OUTPUT_BUFFER_WRITE_WIDTH_OPS": a.output_buffer.write_width_ops,
        "OUTPUT_BUFFER_RELEASE_WORST_CASE": a.output_buffer.release == WORST_CASE,
        "PRUNING_THRESHOLD": a.pruning.threshold,
        "PRUNING_POOLING": pools,
        "CONTEXT_OUTCOMES": max(_context_outcomes(a, geometry) for geometry in geometries),
        "HAS_PATCHES": has_patches(a),
        "PLANES_BEGIN_WORDS": a.scheduler.dispatch == CAROUSEL,
    }


def _context_outcomes(a: Architecture, geometry: Geometry) -> int:
    """Return the outcomes of a context that wait to be written, at most."""
    is_bundle = not a.scheduler.has_queue and pool_size(geometry) == 1
    return (a.scheduler.bundle_positions or 1) if is_bundle else 1


def _queue(a: Architecture, pools: bool) -> dict[str, Value]:
    """Return what only machines with an issue queue have."""
    limit, policy = a.scheduler.window_in_flight_ops, a.scheduler.policy or ""
    width = a.pe.count * a.pe.contexts if policy == "lockstep" else a.scheduler.issue_width_ops or 1
    return {
        "SEQUENCER_WIDTH_OPS": a.sequencer.width_ops or 1,
        "SEQUENCER_ORDER": _named(a.sequencer.order),
        "SEQUENCER_GROUP_WINDOWS": a.sequencer.group_windows or 1,
        "ISSUE_QUEUE_DEPTH_OPS": a.issue_queue.depth_ops,
        "SCHEDULER_BANKS": a.scheduler.banks or 1,
        "SCHEDULER_POLICY": _named(policy),
        "SCHEDULER_ISSUE_WIDTH_OPS": width,
        "SCHEDULER_SELECT_CYCLES": a.scheduler.select_cycles,
        "SCHEDULER_WINDOW_IN_FLIGHT_OPS": limit if pools and isinstance(limit, int) else 0,
        "PRUNING_SQUASH_LATENCY_CYCLES": a.pruning.squash_latency_cycles or 1,
    }


def _counters(a: Architecture, geometries: Sequence[Geometry]) -> dict[str, Value]:
    """Return what only machines have whose counters hand out windows."""
    return {
        "PE_PICK": _named(a.pe.pick),
        "SCHEDULER_COUNTERS": a.scheduler.groups or a.scheduler.counters or 1,
        "SCHEDULER_GROUPS": a.scheduler.groups or 0,
        "SCHEDULER_ASSIGNMENT": "BY_LIST"
        if is_listed(a)
        else f"BY_{_named(a.scheduler.assignment or 'channel')}",
        "SCHEDULER_WINDOWS_PER_CYCLE": a.scheduler.windows_per_cycle or 1,
        "LIST_TASKS": max(list_length(geometry, a) for geometry in geometries),
    }


def _streams(a: Architecture, of_layers: dict[str, Value]) -> dict[str, Value]:
    """Return what only a carousel has; of open channels as many as the layer with most has."""
    groups = a.scheduler.groups or 1
    return {
        "SCHEDULER_GROUPS": groups,
        "SCHEDULER_OPEN_CHANNELS": _most(of_layers["OPEN_CHANNELS"]),
        "SCHEDULER_WINDOWS_PER_CYCLE": a.scheduler.windows_per_cycle or 1,
        "GROUP_BANKS": _banks(a.weight_buffer.banks) // groups,
        "PATCH_WORDS": (a.activation_buffer.patch_kbit or 0) * 1024 // a.pe.width_edges,
    }


def _most(sizes: Value) -> int:
    return max(int(size) for size in sizes) if isinstance(sizes, list) else int(sizes)


def _named(value: str | None) -> str:
    return (value or "").upper()


def _banks(banks: int | str) -> int:
    return banks if isinstance(banks, int) else 0
