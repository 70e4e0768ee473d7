"""What `o3sim run --dry-run` prints."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from o3sim.report.console import make_table, print_note
from o3sim.report.numbers import grouped, percent, significant
from o3sim.runs.estimate.estimate import RunEstimate

LEGEND = """\
at least: the slowest unit on what no pruning can save
at most: one word at a time and every wait in turn
expected: from the first rows of each layer on the first image, scaled up by words
of a pipeline of layers: cycles between two images of a long stream, which its slowest stage sets"""


def print_estimate(console: Console, estimate: RunEstimate) -> None:
    """Print what a run will take."""
    images = "1 image" if estimate.images == 1 else f"{estimate.images} images"
    console.print(f"{estimate.workload}, {images}: estimated, not run; nothing is written", style="bold")
    console.print(
        f"edges before pruning: {grouped(estimate.edges)} an image, {grouped(estimate.edges_in_all)} in all"
    )
    console.print()
    table = make_table(
        "Cycles of an image", 1, "architecture", "at least", "expected", "at most", "expected us"
    )
    for machine in estimate.machines:
        table.add_row(
            machine.name,
            grouped(machine.bounds.least),
            f"{machine.expected_cycles:.3g}"
            if machine.expected_cycles < 1000
            else grouped(machine.expected_cycles),
            grouped(machine.bounds.most),
            significant(machine.expected_us),
        )
    console.print(table)
    print_note(console, LEGEND)
    for machine in estimate.machines:
        if machine.load_cycles:
            loaded = f"{grouped(machine.load_cycles)} cycles to load weights that stay on the chip"
            print_note(console, f"{machine.name}: {loaded}, once, before the first image")
    for machine in estimate.machines:
        if machine.fast_ops is not None:
            print_note(console, f"{machine.name}: {fast_layers(machine.fast_ops, machine.general)}")
    console.print()
    jobs = "1 process" if estimate.jobs == 1 else f"{estimate.jobs} processes"
    shares = _shares(estimate.parts_s)
    print_note(console, f"wall time: about {duration(estimate.wall_s)} in {jobs} ({shares})")
    console.print(f"memory: about {grouped(estimate.memory_bytes / 1e6)} MB")


def fast_layers(share: float, general: Sequence[tuple[str, str]]) -> str:
    """Say which layers do not run fast, and why (``docs/engine.md``).

    >>> fast_layers(1.0, [])
    'all layers run fast'
    >>> fast_layers(0.0, [("conv1", "pe.contexts"), ("scores", "pe.contexts")])
    'no layer runs fast: pe.contexts'
    >>> fast_layers(0.875, [("conv1", "windows that overlap")])
    '87.5% of the ops run fast, not those of conv1 (windows that overlap)'
    """
    if not general:
        return "all layers run fast"
    reasons = dict.fromkeys(why for _, why in general)
    if share == 0:
        return f"no layer runs fast: {', '.join(reasons)}"
    names = [f"{', '.join(name for name, kept in general if kept == why)} ({why})" for why in reasons]
    return f"{percent(share)}% of the ops run fast, not those of {'; '.join(names)}"


def duration(seconds: float) -> str:
    """Write a time as one would say it.

    >>> [duration(s) for s in (0.034, 4.2, 75, 7300)]
    ['0.034 s', '4.2 s', '1 min 15 s', '2 h 1 min']
    """
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _shares(parts_s: Sequence[tuple[str, float]]) -> str:
    total = sum(seconds for _, seconds in parts_s)
    return ", ".join(f"{name} {percent(seconds / total)}%" for name, seconds in parts_s)
