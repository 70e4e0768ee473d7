"""Read a pipeline's figures off its stages, once it has run its images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from o3sim.contract.counters import NEIGHBOUR_CAUSES
from o3sim.results.pipeline import PipelineFigures, StageFigures

if TYPE_CHECKING:
    from o3sim.contract.counters import LayerCounters
    from o3sim.network.layer import Geometry
    from o3sim.runs.pipeline.stages import Stage


def pipeline_figures(
    stages: Sequence[Stage],
    stream: tuple[Sequence[int], Sequence[int]],
    layers: Sequence[LayerCounters],
    shapes: Sequence[Geometry],
) -> PipelineFigures:
    """Read the figures off the stages of a pipeline that has run its images.

    Parameters
    ----------
    stages : sequence of Stage
    stream : tuple of sequences of int
        Cycle in which the first stage began with each image, and that of the last stage's last write.
    layers : sequence of LayerCounters
        By stage, each summed over the images.
    shapes : sequence of Geometry
        Shapes of the layers.
    """
    entries, exits = stream
    producers = (None, *shapes[:-1])
    found = tuple(
        _stage(stage, counters, producer, len(exits))
        for stage, counters, producer in zip(stages, layers, producers, strict=True)
    )
    return PipelineFigures(
        latency_cycles=exits[0] - entries[0] + 1,
        initiation_interval_cycles=(exits[-1] - exits[0]) / (len(exits) - 1) if len(exits) > 1 else None,
        stream_cycles=exits[-1] - entries[0] + 1,
        slowest_stage=max(found, key=lambda stage: stage.work_cycles_per_image).name,
        stages=found,
    )


def _stage(stage: Stage, counters: LayerCounters, producer: Geometry | None, images: int) -> StageFigures:
    pe = stage.machine.pe
    at_work = sum(count for cause, count in counters.pe_cycles.items() if cause not in NEIGHBOUR_CAUSES)
    row_bits = 0 if producer is None else producer.pooled_width * producer.out_channels
    return StageFigures(
        name=counters.name,
        pe_count=pe.count,
        pe_width_edges=pe.width_edges,
        work_cycles_per_image=at_work / pe.count / images,
        rows_held=stage.rows_at_once,
        row_buffer_kbit=stage.rows_at_once * row_bits / 1024,
    )
