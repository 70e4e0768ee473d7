"""The architecture model: every size, rate and policy of the machine, with units in the names.

``docs/architecture.md`` explains each key; ``docs/machine.md`` says what the machine does with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from o3sim.config.custom_code import CustomClass
from o3sim.config.marks import Conflict
from o3sim.config.model import StrictModel

# Upper bounds are far beyond anything buildable; they catch slipped digits before memory does.
Count = Annotated[int, Field(ge=1, le=65_536)]
Cycles = Annotated[int, Field(ge=0, le=1_000_000)]
CyclesFromOne = Annotated[int, Field(ge=1, le=1_000_000)]
Kilobits = Annotated[int, Field(ge=1, le=100_000_000)]
CountOrIdeal = Count | Literal["ideal"]


class ProcessingElements(StrictModel):
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


class Sequencer(StrictModel):
    """Walks a layer's ops in program order and dispatches them into the issue queue."""

    width_ops: Count = Field(description="Ops looked at per cycle; a squashed one costs its place too.")
    order: Literal["window_major", "member_major"] = Field(
        description="All neurons of a pooling window one after another (window_major), or the first neuron of"
        " every window of a group, then the second, ... (member_major)."
    )
    outermost: Literal["channel", "position"] = Field(
        description="The outer loop of program order: output channels, or positions in the output map."
    )
    group_windows: Annotated[int, Field(ge=1, le=2**31 - 1)] = Field(
        description="Windows interleaved as one group by order member_major."
    )


class IssueQueue(StrictModel):
    """Dispatched ops that wait for a PE, by age."""

    depth_ops: Annotated[int, Field(ge=1, le=2**24)] = Field(description="Ops the issue queue holds.")


class Scheduler(StrictModel):
    """Takes ops out of the queue and gives them to PEs."""

    policy: Literal["out_of_order", "in_order", "lockstep"] | CustomClass = Field(
        description="Oldest ready ops anywhere in the queue (out_of_order); stop at the first op that is not"
        " ready (in_order); fill all PEs as one group that starts and ends together (lockstep); or a class of"
        " yours (FILE.py:Class, relative to this file)."
    )
    issue_width_ops: Count = Field(description="Ops issued per cycle at most.")
    issue_latency_cycles: Cycles = Field(description="Cycles from an op's issue to its first word at the PE.")
    window_in_flight_ops: Count | Literal["unlimited"] = Field(
        description="Ops of one pooling window that may be in PEs at a time, or `unlimited`."
    )


class Buffer(StrictModel):
    """On-chip memory in single-ported banks of `pe.width_edges`-bit words."""

    banks: CountOrIdeal = Field(
        description="Single-ported banks, word address modulo banks, or `ideal`: every read granted at once."
    )
    size_kbit: Kilobits = Field(description="Capacity in kbit (1024 bits).")


class WeightBuffer(Buffer):
    """The double buffer that weights stream into."""

    size_kbit: Kilobits = Field(
        description="Capacity in kbit (1024 bits) of both halves together: one half is read, one is filled."
    )


class Dram(StrictModel):
    """The off-chip memory that weights stream from."""

    bits_per_cycle: Annotated[int, Field(ge=1, le=2**20)] | Literal["ideal"] = Field(
        description="Weight bits that arrive per cycle, or `ideal`: a group arrives in one go."
    )
    latency_cycles: Cycles = Field(description="Cycles from the request of a weight group to its first bit.")


class OutputBuffer(StrictModel):
    """Collects retired bits, OR-pooled, for the next layer."""

    write_width_ops: Count = Field(description="Retirements written per cycle at most, oldest first.")


class Pruning(StrictModel):
    """Which work is dropped once it cannot change an output: but for `speculative`, none ever does."""

    threshold: bool = Field(description="Stop an op once its remaining edges cannot change its outcome.")
    pooling: bool = Field(description="Squash ops whose pooling windows are all 1 already.")
    squash_latency_cycles: CyclesFromOne = Field(
        description="Cycles from a retired 1 marking its window to the queue and the PEs seeing it."
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


class Architecture(StrictModel):
    """One machine, completely: nothing has a hidden default."""

    name: Annotated[str, Field(min_length=1)] = Field(description="Name in reports.")
    description: str = Field(default="", description="One line for `o3sim list`.")
    clock_mhz: Annotated[float, Field(gt=0, le=1_000_000)] = Field(
        description="Clock in MHz; turns cycles into time, nothing else depends on it."
    )
    organization: Literal["layer_sequential"] = Field(
        description="How layers share the machine: one after another, each a barrier (layer_sequential)."
    )
    pe: ProcessingElements
    sequencer: Sequencer
    issue_queue: IssueQueue
    scheduler: Scheduler
    activation_buffer: Buffer
    weight_buffer: WeightBuffer
    dram: Dram
    output_buffer: OutputBuffer
    pruning: Pruning
    energy: Energy

    @classmethod
    def cross_field_problems(cls, data: Mapping[str, Any]) -> Iterator[Conflict]:
        """Yield what is wrong between keys; keys absent or of a wrong type are left to the model."""
        policy = _at(data, "scheduler", "policy")
        depth = _at(data, "issue_queue", "depth_ops")
        array = ("count", "contexts")
        count, contexts = (_at(data, "pe", key) for key in array)
        if policy == "lockstep" and all(type(value) is int for value in (depth, count, contexts)):
            group = count * contexts
            if depth < group:
                yield Conflict(
                    (("issue_queue", "depth_ops"), ("scheduler", "policy"), *(("pe", key) for key in array)),
                    f"{depth} cannot hold a lockstep group of pe.count * pe.contexts = {group} ops",
                )

    @model_validator(mode="after")
    def _check_cross_fields(self) -> Architecture:
        problems = list(self.cross_field_problems(self.model_dump()))
        if problems:
            text = "; ".join(str(problem) for problem in problems)
            raise PydanticCustomError("cross_field", "{text}", {"text": text})
        return self


def _at(data: Mapping[str, Any], section: str, key: str) -> Any:
    """Return ``data[section][key]``, or None where there is no such thing."""
    inner = data.get(section)
    return inner.get(key) if isinstance(inner, Mapping) else None
