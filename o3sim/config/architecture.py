"""The architecture model: every size, rate and policy of the machine, with units in the names.

``docs/architecture.md`` explains each key; ``docs/machine.md`` says what the machine does with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from o3sim.config.array_sizes import array_conflicts, buffer_conflicts
from o3sim.config.buffers import ActivationBuffer, WeightBuffer
from o3sim.config.constant_time import release_conflicts
from o3sim.config.custom_code import CustomClass
from o3sim.config.dispatch import QUEUED, dispatch_conflicts, drop_strangers
from o3sim.config.marks import Conflict, Document
from o3sim.config.model import CrossCheckedModel, StrictModel
from o3sim.config.overrides import Overrides, laid_over, overrides_of
from o3sim.config.streaming import (
    STREAMING,
    Count,
    InputFifo,
    PoolingUnit,
    SkipFifo,
    SlidingWindow,
    StreamEnd,
    limits_of,
    streaming_conflicts,
)
from o3sim.config.unit_model import UnitModel, of_some

# Upper bounds are far beyond anything buildable; they catch slipped digits before memory does.
Cycles = Annotated[int, Field(ge=0, le=1_000_000)]
CyclesFromOne = Annotated[int, Field(ge=1, le=1_000_000)]
Policies = Literal["out_of_order", "in_order", "lockstep"]
Dispatches = Literal["central", "banked", "window", "group", "carousel"]


class ProcessingElements(UnitModel):
    """The PE array: each PE evaluates one word of edges a cycle."""

    unit: Literal["standard"] | CustomClass = Field(
        description="The PE: `standard`, or a class of yours (FILE.py:Class, relative to this file)."
    )
    count: Count = Field(description="Processing elements (PEs) in the array.")
    width_edges: Annotated[int, Field(ge=1, le=4096)] = Field(
        description="Edges one PE evaluates in one cycle; also the width of a buffer word, in bits."
    )
    latency_cycles: CyclesFromOne = Field(
        description="Cycles from a word going into a PE to its verdict (decided or not) being known."
    )
    contexts: Count = Field(description="Ops that one PE interleaves; 1 is a plain PE.")
    speculate: bool = Field(
        description="With every context's verdict still out: go on with the oldest op (true) or wait (false)."
    )
    pick: Literal["oldest", "barrel"] = of_some(
        "Whose word goes first in a PE that is handed windows: that of its oldest op (oldest), or that of the"
        " context after the last one served (barrel)."
    )


class Sequencer(UnitModel):
    """Walks a layer's ops in program order and dispatches them into the issue queue."""

    width_ops: Count = of_some("Ops looked at per cycle; a squashed one costs its place too.")
    order: Literal["window_major", "member_major"] = of_some(
        "All neurons of a pooling window one after another (window_major), or the first neuron of"
        " every window of a group, then the second, ... (member_major)."
    )
    outermost: Literal["channel", "position"] = Field(
        description="The outer loop of program order: output channels, or positions in the output map."
    )
    group_windows: Annotated[int, Field(ge=1, le=2**31 - 1)] = of_some(
        "Windows interleaved as one group by order member_major."
    )


class IssueQueue(StrictModel):
    """Dispatched ops that wait for a PE, by age."""

    depth_ops: Annotated[int, Field(ge=1, le=2**24)] = Field(description="Ops the issue queue holds.")


class Scheduler(UnitModel):
    """Gives work to PEs: ops out of the queue, or windows by counters."""

    dispatch: Dispatches = Field(
        default="central",
        description="How work comes to PEs: as ops out of one issue queue (central), as ops out of a queue in"
        " banks that each serve PEs of their own (banked), as windows that counters hand to contexts"
        " (window), as windows of channels that are bound to groups of PEs (group), or as such windows whose"
        " members join weight words that go round (carousel).",
    )
    policy: Policies | CustomClass = of_some(
        "Oldest ready ops anywhere in the queue (out_of_order); stop at the first op that is not"
        " ready (in_order); fill all PEs as one group that starts and ends together (lockstep); or a class of"
        " yours (FILE.py:Class, relative to this file)."
    )
    issue_width_ops: Count = of_some("Ops selected per cycle at most.")
    banks: Count = of_some(
        "Banks of the issue queue, each of which selects an op a cycle for PEs of its own (banked)."
    )
    select_cycles: Cycles = Field(
        default=0,
        description="Cycles from an op's selection, which takes a context, to its issue out of the queue.",
    )
    issue_latency_cycles: Cycles = Field(
        description="Cycles from an op's issue, or a window's hand-over, to its first word at the PE."
    )
    window_in_flight_ops: Count | Literal["unlimited"] = of_some(
        "Ops of one pooling window that may be in PEs at a time, or `unlimited`."
    )
    counters: Count = of_some("Counters that hand out windows, each to its own range of PEs.")
    windows_per_cycle: Count = of_some("Windows that a counter hands out per cycle at most.")
    groups: Count = of_some("Groups of PEs that output channels are bound to, with a counter each.")
    assignment: Literal["channel", "channel_balanced", "position", "skewed"] = of_some(
        "Which group evaluates a window: by its channel, in turns or so that groups have about as much to do"
        " by what `o3sim balance` measured (channel_balanced); by its position; or by both so that channels"
        " of a position are spread (skewed)."
    )
    open_channels: Count = of_some("Channels whose weight words a group streams at a time.")
    tiles: Literal["shared", "columns"] = of_some(
        "Whose windows the memories of PEs hold: the same tile of the map in all of them (shared), or in each"
        " its own columns of the map (columns)."
    )
    take_from_neighbour: Annotated[int, Field(ge=0, le=65_536)] = of_some(
        "Windows of a tile, at the near end of its right neighbour's columns, that a PE may take where none"
        " of its own is left; 0 with shared tiles."
    )
    bundle_positions: Count = of_some(
        "Neighbouring positions of a channel that are handed out together in a layer without a pool."
    )

    @property
    def has_queue(self) -> bool:
        """Whether ops come to PEs out of an issue queue, in one part or in banks."""
        return self.dispatch in QUEUED

    @property
    def most_selected(self) -> int:
        """Ops that are selected per cycle at most, but for lockstep groups: each bank selects one."""
        return self.banks or self.issue_width_ops


class Dram(StrictModel):
    """The off-chip memory that weights stream from."""

    bits_per_cycle: Annotated[int, Field(ge=1, le=2**20)] | Literal["ideal"] = Field(
        description="Weight bits that arrive per cycle, or `ideal`: a group arrives in one go."
    )
    latency_cycles: Cycles = Field(description="Cycles from the request of a weight group to its first bit.")


class OutputBuffer(StrictModel):
    """Collects retired bits, OR-pooled, for the next layer."""

    write_width_ops: Count = Field(
        description="Retirements written per cycle at most, one of a PE, PE after PE."
    )
    release: Literal["when_final", "worst_case"] = Field(
        default="when_final",
        description="When a window's bit goes to its bank: once it is final, which a 1 makes it early"
        " (when_final), or with the last of its ops, whatever comes out (worst_case): with nothing pruned"
        " everything then takes every image the same time.",
    )


class Pruning(UnitModel):
    """Which work is dropped once it cannot change an output: but for `speculative`, none ever does."""

    threshold: bool = Field(description="Stop an op once its remaining edges cannot change its outcome.")
    pooling: bool = Field(description="Squash ops whose pooling windows are all 1 already.")
    squash_latency_cycles: CyclesFromOne = of_some(
        "Cycles from a retired 1 marking its window to the queue and the PEs seeing it."
    )
    argmax: bool = Field(
        default=False, description="Drop classes of the last layer that can no longer come out highest."
    )
    speculative: bool = Field(
        default=False,
        description="Call outcomes that are only likely, by the workload's bounds. Outputs are not exact.",
    )


class Energy(StrictModel):
    """What counted events cost."""

    table: Annotated[str, Field(min_length=1)] = Field(
        description="Name of a shipped energy table, or a YAML file (relative to this one)."
    )


def _unstated(part: type[Overrides]) -> Any:
    """Let a part be left out; it then states nothing."""
    return Field(default=part(), description=part.__doc__)


if TYPE_CHECKING:  # made below from the units' own models, which a type checker cannot follow

    class Stage(Overrides):
        """The units of one layer of a pipelined machine, where they differ from the machine's."""

else:
    # Each by a name of its own in this module, where pickle looks for it.
    _made = partial(overrides_of, module=__name__)
    StagePEs = _made("StagePEs", ProcessingElements, without=("unit", "pick"))
    StageSequencer = _made("StageSequencer", Sequencer)
    StageIssueQueue = _made("StageIssueQueue", IssueQueue)
    # Windows are handed out by counters in machines that run one layer at a time only.
    _counted = "counters", "windows_per_cycle", "groups", "assignment", "bundle_positions"
    _of_carousels = "open_channels", "tiles", "take_from_neighbour"
    _not_of_stages = "dispatch", "banks", *_counted, *_of_carousels
    StageScheduler = _made("StageScheduler", Scheduler, without=_not_of_stages, policy=Policies)
    StageActivationBuffer = _made(
        "StageActivationBuffer",
        ActivationBuffer,
        without=("patch_kbit", "broadcast_words", "share_patch_reads"),
    )
    StageWeightBuffer = _made("StageWeightBuffer", WeightBuffer, without=("resident_kbit",))
    StageOutputBuffer = _made("StageOutputBuffer", OutputBuffer)
    StageInputFifo = _made("StageInputFifo", InputFifo)
    StageSkipFifo = _made("StageSkipFifo", SkipFifo)
    StageSlidingWindow = _made("StageSlidingWindow", SlidingWindow)
    StagePoolingUnit = _made("StagePoolingUnit", PoolingUnit)
    # Outcomes are called for the network as a whole: one layer's calls are the next one's input.
    StagePruning = _made("StagePruning", Pruning, without=("speculative",))

    class Stage(Overrides):
        """The units of one layer of a pipelined machine, where they differ from the machine's."""

        pe: StagePEs = _unstated(StagePEs)
        sequencer: StageSequencer = _unstated(StageSequencer)
        issue_queue: StageIssueQueue = _unstated(StageIssueQueue)
        scheduler: StageScheduler = _unstated(StageScheduler)
        activation_buffer: StageActivationBuffer = _unstated(StageActivationBuffer)
        weight_buffer: StageWeightBuffer = _unstated(StageWeightBuffer)
        output_buffer: StageOutputBuffer = _unstated(StageOutputBuffer)
        pruning: StagePruning = _unstated(StagePruning)
        input_fifo: StageInputFifo = _unstated(StageInputFifo)
        skip_fifo: StageSkipFifo = _unstated(StageSkipFifo)
        sliding_window: StageSlidingWindow = _unstated(StageSlidingWindow)
        pooling_unit: StagePoolingUnit = _unstated(StagePoolingUnit)


SEQUENTIAL, PIPELINED = "layer_sequential", "layer_pipelined"


class Architecture(CrossCheckedModel):
    """One machine, completely: nothing has a hidden default."""

    name: Annotated[str, Field(min_length=1)] = Field(description="Name in reports.")
    description: str = Field(default="", description="One line for `o3sim list`.")
    clock_mhz: Annotated[float, Field(ge=0.000_001, le=1_000_000)] = Field(
        description="Clock in MHz; turns cycles into time, nothing else depends on it."
    )
    note: str = Field(default="", description="Text that reports of a run print beside its figures.")
    fits: Literal["zc706", "vcu118"] | None = Field(
        default=None,
        description="The chip that the machine is for, by its board (zc706, vcu118): one that it does not fit"
        " is refused (docs/area.md). Without it, it is held against none.",
    )
    organization: Literal["layer_sequential", "layer_pipelined"] = Field(
        description="How layers share the machine: one after another, each a barrier (layer_sequential), or"
        " all at once, each on units of its own (layer_pipelined)."
    )
    stages: tuple[Stage, ...] = Field(
        default=(),
        description="What the units of a layer differ in, layer by layer, in layer_pipelined. Without it all"
        " layers have the units as stated.",
    )
    pe: ProcessingElements
    sequencer: Sequencer
    issue_queue: IssueQueue = of_some(IssueQueue.__doc__ or "")
    scheduler: Scheduler
    activation_buffer: ActivationBuffer
    weight_buffer: WeightBuffer
    dram: Dram
    output_buffer: OutputBuffer
    pruning: Pruning
    energy: Energy
    input_fifo: InputFifo = of_some(InputFifo.__doc__ or "")
    skip_fifo: SkipFifo = of_some(SkipFifo.__doc__ or "")
    sliding_window: SlidingWindow = of_some(SlidingWindow.__doc__ or "")
    pooling_unit: PoolingUnit = of_some(PoolingUnit.__doc__ or "")
    input_end: StreamEnd = of_some(StreamEnd.__doc__ or "")
    output_end: StreamEnd = of_some(StreamEnd.__doc__ or "")

    def fifo_limits(self, unit: str) -> tuple[int | None, int | None]:
        """Return the rows and words that ``input_fifo`` or ``skip_fifo`` holds; None: any number."""
        return limits_of(getattr(self, unit))

    @property
    def is_pipelined(self) -> bool:
        """Whether all layers run at once, each on units of its own."""
        return self.organization == PIPELINED

    def with_(self, changes: Mapping[str, Any]) -> Self:
        """Return this machine with some keys changed.

        Parameters
        ----------
        changes : mapping of str to value
            By dotted key, or nested as in a file; ``stages.3.pe.count`` is of the stage of layer 3, from
            0. Files in it are relative to the current folder.

        Raises
        ------
        ConfigError
            With everything that is wrong, each with its key.
        """
        from o3sim.config.changes import changed

        return changed(self, changes)

    @classmethod
    def of(cls, values: Mapping[str, Any], varied: Iterable[str] = ()) -> Self:
        """Make a machine of plain values, nested as in a file; the files that they name are not looked for.

        Parameters
        ----------
        values : mapping
            Strings, numbers, lists and mappings.
        varied : iterable of str
            Dotted keys that errors are laid at, where they are to blame.

        Raises
        ------
        ConfigError
            With everything that is wrong, in the words of :meth:`with_`.
        """
        from o3sim.config.changes import made_of

        return made_of(values, cls, varied)

    @classmethod
    def cross_field_problems(cls, data: Mapping[str, Any]) -> Iterator[Conflict]:
        """Yield what is wrong between keys; keys absent or of a wrong type are left to the model."""
        yield from dispatch_conflicts(data, data.get("organization") == PIPELINED)
        stages = data.get("stages") or ()
        if stages and data.get("organization") != PIPELINED:
            yield Conflict((("stages",), ("organization",)), f"are of organization {PIPELINED} only")
        yield from streaming_conflicts(data, data.get("organization") == SEQUENTIAL)
        if not stages:
            yield from array_conflicts(data, ())
            yield from release_conflicts(data, ())
        if data.get("organization") == SEQUENTIAL:
            yield from buffer_conflicts(data)
        for number, stage in enumerate(stages if isinstance(stages, list | tuple) else ()):
            if isinstance(stage, Mapping) and all(isinstance(part, Mapping) for part in stage.values()):
                own = laid_over(data, stage)
                yield from array_conflicts(own, ("stages", number))
                yield from release_conflicts(own, ("stages", number))

    @classmethod
    def inherit(cls, document: Document) -> None:
        """Drop what a document inherits of units that its machine has not."""
        drop_strangers(document)

    @model_serializer(mode="wrap")
    def _without_empty(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what only some architectures have."""
        values = handler(self).items()
        absent = "note", "fits", "stages", "issue_queue", *STREAMING
        return {key: value for key, value in values if value or key not in absent}
