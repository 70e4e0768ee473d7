"""The keys of what lies between and around the stages of a pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from o3sim.config.marks import Conflict
from o3sim.config.model import StrictModel

Count = Annotated[int, Field(ge=1, le=65_536)]
"""Far beyond anything buildable: it catches slipped digits before memory does."""

FIFOS = "input_fifo", "skip_fifo"
"""What may wait before a stage: rows of its input, and rows of what it adds."""

STREAMING = (*FIFOS, "sliding_window", "pooling_unit", "input_end", "output_end")
"""Units that only pipelines have; a machine that does not state one has none."""


Words = Annotated[int, Field(ge=1, le=2**24)]


class InputFifo(StrictModel):
    """What waits between a stage of a pipeline and the one before it, which waits for room in it."""

    depth_rows: Count | Literal["unbounded"] = Field(
        default="unbounded",
        description="Rows of a stage's input map that it holds, those in use included; or `unbounded`, for"
        " which no stage waits.",
    )
    depth_words: Words | Literal["unbounded"] = Field(
        default="unbounded",
        description="Words of the stage's `pe.width_edges` bits that it holds, each row from a word on;"
        " beside `depth_rows`.",
    )


class SkipFifo(StrictModel):
    """What waits between a stage of a pipeline that adds and the one whose outputs it adds."""

    depth_rows: Count | Literal["unbounded"] = Field(
        default="unbounded",
        description="Rows that it holds of the map that a stage adds, those in use included; or `unbounded`,"
        " for which no stage waits.",
    )
    depth_words: Words | Literal["unbounded"] = Field(
        default="unbounded",
        description="Words of the stage's `pe.width_edges` bits that it holds, each row from a word on, sums"
        " in as many bits as they have; beside `depth_rows`.",
    )


def limits_of(fifo: InputFifo | SkipFifo | None) -> tuple[int | None, int | None]:
    """Return the rows and the words that a FIFO holds; None for any number.

    >>> limits_of(InputFifo(depth_rows=3)), limits_of(None)
    ((3, None), (None, None))
    """
    if fifo is None:
        return None, None
    rows, words = fifo.depth_rows, fifo.depth_words
    return None if rows == "unbounded" else rows, None if words == "unbounded" else words


class SlidingWindow(StrictModel):
    """The unit of a pipeline that puts a stage's input into windows, as FINN has one."""

    channels_per_cycle: Count = Field(
        description="Channels of a pixel that it puts out per cycle: a window takes kernel height * kernel"
        " width * ceil(channels / this), and an op is dispatched when its window is there."
    )


class PoolingUnit(StrictModel):
    """The unit of a pipeline that pools what a stage puts out, as FINN has one."""

    channels_per_cycle: Count = Field(
        description="Channels of a pixel that it takes per cycle: a row is handed on after windows * size *"
        " size * ceil(channels / this) cycles."
    )


class StreamEnd(StrictModel):
    """Where images come into a pipeline, or scores leave it: a stream on a clock of its own."""

    bits_per_cycle: Annotated[float, Field(gt=0, le=2**20)] = Field(
        description="Bits that come or go per cycle of its clock: the width of a port, or what memory gives."
    )
    clock_mhz: Annotated[float, Field(ge=0.000_001, le=1_000_000)] = Field(description="Its clock in MHz.")
    value_bits: Annotated[int, Field(ge=1, le=64)] = Field(
        default=8, description="Bits of a pixel value or score as it is sent, whatever a layer makes of it."
    )


def streaming_conflicts(data: Mapping[str, Any], sequential: bool) -> Iterator[Conflict]:
    """Yield units of a pipeline in a machine that is none, and FIFOs before the first stage."""
    for unit in STREAMING if sequential else ():
        if data.get(unit) is not None:
            yield Conflict(((unit,), ("organization",)), "is of organization layer_pipelined only")
    stages = data.get("stages")
    first = stages[0] if isinstance(stages, list | tuple) and stages else None
    stated = first if isinstance(first, Mapping) else {}
    for unit in FIFOS:
        if stated.get(unit):
            what = "the first stage has none, for no stage is before it: leave it out"
            yield Conflict((("stages", 0, unit),), what)
