"""The memory of a layer that goes round: what every kernel is handed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from o3sim.compiled.allocation import Allocation
from o3sim.compiled.carousel.records import Layer, Settings, layer_of, settings_of
from o3sim.compiled.carousel.stream_table import stream_table_of
from o3sim.compiled.carousel.units import Units, units_of
from o3sim.compiled.records.ledger import Ledger, ledger_of
from o3sim.compiled.records.output_bits import OutputBits, output_bits_of
from o3sim.compiled.records.trace import Trace
from o3sim.compiled.records.weight_stream import WeightGroups, weight_groups_of
from o3sim.contract.counters import LayerCounters

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.carousel.program import CarouselProgram


class CarouselMemory:
    """All that a layer needs while it runs."""

    settings: Settings
    layer: Layer
    units: Units
    output_bits: OutputBits
    weight_groups: WeightGroups
    trace: Trace
    ledger: Ledger
    counts: LayerCounters


def carousel_memory_of(
    program: CarouselProgram,
    first_group: int,
    architecture: Architecture,
    stream: Allocation,
    trace: dict[str, Any],
    start_cycle: int,
) -> Allocation:
    """Lay out a layer: bounded by the layer and the machine.

    Parameters
    ----------
    program : CarouselProgram
    first_group : int
        Number of the first of its weight groups among those of all layers.
    architecture : Architecture
    stream : Allocation
        The weight stream, which outlives the layer.
    trace : dict
        Which events are noted.
    start_cycle : int
        First cycle of the layer.
    """
    streams = stream_table_of(program)
    windows, contexts = len(program.members), architecture.pe.count * program.sizes.contexts
    most_written = min(architecture.output_buffer.write_width_ops, contexts)
    units = {
        "settings": settings_of(architecture),
        "layer": layer_of(program, streams, architecture),
        "units": units_of(program, streams, architecture, start_cycle),
        "output_bits": output_bits_of(architecture, most_written, 0),
        "weight_groups": weight_groups_of(program.weight_groups, first_group, windows, stream),
        "trace": trace,
        "ledger": ledger_of(),
        "counts": {"ops": program.ops, "edges_total": program.total_edges},
    }
    return Allocation(CarouselMemory, units)
