"""A folding as a machine: the keys of a pipeline whose stages are FINN's matrix-vector units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from o3sim.network.finn.matrix_vector import inputs_of

if TYPE_CHECKING:
    from o3sim.network.finn.folding import Folding
    from o3sim.network.layer import Geometry


def folded_keys(shapes: Sequence[Geometry], folding: Folding) -> dict[str, Any]:
    """Return what a pipeline of folded units states beside what ``dense`` does.

    Parameters
    ----------
    shapes : sequence of Geometry
        Of the layers.
    folding : Folding
        Its SIMD counts inputs, of which one of several bits is as many edges.
    """
    rows = max(folding.pe)
    return {
        "organization": "layer_pipelined",
        "pe": {"latency_cycles": 1, "contexts": 1},
        "sequencer": {"width_ops": rows, "order": "member_major", "outermost": "position"},
        "activation_buffer": {"banks": "ideal", "line_buffer": True},
        "weight_buffer": {"banks": "ideal"},
        "output_buffer": {"write_width_ops": rows},
        "stages": [_stage(geometry, folding, number) for number, geometry in enumerate(shapes)],
    }


def _stage(geometry: Geometry, folding: Folding, number: int) -> dict[str, Any]:
    """Return the keys of a unit: a queue for the group at work and the next, a row of windows a group."""
    pe, simd = folding.pe[number], folding.simd[number]
    width = simd * geometry.planes
    words = -(-inputs_of(geometry) * geometry.planes // width)
    in_bits = geometry.in_height * geometry.in_width * geometry.in_channels * geometry.planes
    stage: dict[str, Any] = {
        "pe": {"count": pe, "width_edges": width},
        "issue_queue": {"depth_ops": 2 * pe},
        "activation_buffer": {"size_kbit": max(1, -(-in_bits // 1024))},
        "weight_buffer": {"size_kbit": max(1, -(-words * width * geometry.out_channels // 1024))},
    }
    if geometry.pool is not None:
        stage["sequencer"] = {"group_windows": geometry.pooled_width * geometry.out_channels}
    if folding.windows[number]:
        stage["sliding_window"] = {"channels_per_cycle": folding.windows[number]}
    if folding.pools[number]:
        stage["pooling_unit"] = {"channels_per_cycle": folding.pools[number]}
    return stage
