"""Read a pipeline's figures off its stages, once it has run its images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from o3sim.contract.counters import NEIGHBOUR_CAUSES
from o3sim.results.pipeline import PipelineFigures, StageFigures
from o3sim.runs.pipeline.links import INPUT, SKIP

if TYPE_CHECKING:
    from o3sim.contract.counters import LayerCounters
    from o3sim.runs.pipeline.links import Link
    from o3sim.runs.pipeline.stages import Stage


def pipeline_figures(
    stages: Sequence[Stage],
    links: Sequence[Link],
    stream: tuple[Sequence[int], Sequence[int]],
    layers: Sequence[LayerCounters],
) -> PipelineFigures:
    """Read the figures off the stages of a pipeline that has run its images.

    Parameters
    ----------
    stages : sequence of Stage
    links : sequence of Link
    stream : tuple of sequences of int
        Cycle in which the first stage began with each image, and that of the last stage's last write.
    layers : sequence of LayerCounters
        By stage, each summed over the images.
    """
    entries, exits = stream
    found = tuple(
        _stage(stage, counters, [link for link in links if link.connection.reader == number], len(exits))
        for number, (stage, counters) in enumerate(zip(stages, layers, strict=True))
    )
    return PipelineFigures(
        latency_cycles=exits[0] - entries[0] + 1,
        initiation_interval_cycles=(exits[-1] - exits[0]) / (len(exits) - 1) if len(exits) > 1 else None,
        stream_cycles=exits[-1] - entries[0] + 1,
        slowest_stage=max(found, key=lambda stage: stage.work_cycles_per_image).name,
        stages=found,
    )


def _stage(stage: Stage, counters: LayerCounters, inputs: Sequence[Link], images: int) -> StageFigures:
    pe = stage.machine.pe
    at_work = sum(count for cause, count in counters.pe_cycles.items() if cause not in NEIGHBOUR_CAUSES)
    held = {link.connection.fifo: (link.rows_at_once, link.row_bits) for link in inputs}
    rows, row_bits = held.get(INPUT, (0, 0))
    skip_rows, skip_bits = held.get(SKIP, (0, 0))
    return StageFigures(
        name=counters.name,
        pe_count=pe.count,
        pe_width_edges=pe.width_edges,
        work_cycles_per_image=at_work / pe.count / images,
        rows_held=rows,
        row_buffer_kbit=rows * row_bits / 1024,
        skip_rows_held=skip_rows,
        skip_buffer_kbit=skip_rows * skip_bits / 1024,
    )
