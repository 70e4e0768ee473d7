"""The part of a run's report that only a pipeline of layers has."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from o3sim.report.console import make_table, print_note
from o3sim.report.numbers import ABSENT, grouped, percent, significant
from o3sim.results.pipeline import PipelineFigures
from o3sim.results.result import RunResult

LEGEND = (
    "work: cycles an image takes the stage, less those in which its PEs wait for rows; input wait: share of"
    " PE-cycles. rows held: input rows that wait or are in use, at most at a time; kbit they take."
)

SKIP_LEGEND = "skip rows, skip kbit: the same of the rows that a stage adds."

BLOCKED_LEGEND = (
    "blocked: share of PE-cycles in which the next stage has no room for a row; work is without them too."
)


def clock(result: RunResult) -> str:
    """Write the clock of a run."""
    return f"{result.configuration['clock_mhz']:g} MHz"


def print_pipeline(console: Console, result: RunResult) -> None:
    """Write the rate, the latency and the stages of a run, if it is one of a pipeline, and its note."""
    figures = result.pipeline
    if figures is not None:
        console.print(_summary(result, figures))
        console.print(stage_table(result, figures))
        print_note(console, LEGEND)
        if any(layer.pe_cycles["blocked"] for layer in result.layers):
            print_note(console, BLOCKED_LEGEND)
        if _has_skips(figures):
            print_note(console, SKIP_LEGEND)
    if result.configuration.get("note"):
        print_note(console, f"{result.architecture}: {result.configuration['note']}")
    if figures is not None:
        console.print()


def _has_skips(figures: PipelineFigures) -> bool:
    """Tell whether any stage adds what another one put out."""
    return any(stage.skip_rows_held for stage in figures.stages)


def _summary(result: RunResult, figures: PipelineFigures) -> str:
    interval = figures.initiation_interval_cycles
    apart = f"{ABSENT} (takes two images)" if interval is None else f"{grouped(interval)} cycles"
    return (
        f"{result.architecture}: a pipeline of {len(figures.stages)} stages, "
        f"the slowest {figures.slowest_stage}\n"
        f"  initiation interval: {apart}; {significant(result.images_per_s)} images/s at {clock(result)}\n"
        f"  latency of the first image: {grouped(figures.latency_cycles)} cycles, "
        f"{significant(result.latency_us)} us"
    )


def stage_table(result: RunResult, figures: PipelineFigures) -> Table:
    """Build the table of stages; cycles are means per image."""
    blocked = any(layer.pe_cycles["blocked"] for layer in result.layers)
    skips = _has_skips(figures)
    table = make_table(
        f"Stages of {result.architecture} (per image)", 1,
        "stage", "PEs", "edges\na PE", "work\ncycles", "input\nwait %",
        *(["bloc-\nked %"] if blocked else []), "rows\nheld", "row\nkbit",
        *(["skip\nrows", "skip\nkbit"] if skips else []),
    )  # fmt: skip
    for stage, layer in zip(figures.stages, result.layers, strict=True):
        table.add_row(
            stage.name,
            grouped(stage.pe_count),
            grouped(stage.pe_width_edges),
            grouped(stage.work_cycles_per_image),
            percent(layer.pe_cycle_share("input_wait")),
            *([percent(layer.pe_cycle_share("blocked"))] if blocked else []),
            grouped(stage.rows_held),
            significant(stage.row_buffer_kbit),
            *([grouped(stage.skip_rows_held), significant(stage.skip_buffer_kbit)] if skips else []),
        )
    return table
