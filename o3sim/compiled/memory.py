"""The memory of a layer: a record of the records of all units, which is what every kernel is handed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from o3sim.compiled.allocation import Allocation
from o3sim.compiled.records.argmax_pruning import ArgmaxPruning, argmax_pruning_of
from o3sim.compiled.records.clock import Clock
from o3sim.compiled.records.gathering import Gatherings, gatherings_of
from o3sim.compiled.records.issue_queue import IssueQueue, issue_queue_of
from o3sim.compiled.records.layer import Layer, layer_of
from o3sim.compiled.records.ledger import Ledger, ledger_of
from o3sim.compiled.records.operand_supply import OperandSupply, operand_supply_of
from o3sim.compiled.records.ops import Ops, most_ops, ops_of
from o3sim.compiled.records.output_bits import OutputBits, output_bits_of
from o3sim.compiled.records.output_buffer import OutputBuffer, output_buffer_of
from o3sim.compiled.records.pe_array import PEArray, pe_array_of
from o3sim.compiled.records.scoreboard import Scoreboard, scoreboard_of
from o3sim.compiled.records.sequencer import Sequencer
from o3sim.compiled.records.settings import Settings, settings_of
from o3sim.compiled.records.skip_ahead import SkipAhead, skip_ahead_of
from o3sim.compiled.records.stage_rows import StageRows, stage_rows_of
from o3sim.compiled.records.trace import Trace
from o3sim.compiled.records.weight_stream import WeightGroups, weight_groups_of
from o3sim.compiled.records.windows import Windows, windows_of
from o3sim.contract.counters import LayerCounters
from o3sim.contract.weight_groups import WeightGroup

if TYPE_CHECKING:
    from typing import Any

    from o3sim.config.architecture import Architecture
    from o3sim.contract.gates import StageGates
    from o3sim.profile.profile import LayerProfile


class Memory:
    """All that a layer needs while it runs."""

    settings: Settings
    layer: Layer
    clock: Clock
    sequencer: Sequencer
    ops: Ops
    issue_queue: IssueQueue
    pe_array: PEArray
    skip_ahead: SkipAhead
    operand_supply: OperandSupply
    gathering: Gatherings
    output_buffer: OutputBuffer
    output_bits: OutputBits
    scoreboard: Scoreboard
    weight_groups: WeightGroups
    argmax_pruning: ArgmaxPruning
    stage_rows: StageRows
    windows: Windows
    trace: Trace
    ledger: Ledger
    counts: LayerCounters


def memory_of(
    profile: LayerProfile,
    groups: list[WeightGroup],
    first_group: int,
    architecture: Architecture,
    stream: Allocation,
    trace: dict[str, Any],
    gates: StageGates | None = None,
    is_open: bool = False,
) -> Allocation:
    """Lay out a layer: bounded by the layer and the machine.

    Parameters
    ----------
    profile : LayerProfile
    groups : list of WeightGroup
        The layer's weight groups.
    first_group : int
        Number of the first of them among those of all layers.
    architecture : Architecture
    stream : Allocation
        The weight stream, which outlives the layer.
    trace : dict
        Which events are noted.
    gates : StageGates, optional
        What ops wait for in a stage of a pipeline.
    is_open : bool
        Whether some of that becomes known only while it is under way.
    """
    layer = layer_of(profile, architecture, gates is not None, bool(trace))
    ops, overlap = layer["ops"], layer["overlap"]
    slots = most_ops(architecture, ops)
    units = {
        "settings": settings_of(architecture),
        "layer": layer,
        "ops": ops_of(slots, overlap),
        "pe_array": pe_array_of(architecture, slots),
        "operand_supply": operand_supply_of(architecture),
        "output_buffer": output_buffer_of(architecture, slots),
        "scoreboard": scoreboard_of(slots, overlap, layer["windows"], layer["prunes_pooling"]),
        "weight_groups": weight_groups_of(groups, first_group, ops // layer["out_channels"], stream),
        "trace": trace,
        "ledger": ledger_of(),
    }
    if architecture.scheduler.has_queue:
        banks = architecture.scheduler.banks or 1
        selected = slots if architecture.scheduler.select_cycles else 0
        units["issue_queue"] = issue_queue_of(ops, architecture.sequencer.width_ops, banks, selected)
    else:
        prunes = architecture.pruning.pooling and profile.geometry.pool is not None and not profile.scores
        units["windows"] = windows_of(architecture, profile.geometry, groups, prunes, slots)
    if layer["gathers"]:
        units["gathering"] = gatherings_of(architecture)
    if layer["writes_back"]:
        most_final = min(architecture.output_buffer.write_width_ops, architecture.pe.count) * overlap
        most_final *= 1 + layer["sum_words"]
        counted_windows = layer["windows"] if layer["members"] > 1 else 0
        units["output_bits"] = output_bits_of(architecture, most_final, counted_windows)
    if layer["skips_ahead"]:
        units["skip_ahead"] = skip_ahead_of(architecture.pe.count)
    if layer["races"] and profile.race is not None:
        contexts = architecture.pe.count * architecture.pe.contexts
        units["argmax_pruning"] = argmax_pruning_of(profile.race, contexts, layer["table_words"])
    if gates is not None:
        units["stage_rows"] = stage_rows_of(profile.geometry, gates, layer["prunes_pooling"], is_open)
    return Allocation(Memory, units)
