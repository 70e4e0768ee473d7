"""The comparison at the end of a run's report: speed-up, chip energy, and whether the peaks are the same."""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose

from rich.console import Console
from rich.table import Table

from o3sim.config.controls import CONTROLS
from o3sim.report.console import make_table, print_note
from o3sim.report.numbers import ABSENT, grouped, percent, ratio, significant
from o3sim.report.pipeline import clock
from o3sim.results.area import LUTS_PER_KLUT
from o3sim.results.comparison import Comparison, RatioSpread
from o3sim.results.result import RunResult

LEGEND = (
    "speed-up of {main} over each: its latency / that of {main}. chip: energy without DRAM; ratio: its energy"
    " / that of {main}. kLUT: 1,000 look-up tables, estimated (docs/area.md); im./s /kLUT: images a second"
    " for each."
)

SPREAD_LEGEND = " least, most: the same ratio of single images, over the {images} of the run."

MORE_LEGEND = " More columns: --wide."

WIDE_LEGEND = (
    "exec., pruned, wasted: shares of all edges. operand: share of PE-cycles that wait for a bank. energy"
    " ratio: with DRAM."
)

PJ_PER_NJ = 1000.0


def print_comparisons(
    console: Console, main: RunResult, comparisons: Sequence[Comparison], wide: bool = False
) -> None:
    """Write the comparison of a run, and a note for each machine whose peak is another."""
    console.print(compare_table(main, comparisons, wide))
    legend = LEGEND + (SPREAD_LEGEND if main.images > 1 else "") + ("" if wide else MORE_LEGEND)
    print_note(console, legend.format(main=main.architecture, images=main.images))
    for other in comparisons:
        if _of_other_peak(other):
            print_note(console, peak_note(main, other))
    if wide:
        console.print()
        console.print(wide_table(main, comparisons))
        print_note(console, WIDE_LEGEND)


def compare_table(main: RunResult, comparisons: Sequence[Comparison], wide: bool = False) -> Table:
    """Build the table of speed-up and chip energy: the main run first, then each other architecture.

    How far the chip energy spreads over the images is in the ``wide`` one.
    """
    peaks = any(map(_of_other_peak, comparisons))
    spread = ("least", "most") if main.images > 1 else ()
    table = make_table(
        f"{main.architecture} compared (per image)", 1,
        "architecture", *(("peak\nratio",) if peaks else ()), "latency\nus",
        "speed-\nup", *spread, "chip\nnJ", "chip\nratio", *(spread if wide else ()), "kLUT",
        "im./s\n/kLUT", gap=1,
    )  # fmt: skip
    for result, beside in ((main, None), *((other.result, other) for other in comparisons)):
        speed_up, energy = _ratios(beside)
        table.add_row(
            result.architecture,
            *((ABSENT if beside is None else f"{beside.peak_ratio:.3g}",) if peaks else ()),
            significant(result.latency_us),
            *speed_up[: 1 + len(spread)],
            significant(result.on_chip_pj / result.images / PJ_PER_NJ),
            *energy[: 1 + len(spread) * wide],
            *_per_area(result),
        )
    return table


def _per_area(result: RunResult) -> tuple[str, str]:
    """Return the cells of area, and of images a second for it."""
    if result.area is None:
        return ABSENT, ABSENT
    kluts = significant(result.area.lut / LUTS_PER_KLUT)
    return kluts, significant(result.area.images_per_s_per_klut)


def _ratios(beside: Comparison | None) -> tuple[list[str], list[str]]:
    """Return the cells of speed-up and of chip energy: the ratio, its least and its most."""
    if beside is None:
        return [ABSENT] * 3, [ABSENT] * 3
    return (
        [ratio(beside.speed_up), *_ends(beside.speed_up_spread)],
        [ratio(beside.on_chip_energy_ratio), *_ends(beside.on_chip_energy_ratio_spread)],
    )


def _ends(spread: RatioSpread | None) -> list[str]:
    return [ABSENT, ABSENT] if spread is None else [ratio(spread.least), ratio(spread.most)]


def wide_table(main: RunResult, comparisons: Sequence[Comparison]) -> Table:
    """Build the table of what else may differ."""
    table = make_table(
        "The same, in detail (per image)", 1,
        "architecture", "cycles", "exec.\n%", "pruned\nthr %", "pruned\npool %", "wasted\n%",
        "oper-\nand %", "energy\nnJ", "energy\nratio", gap=1,
    )  # fmt: skip
    for result, energy_ratio in ((main, None), *((each.result, each.energy_ratio) for each in comparisons)):
        edges = result.edges
        table.add_row(
            result.architecture,
            grouped(result.cycles_per_image),
            percent(result.edge_share(edges.executed)),
            percent(result.edge_share(edges.pruned.threshold)),
            percent(result.edge_share(edges.pruned.pooling)),
            percent(result.edge_share(edges.wasted)),
            percent(result.pe_cycle_share("operand_stall")),
            significant(result.energy_pj_per_image / PJ_PER_NJ),
            ratio(energy_ratio),
        )
    return table


def _of_other_peak(other: Comparison) -> bool:
    return not isclose(other.peak_ratio, 1)


def peak_note(main: RunResult, other: Comparison) -> str:
    """Say that a machine is larger or smaller than the main one, and what to compare with in its place."""
    name = other.result.architecture
    derived = f"--controls {name} derives a `{name}`" if name in CONTROLS else "--controls derives machines"
    times = f"{name} has {other.peak_ratio:.3g} times the peak of {main.architecture}"
    so = f"so the speed-up over it is that of another size too: {derived} of the same size"
    return f"{times} ({_peaks(other.result, main)}), {so}"


def _peaks(*results: RunResult) -> str:
    """Write peaks beside each other, and the clocks where they differ."""
    clocks = [f" at {clock(result)}" for result in results]
    shown = clocks if len(set(clocks)) > 1 else [""] * len(results)
    peaks = [f"{grouped(result.peak_edges_per_cycle)}{at}" for result, at in zip(results, shown, strict=True)]
    return f"{' beside '.join(peaks)} edges a cycle"
