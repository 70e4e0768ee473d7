"""The report of `o3sim explain`: cycle stacks, limits, occupancy and depths as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum

from rich.console import Console
from rich.table import Table

from o3sim.contract.counters import LayerCounters
from o3sim.report.console import make_table, print_note
from o3sim.report.numbers import grouped, percent
from o3sim.report.resident import resident_note
from o3sim.report.synthetic import synthetic_note
from o3sim.runs.engines import custom_note
from o3sim.studies.whatif.measure import NOTEWORTHY, Explanation

STACK_LEGEND = (
    "Shares of PE-cycles in percent: each PE-cycle has one cause, and they sum to 100. useful, wasted and"
    " squashed are words that went in (needed, after the decision, of an op dropped later); all others are"
    " PE-cycles without a word. docs/machine.md, section 6, defines every cause."
)

OTHER_LEGEND = " other: all causes without a column, which --wide has."

LIMIT_LEGEND = (
    "limited by: the unit whose limits, taken away from this unit alone, save most cycles, if that is"
    f" {NOTEWORTHY:.0%} or more; several at once, if only all of them together save as much; else the PEs."
    " saves: cycles saved, measured by running again, for the PEs with twice as many."
)

PIPELINE_LEGEND = (
    "Of a pipeline: cycles of a stage are those in which it is occupied in the first table, and those of its"
    " work, without waits for rows, in the others; `all` is the stream, from the first image's entry to the"
    " last one's end."
)

DEPTH_LEGEND = (
    "Share of neurons decided within so many percent of their edges: a property of network and image, not of"
    " the machine. none: constant neurons. mean: edges needed, in percent."
)

CALLED_DEPTH_LEGEND = (
    "Share of neurons called or decided within so many percent of their edges: a property of network, its"
    " bounds and image. none: constant neurons. mean: edges taken, in percent."
)

MOST_CAUSES = 8
"""Columns of the cycle stack that fit; without `--wide` the causes of least PE-cycles have one together."""

DEPTH_STEPS = (0, 25, 50, 60, 70, 80, 90, 99)
BAR_COLUMNS = 60
HISTOGRAM_ROWS = 10
_HEADINGS = {
    "useful": "use-\nful", "wasted": "was-\nted", "squashed": "squa-\nshed", "operand_stall": "oper-\nand",
    "write_stall": "write", "verdict_wait": "ver-\ndict", "weight_wait": "wei-\nghts",
    "issue_wait": "issue", "no_ready_op": "none\nready", "queue_empty": "queue\nempty",
    "drain": "drain",
}  # fmt: skip


def print_explanation(console: Console, found: Explanation, wide: bool = False) -> None:
    """Write the whole report; ``wide`` with all columns."""
    source, case = found.source, found.source.case
    count = f"{len(case)} image{'s' if len(case) != 1 else ''}"
    cycles = grouped(found.cycles.total / len(case))
    title = f"{source.architecture.name} on {case.network.name}, {count}: {cycles} cycles an image"
    console.print(title, style="bold")
    if case.synthetic:
        print_note(console, synthetic_note(case.synthetic))
    note = custom_note(source.architecture)
    if note is not None:
        print_note(console, note)
    loaded = found.resident
    if loaded.layers:
        names = tuple(found.layers[number].name for number in loaded.layers)
        about = resident_note(source.architecture.name, names, loaded.load_bits, loaded.load_cycles)
        print_note(console, about)
    console.print()
    console.print(stack_table(found, wide))
    print_note(console, STACK_LEGEND + ("" if wide else OTHER_LEGEND))
    console.print()
    console.print(limit_table(found))
    print_note(console, LIMIT_LEGEND)
    console.print()
    console.print(what_if_table(found, wide))
    if found.counts.pipeline is not None:
        print_note(console, PIPELINE_LEGEND)
    _print_occupancy(console, found)
    console.print(depth_table(found))
    speculative = source.architecture.pruning.speculative
    print_note(console, CALLED_DEPTH_LEGEND if speculative else DEPTH_LEGEND)


def stack_table(found: Explanation, wide: bool = False) -> Table:
    """Build the cycle stack of every layer and of the run."""
    images, whole = len(found.source.case), LayerCounters("all")
    for counters in found.layers:
        whole.add(counters)
    causes = _shown(whole, wide)
    rest = [cause for cause in whole.pe_cycles if cause not in causes]
    headings = [_HEADINGS.get(cause, cause.replace("_", "\n")) for cause in causes]
    headings += [] if wide else ["other"]
    table = make_table("Where the PE-cycles went (%)", 1, "layer", "cycles", *headings, gap=1)
    for counters in found.layers:
        table.add_row(
            counters.name, grouped(counters.cycles / images), *_stack_cells(counters, causes, rest, wide)
        )
    table.add_section()
    table.add_row("all", grouped(found.cycles.total / images), *_stack_cells(whole, causes, rest, wide))
    return table


def _shown(whole: LayerCounters, wide: bool) -> list[str]:
    """Return the causes that have a column, in their order."""
    if wide:
        return [cause for cause, count in whole.pe_cycles.items() if count or cause in _HEADINGS]
    most = sorted(whole.pe_cycles, key=whole.pe_cycles.__getitem__, reverse=True)[:MOST_CAUSES]
    return [cause for cause in whole.pe_cycles if cause in most and whole.pe_cycles[cause]]


def _stack_cells(
    counters: LayerCounters, causes: Sequence[str], rest: Sequence[str], wide: bool
) -> list[str]:
    total = sum(counters.pe_cycles.values())
    others = [] if wide else [percent(sum(counters.pe_cycles[cause] for cause in rest) / total)]
    return [*(percent(counters.pe_cycles[cause] / total) for cause in causes), *others]


def limit_table(found: Explanation) -> Table:
    """Build the table of what limits each layer."""
    table = make_table("What limits each layer", 2, "layer", "limited by", "cycles", "saves", "%")
    images = len(found.source.case)
    for number, counters in enumerate(found.layers):
        unit, share = found.limit(number)
        cycles = found.cycles.layers[number] / images
        table.add_row(counters.name, unit, grouped(cycles), grouped(share * cycles), percent(share))
    table.add_section()
    unit, share = found.limit()
    cycles = found.cycles.total / images
    table.add_row("all", unit, grouped(cycles), grouped(share * cycles), percent(share))
    return table


def what_if_table(found: Explanation, wide: bool = False) -> Table:
    """Build the table of what taking away each unit's limits brings; ``wide``: and what is changed."""
    title = "Without the limits of one unit (cycles per image)"
    columns = ("unit", *(["becomes"] if wide else []), "most in layer", "cycles", "saves %", "there %")
    table = make_table(title, 3 if wide else 2, *columns)
    for run in found.what_ifs:
        savings = [found.saving(run, number) for number in range(len(found.layers))]
        best = max(range(len(savings)), key=savings.__getitem__)
        table.add_row(
            run.what_if.unit,
            *([run.what_if.what] if wide else []),
            found.layers[best].name if savings[best] > 0 else "-",
            grouped(run.cycles.total / len(found.source.case)),
            percent(found.saving(run)),
            percent(savings[best]),
        )
    return table


def _print_occupancy(console: Console, found: Explanation) -> None:
    window, occupancy = found.window, found.occupancy
    whole = "all" if window.cycles == window.layer_cycles else f"the first {grouped(window.cycles)} of"
    console.print(
        f"Layer {window.name}, first image, {whole} {grouped(window.layer_cycles)} cycles", style="bold"
    )
    contexts = found.machine.pe.count * found.machine.pe.contexts
    waiting = "Neurons that wait in windows handed out (% of cycles)"
    if found.machine.scheduler.has_queue:
        depth = found.machine.issue_queue.depth_ops
        waiting = f"Ops in the issue queue of {grouped(depth)} (% of cycles)"
    for title, cycles_by_ops in (
        (waiting, occupancy.queued),
        (f"Neurons in flight, {grouped(contexts)} contexts in PEs (% of cycles)", occupancy.in_flight),
    ):
        console.print(f"\n{title}; mean {mean(cycles_by_ops):.1f}")
        for line in bars(cycles_by_ops):
            console.print(line)
    console.print()


def mean(cycles_by_ops: Mapping[int, int]) -> float:
    """Mean number of ops over all cycles.

    >>> mean({0: 1, 4: 3})
    3.0
    """
    cycles = sum(cycles_by_ops.values())
    return fsum(ops * count for ops, count in cycles_by_ops.items()) / cycles if cycles else 0.0


def bars(cycles_by_ops: Mapping[int, int]) -> list[str]:
    """Draw a histogram with text, in at most ten rows of equal width.

    >>> for line in bars({0: 1, 1: 3}):
    ...     print(line)
         0   25.0 % ###############
         1   75.0 % #############################################
    """
    most = max(cycles_by_ops)
    width = -(-(most + 1) // HISTOGRAM_ROWS)
    cycles = sum(cycles_by_ops.values())
    rows = [0] * (most // width + 1)
    for ops, count in cycles_by_ops.items():
        rows[ops // width] += count
    labels = [_range(row * width, min(most, row * width + width - 1)) for row in range(len(rows))]
    wide = max(6, *(len(label) for label in labels))
    shares = [count / cycles for count in rows]
    return [
        f"{label:>{wide}}  {percent(share):>5} % {'#' * round(BAR_COLUMNS * share)}".rstrip()
        for label, share in zip(labels, shares, strict=True)
    ]


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def depth_table(found: Explanation) -> Table:
    """Build the table of decision depths."""
    steps = ["none" if not step else f"{step} %" for step in DEPTH_STEPS]
    table = make_table("How deep neurons are decided (% of neurons)", 1, "layer", *steps, "mean")
    for depths in found.depths:
        shares = depths.cumulative
        table.add_row(
            depths.layer, *(percent(float(shares[step])) for step in DEPTH_STEPS), percent(depths.mean)
        )
    return table
