"""The figures that only a pipeline of layers has: its rate, its latency, and its stages' work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from o3sim.results.measures import Measures

if TYPE_CHECKING:
    from o3sim.machine.counters import LayerCounters
    from o3sim.network.layer import Geometry
    from o3sim.pipeline.stream import Pipeline, Stage


@dataclass(frozen=True)
class StageFigures:
    """One stage.

    Attributes
    ----------
    pe_count, pe_width_edges : int
    work_cycles_per_image : float
        Cycles an image takes it, less those in which PEs wait for rows (``input_wait`` over PEs).
    rows_held : int
        Input rows that wait before it or are in use, at most at a time; 0 in the first stage.
    row_buffer_kbit : float
        What these rows take, in kbit (1024 bits).
    """

    name: str
    pe_count: int
    pe_width_edges: int
    work_cycles_per_image: float
    rows_held: int
    row_buffer_kbit: float


@dataclass(frozen=True)
class PipelineFigures:
    """A stream of images through a pipeline.

    Attributes
    ----------
    latency_cycles : int
        Of the first image, which finds the pipeline empty.
    initiation_interval_cycles : float or None
        Mean cycles between the ends of two images; None for one image.
    stream_cycles : int
        From the first image's entry to the last one's end.
    slowest_stage : str
        Name of the one with most work.
    stages : tuple of StageFigures
    """

    latency_cycles: int
    initiation_interval_cycles: float | None
    stream_cycles: int
    slowest_stage: str
    stages: tuple[StageFigures, ...]


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


def of_stream(measures: Measures, figures: PipelineFigures, images: int, clock_mhz: float) -> Measures:
    """Put the stream's cycles, latency and rate in the place of the sums over its stages."""
    latency_us = figures.latency_cycles / clock_mhz
    interval = figures.initiation_interval_cycles
    return replace(
        measures,
        cycles=figures.stream_cycles,
        cycles_per_image=figures.stream_cycles / images,
        latency_us=latency_us,
        images_per_s=1e6 * clock_mhz / (figures.latency_cycles if interval is None else interval),
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
