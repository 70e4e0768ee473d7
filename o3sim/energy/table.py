"""The energy table of one technology: a price in pJ for every event, each with its source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import Field

from o3sim.config.catalog import is_path, is_there, suggest
from o3sim.config.load import load_once
from o3sim.config.marks import Conflict
from o3sim.config.model import CrossCheckedModel, StrictModel
from o3sim.config.shipped_tables import TABLES_FOLDER, shipped_tables
from o3sim.errors import InputError

Per = TypeVar("Per", bound=str)
# Bounds far beyond any technology: sums of prices stay finite, and so do steps from size to size.
Picojoules = Annotated[float, Field(ge=0, le=1e12)]
Positive = Annotated[float, Field(ge=1e-9, le=1e12)]
Source = Annotated[str, Field(min_length=1)]


class Price(StrictModel, Generic[Per]):
    """What one event costs; ``per`` repeats the event so that the table reads by itself."""

    pj: Picojoules
    per: Per
    source: Source


class MemoryPrice(StrictModel):
    """One access of 64 bits to a memory bank of one size: a point of the scaling curve."""

    size_kbyte: Positive
    pj: Positive
    per: Literal["64-bit access"]
    source: Source


class PePrices(StrictModel):
    """A processing element: XNOR and popcount, the running count, its operand registers."""

    edge: Price[Literal["edge"]]
    word: Price[Literal["word"]]
    operand_bit: Price[Literal["operand bit"]]


class ThresholdComparePrices(StrictModel):
    """The comparators that check the running count against its bounds."""

    comparison: Price[Literal["comparison"]]


class SumPrices(StrictModel):
    """The multiplier and the adders of layers that make sums, or a threshold for each neuron."""

    sum: Price[Literal["sum"]]


class ActivationGatherPrices(StrictModel):
    """The crossbar that brings activations into the edge order of a channel."""

    multiplexer: Price[Literal["index bit"]]


class SchedulerPrices(StrictModel):
    """Selection of an op and wake-up of those that wait, both over the entries of the queue."""

    select: Price[Literal["queue entry and issued op"]]
    wakeup: Price[Literal["queue entry and retired op"]]


class SequencerPrices(StrictModel):
    """The walk over the ops of a layer."""

    lookup: Price[Literal["op looked up"]]


class OutputBufferPrices(StrictModel):
    """The collection of verdicts and of the bits that go to the next layer."""

    verdict: Price[Literal["retired op"]]
    bit: Price[Literal["output bit"]]


class CellPrices(StrictModel):
    """Cells of the units that decide; with these their energy follows their sizes."""

    lut: Price[Literal["LUT and cycle of its unit in full use"]]
    flip_flop: Price[Literal["flip-flop and cycle of its unit in full use"]]
    leakage: Price[Literal["cell and microsecond"]]


class DramPrices(StrictModel):
    """The memory off the chip."""

    transfer: Price[Literal["64 bits"]]


class LeakagePrices(StrictModel):
    """Power that flows whatever happens, in pJ per microsecond (1 pJ/us is 1 uW)."""

    machine: Price[Literal["microsecond"]]
    pe_edge: Price[Literal["edge of PE width and microsecond"]]
    memory_kbit: Price[Literal["kbit and microsecond"]]


class EnergyTable(CrossCheckedModel):
    """All prices of one technology; ``docs/energy.md`` says which counter each multiplies."""

    name: str = Field(min_length=1)
    description: str = ""
    memory: tuple[MemoryPrice, ...] = Field(min_length=1)
    pe: PePrices
    threshold_compare: ThresholdComparePrices
    sums: SumPrices
    activation_gather: ActivationGatherPrices
    scheduler: SchedulerPrices
    sequencer: SequencerPrices
    output_buffer: OutputBufferPrices
    cells: CellPrices | None = None
    dram: DramPrices
    leakage: LeakagePrices

    @classmethod
    def cross_field_problems(cls, data: Mapping[str, Any]) -> Iterator[Conflict]:
        """Yield the memory points that are not larger than the one before."""
        points = data.get("memory")
        sizes = [_size_of(point) for point in points] if isinstance(points, (list, tuple)) else []
        for index, (before, after) in enumerate(pairwise(sizes), start=1):
            if before is not None and after is not None and after <= before:
                place = ("memory", index, "size_kbyte")
                yield Conflict((place,), f"{after} is not larger than the size before it, {before}")


def _size_of(point: Any) -> float | None:
    size = point.get("size_kbyte") if isinstance(point, Mapping) else None
    return size if isinstance(size, (int, float)) else None


def load_table(name_or_path: str) -> EnergyTable:
    """Read an energy table by shipped name or by path; once, until one of its files changes.

    Parameters
    ----------
    name_or_path : str
        As `energy.table` of a loaded architecture has it; a relative path starts at the current
        folder (:func:`o3sim.config.load.load_architecture` has made one of the file's own).

    Raises
    ------
    InputError
        No such table, or it is not a valid one (every problem as ``file:line:column``).
    """
    shipped = shipped_tables()
    if name_or_path in shipped:
        return load_once(TABLES_FOLDER / f"{name_or_path}.yaml", EnergyTable)
    if is_path(name_or_path) and is_there(name_or_path):
        return load_once(Path(name_or_path), EnergyTable)
    what = "file" if is_path(name_or_path) else "shipped table"
    hint = suggest(Path(name_or_path).stem, shipped)
    raise InputError(f"energy.table: {name_or_path}: no such {what}{hint}; shipped are {', '.join(shipped)}")
