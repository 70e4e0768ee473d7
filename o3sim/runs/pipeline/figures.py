"""Read a pipeline's figures off its stages, once it has run its images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from o3sim.results.pipeline import PipelineFigures, StageFigures

if TYPE_CHECKING:
    from o3sim.contract.counters import LayerCounters
    from o3sim.network.layer import Geometry
    from o3sim.runs.pipeline.stream import Pipeline, Stage


def pipeline_figures(
    pipeline: Pipeline, layers: Sequence[LayerCounters], shapes: Sequence[Geometry]
) -> PipelineFigures:
    """Read the figures off a pipeline that has run its images.

    Parameters
    ----------
    pipeline : Pipeline
    layers : sequence of LayerCounters
        By stage, each summed over the images.
    shapes : sequence of Geometry
        Of the layers.
    """
    entries, exits = pipeline.entries, pipeline.exits
    producers = (None, *shapes[:-1])
    stages = tuple(
        _stage(stage, counters, producer, len(exits))
        for stage, counters, producer in zip(pipeline.stages, layers, producers, strict=True)
    )
    return PipelineFigures(
        latency_cycles=exits[0] - entries[0] + 1,
        initiation_interval_cycles=(exits[-1] - exits[0]) / (len(exits) - 1) if len(exits) > 1 else None,
        stream_cycles=exits[-1] - entries[0] + 1,
        slowest_stage=max(stages, key=lambda stage: stage.work_cycles_per_image).name,
        stages=stages,
    )


def _stage(stage: Stage, counters: LayerCounters, producer: Geometry | None, images: int) -> StageFigures:
    pe = stage.machine.pe
    at_work = sum(counters.pe_cycles.values()) - counters.pe_cycles["input_wait"]
    row_bits = 0 if producer is None else producer.pooled_width * producer.out_channels
    return StageFigures(
        name=counters.name,
        pe_count=pe.count,
        pe_width_edges=pe.width_edges,
        work_cycles_per_image=at_work / pe.count / images,
        rows_held=stage.rows_at_once,
        row_buffer_kbit=stage.rows_at_once * row_bits / 1024,
    )
