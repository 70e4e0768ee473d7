"""The figures that only a pipeline of layers has: its rate, its latency, and its stages' work."""

from __future__ import annotations

from dataclasses import dataclass, replace

from o3sim.results.measures import Measures


@dataclass(frozen=True)
class StageFigures:
    """One stage.

    Attributes
    ----------
    pe_count, pe_width_edges : int
    work_cycles_per_image : float
        Cycles an image takes it, less those in which PEs wait for other stages (``input_wait`` and
        ``blocked`` over PEs).
    rows_held : int
        Input rows that wait before it or are in use, at most at a time; 0 in the first stage.
    row_buffer_kbit : float
        What these rows take, in kbit (1024 bits).
    skip_rows_held : int
        Rows of what it adds that wait or are in use, at most at a time; 0 if it adds nothing.
    skip_buffer_kbit : float
        What those take.
    """

    name: str
    pe_count: int
    pe_width_edges: int
    work_cycles_per_image: float
    rows_held: int
    row_buffer_kbit: float
    skip_rows_held: int = 0
    skip_buffer_kbit: float = 0.0


@dataclass(frozen=True)
class PipelineFigures:
    """A stream of images through a pipeline.

    Attributes
    ----------
    latency_cycles : int
        Latency of the first image, which finds the pipeline empty.
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
