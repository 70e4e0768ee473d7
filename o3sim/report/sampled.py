"""What every report says of a run of which layers were sampled."""

from __future__ import annotations

from collections.abc import Sequence

from o3sim.report.numbers import percent
from o3sim.results.result import RunResult

MARK = " ~"
"""Behind the name of a sampled layer."""


def sampled_note(result: RunResult) -> str:
    """Say what was sampled, and how far the figures of a run may be off; nothing if nothing was."""
    sampled = result.sampled
    if sampled is None:
        return ""
    events, halves = result.events, sampled.half_widths
    figures = (
        ("cycles", halves.cycles, result.cycles),
        ("activation reads", halves.activation_reads, events.activation_reads),
        ("line buffer reads", halves.line_buffer_reads, events.line_buffer_reads),
        ("weight reads", halves.weight_reads, events.weight_reads),
        ("energy", halves.energy_pj, result.energy_pj.total),
    )
    off = ", ".join(f"{name} +-{_percent(half, whole)} %" for name, half, whole in figures if half)
    return (
        f"{result.architecture}: SAMPLED (docs/sampling.md), seed {sampled.seed}:"
        f" {percent(sampled.simulated_ops_share)} % of the ops were run, stretches of layers marked{MARK};"
        f" 95 % intervals of the whole: {off}"
    )


def layer_name(result: RunResult, name: str) -> str:
    """Return the name of a layer for a table: marked if it was sampled."""
    sampled = result.sampled
    is_sampled = sampled is not None and any(layer.name == name for layer in sampled.layers)
    return name + MARK if is_sampled else name


def interval_of_layers(result: RunResult) -> str:
    """Say how far the cycles of each sampled layer may be off; nothing if none was sampled."""
    if result.sampled is None:
        return ""
    cycles = {layer.name: layer.cycles for layer in result.layers}
    each = (
        f"{layer.name} +-{_percent(layer.half_widths.cycles, cycles[layer.name])} %"
        for layer in result.sampled.layers
    )
    return f"{MARK.strip()} sampled; 95 % intervals of cycles: {', '.join(each)}."


def choice_note(name: str, layers: Sequence[str], ops_share: float, others: Sequence[tuple[str, str]]) -> str:
    """Say what would be sampled, and what keeps other layers from it.

    >>> print(choice_note("o3bnn", ["conv1"], 0.25, [("conv2", "dram.bits_per_cycle")]))
    o3bnn: --sample would run 25.0 % of the ops: stretches of conv1, all of conv2 (dram.bits_per_cycle)
    """
    whole = f", all of {', '.join(f'{layer} ({reason})' for layer, reason in others)}" if others else ""
    stretches = f"stretches of {', '.join(layers)}"
    return f"{name}: --sample would run {percent(ops_share)} % of the ops: {stretches}{whole}"


def _percent(half: float, whole: float) -> str:
    return f"{100 * half / whole:.2g}" if whole else "0"
