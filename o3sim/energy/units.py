"""The units that energy is reported for, declared once: results, tables and figures follow."""

from __future__ import annotations

from dataclasses import dataclass

from o3sim.contract.declared import Declared, declared, names_of


@dataclass(frozen=True)
class EnergyPj(Declared[float]):
    """Energy in pJ, by the unit that spent it; the rules are in ``docs/energy.md``."""

    total: float = declared("the sum of the units")
    pe: float = declared("XNOR and popcount, running count, operand registers")
    threshold_compare: float = declared("comparisons of the running count with its bounds")
    activation_buffer: float = declared("reads for PEs or the line buffer, writes of the next layer's input")
    line_buffer: float = declared("reads for the PEs, writes that fill it")
    weight_buffer: float = declared("reads for the PEs, writes of what DRAM delivers")
    threshold_table: float = declared("thresholds read, and scales and shifts of sums")
    sums: float = declared("multiplications and additions of layers that make sums")
    patch_memory: float = declared("reads of PEs from memories of their own, and what is broadcast into them")
    activation_gather: float = declared("edge orders: tables read, activations brought into order")
    issue_queue: float = declared("dispatches and issues")
    scheduler: float = declared("selection and wake-up")
    sequencer: float = declared("ops looked up")
    scoreboard: float = declared("window states read and written")
    output_buffer: float = declared("verdicts taken and output bits held")
    dram: float = declared("weights streamed in")
    leakage: float = declared("leakage over the cycles")


UNITS = tuple(name for name in names_of(EnergyPj) if name != "total")
"""Without the total, in the order in which they are summed."""
