"""The report of `o3sim run`: layers, totals, PE-cycles and energy, and the comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

from rich.console import Console
from rich.table import Table

from o3sim.config.custom_code import custom_units
from o3sim.contract.counters import PeCycles
from o3sim.contract.declared import names_of
from o3sim.energy.units import UNITS
from o3sim.report.compare import PJ_PER_NJ, print_comparisons
from o3sim.report.console import make_table, print_note
from o3sim.report.host import host_note
from o3sim.report.numbers import ABSENT, grouped, percent, significant
from o3sim.report.pipeline import clock, print_pipeline
from o3sim.report.resident import resident_note
from o3sim.report.synthetic import synthetic_note
from o3sim.results.comparison import Comparison
from o3sim.results.measures import Measures
from o3sim.results.result import RunResult
from o3sim.runs.engines import describe

FAMILIES = {
    "useful": "use-\nful %",
    "waste": "waste\n%",
    "operand": "oper-\nand %",
    "weight": "weight\n%",
    "starved": "starved\n%",
    "wait": "wait\n%",
    "drain": "drain\n%",
}
"""Heading of each family of causes in the table of layers, which is too narrow for all causes."""

_CAUSES = {family: names_of(PeCycles, family=family) for family in FAMILIES}

_FEW = {
    "useful": ("use-\nful %", ("useful",)),
    "waste": ("waste\n%", ("waste",)),
    "stalled": ("stal-\nled %", ("operand", "wait")),
    "starved": ("star-\nved %", ("weight", "starved")),
    "drain": ("drain\n%", ("drain",)),
}
"""Heading and families of each column of the table of layers without `--wide`."""


def _legend(columns: Mapping[str, Sequence[str]]) -> str:
    sums = "; ".join(f"{name} = {' + '.join(each)}" for name, each in columns.items() if each != (name,))
    return f"useful ... drain are shares of PE-cycles and sum to 100: {sums}."


LAYER_LEGEND = f"{_legend(_CAUSES)} pruned: edges no PE evaluated, by threshold and by pooling."
FEW_LEGEND = (
    _legend({name: tuple(chain(*map(_CAUSES.__getitem__, each))) for name, (_, each) in _FEW.items()})
    + " pruned: edges no PE evaluated. More columns: --wide."
)

CLASSES_SHOWN = 12


def print_run(
    console: Console, result: RunResult, comparisons: Sequence[Comparison] = (), wide: bool = False
) -> None:
    """Write the whole report of a run; ``wide`` adds columns, and the details of a comparison."""
    images = f"{result.images} image{'s' if result.images != 1 else ''}"
    console.print(f"{result.architecture} on {result.workload}, {images}", style="bold")
    if result.synthetic:
        print_note(console, synthetic_note(result.synthetic))
    if result.float_ends:
        print_note(console, host_note(result.float_ends))
    every_run = (result, *(other.result for other in comparisons))
    exact_runs = [run for run in every_run if run.agreement is None]
    if exact_runs:
        console.print(f"outputs exact: {'yes' if all(run.outputs_exact for run in exact_runs) else 'NO'}")
    for run in every_run:
        if run.agreement is not None:
            print_note(console, speculative_note(run))
    for run in every_run:
        custom = custom_units(run.configuration)
        if custom:
            print_note(console, f"SimPy engine for {run.architecture}: {describe(custom)}")
    print_resident(console, every_run)
    console.print()
    console.print(layer_table(result) if wide else short_layer_table(result))
    print_note(console, LAYER_LEGEND if wide else FEW_LEGEND)
    console.print()
    for run in every_run:
        print_pipeline(console, run)
    console.print(totals_table(result))
    console.print(pe_cycle_table(result))
    console.print(energy_table(result))
    if comparisons:
        print_comparisons(console, result, comparisons, wide)


def print_resident(console: Console, runs: Sequence[RunResult]) -> None:
    """Say of each run whose weights stay on the chip what loading them took."""
    for run in runs:
        loaded = run.resident
        if loaded is not None:
            note = resident_note(run.architecture, loaded.layers, loaded.load_bits, loaded.load_cycles)
            energy = f"{significant(loaded.load_energy_pj / PJ_PER_NJ)} nJ"
            print_note(console, f"{note} ({energy})")


def speculative_note(result: RunResult) -> str:
    """Say what calling outcomes speculatively did on the images of a run."""
    accuracy = "" if result.accuracy is None else f", accuracy {100 * result.accuracy:.2f} %"
    return (
        f"{result.architecture}: NOT EXACT, outcomes are called speculatively; the class is the exact one for"
        f" {100 * (result.agreement or 0.0):.2f} % of these images{accuracy}"
    )


def layer_table(result: RunResult) -> Table:
    """Build the table of layers with all its columns; cycles and energy are means per image."""
    table = make_table(
        "Layers (per image)", 1,
        "layer", "cycles", *FAMILIES.values(),
        "pruned\nthr %", "pruned\npool %", "energy\nnJ", "fJ per\nedge", gap=1,
    )  # fmt: skip
    for layer in result.layers:
        table.add_row(layer.name, *_layer_cells(layer, result.images))
    table.add_section()
    table.add_row("all", *_layer_cells(result, result.images))
    return table


def _layer_cells(measures: Measures, images: int) -> list[str]:
    edges = measures.edges
    return [
        grouped(measures.cycles_per_image),
        *(percent(measures.pe_cycle_share(*causes)) for causes in _CAUSES.values()),
        percent(measures.edge_share(edges.pruned.threshold)),
        percent(measures.edge_share(edges.pruned.pooling)),
        significant(measures.energy_pj.total / images / PJ_PER_NJ),
        significant(measures.fj_per_edge),
    ]


def short_layer_table(result: RunResult) -> Table:
    """Build the table of layers with fewer columns."""
    headings = [heading for heading, _ in _FEW.values()]
    table = make_table(
        "Layers (per image)", 1, "layer", "cycles", *headings, "pruned\n%", "energy\nnJ", "fJ per\nedge",
        gap=1,
    )  # fmt: skip
    for layer in result.layers:
        table.add_row(layer.name, *_short_cells(layer, result.images))
    table.add_section()
    table.add_row("all", *_short_cells(result, result.images))
    return table


def _short_cells(measures: Measures, images: int) -> list[str]:
    families = (chain(*map(_CAUSES.__getitem__, each)) for _, each in _FEW.values())
    pruned = measures.edges.total - measures.edges.executed
    return [
        grouped(measures.cycles_per_image),
        *(percent(measures.pe_cycle_share(*causes)) for causes in families),
        percent(measures.edge_share(pruned)),
        significant(measures.energy_pj.total / images / PJ_PER_NJ),
        significant(measures.fj_per_edge),
    ]


def totals_table(result: RunResult) -> Table:
    """Build the table of totals, one figure a row."""
    edges = result.edges
    table = make_table("Totals", 2, "figure", "value")
    line_buffer_kbit = result.storage_kbit.line_buffer
    sizes = [("line buffer", f"{significant(line_buffer_kbit)} kbit")] if line_buffer_kbit else []
    for name, value in (
        ("accuracy", _accuracy(result)),
        ("classes", _classes(result.classes)),
        ("cycles per image", grouped(result.cycles_per_image)),
        ("latency", f"{significant(result.latency_us)} us at {clock(result)}"),
        ("images per second", significant(result.images_per_s)),
        *_area(result),
        ("utilisation", f"{percent(result.utilisation)} %"),
        ("edges per image", grouped(edges.total / result.images)),
        ("  executed", f"{percent(result.edge_share(edges.executed))} %"),
        ("  of which wasted", f"{percent(result.edge_share(edges.wasted))} %"),
        ("  pruned by threshold", f"{percent(result.edge_share(edges.pruned.threshold))} %"),
        ("  pruned by pooling", f"{percent(result.edge_share(edges.pruned.pooling))} %"),
        ("  pruned by argmax", f"{percent(result.edge_share(edges.pruned.argmax))} %"),
        ("energy per image", f"{significant(result.energy_pj_per_image / PJ_PER_NJ)} nJ"),
        ("energy per edge", f"{significant(result.fj_per_edge)} fJ (pruned edges counted)"),
        ("  on chip", f"{significant(result.on_chip_fj_per_edge)} fJ (without DRAM)"),
        ("efficiency", f"{significant(result.tops_per_watt)} TOPS/W (an edge is 2 operations)"),
        *sizes,
    ):
        table.add_row(name, value)
    return table


def _area(result: RunResult) -> list[tuple[str, str]]:
    """Say what the machine takes of a chip, and how fast it is for that."""
    if result.area is None:
        return []
    lut, ff, bram36 = grouped(result.area.lut), grouped(result.area.ff), f"{result.area.bram36:,g}"
    return [
        ("area", f"{lut} LUT, {ff} FF, {bram36} BRAM36 (estimated)"),
        ("images per second a kLUT", significant(result.area.images_per_s_per_klut)),
        ("clock estimate", f"{significant(result.area.clock_mhz)} MHz (ECP5, by {result.area.slowest_unit})"),
        ("images per second there", significant(result.area.images_per_s_at_clock)),
    ]


def _accuracy(result: RunResult) -> str:
    if result.accuracy is None:
        return f"{ABSENT} (no labels)"
    right = round(result.accuracy * result.images)
    return f"{percent(result.accuracy)} % ({right} of {result.images})"


def _classes(classes: Sequence[int | None]) -> str:
    if None in classes:
        return f"{ABSENT} (the workload names none)"
    shown = ", ".join(str(found) for found in classes[:CLASSES_SHOWN])
    more = len(classes) - CLASSES_SHOWN
    return f"{shown}, and {more} more" if more > 0 else shown


def pe_cycle_table(result: RunResult) -> Table:
    """Build the table of PE-cycles by cause."""
    table = make_table("PE-cycles by cause (per image)", 1, "cause", "PE-cycles", "%")
    for cause, count in result.pe_cycles.items():
        table.add_row(cause, grouped(count / result.images), percent(result.pe_cycle_share(cause)))
    return table


def energy_table(result: RunResult) -> Table:
    """Build the table of energy by unit."""
    table = make_table(f"Energy by unit (per image; {_table_name(result)})", 1, "unit", "nJ", "%")
    total_pj = result.energy_pj.total
    for unit in UNITS:
        pj = result.energy_pj[unit]
        share = pj / total_pj if total_pj else 0.0
        table.add_row(unit, significant(pj / result.images / PJ_PER_NJ), percent(share))
    return table


def _table_name(result: RunResult) -> str:
    return str(result.configuration["energy"]["table"])
