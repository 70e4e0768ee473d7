"""What connects the stages of a pipeline: the rows that one puts out, in a FIFO before each that takes them.

A stage takes the rows of its input, and those of what it adds, if it adds anything; where several stages
take what one puts out, each has them in a FIFO of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.gates import NOT_YET
from o3sim.network.flow import source_numbers
from o3sim.runs.pipeline.fifo import RowFifo, RowWords
from o3sim.runs.pipeline.rows import dispatch_cycles, most_at_once, release_cycles

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry, Sized

Cycles = NDArray[np.int64]

INPUT, SKIP = "input_fifo", "skip_fifo"
"""The keys of the FIFOs before a stage: of its input, and of what it adds."""


class Connection(NamedTuple):
    """Rows that go from one stage to another, and what a value of them takes.

    Attributes
    ----------
    writer, reader : int
        The stages, from 0.
    fifo : str
        Which FIFO of the reader: ``input_fifo`` or ``skip_fifo``.
    value_bits : int
        1 of bits, 16 or 32 of sums.
    """

    writer: int
    reader: int
    fifo: str
    value_bits: int

    @property
    def adds(self) -> bool:
        """Whether the reader adds the rows to its sums."""
        return self.fifo == SKIP


def connections(layers: Sequence[Sized]) -> list[Connection]:
    """List what each stage takes from others, stage by stage, its input before what it adds."""
    numbers = {layer.name: number for number, layer in enumerate(layers)}
    found = []
    for reader, (layer, source) in enumerate(zip(layers, source_numbers(layers), strict=True)):
        if source is not None:
            found.append(Connection(source, reader, INPUT, 1))
        addend = layer.geometry.addend
        if addend is not None:
            found.append(Connection(numbers[addend.layer], reader, SKIP, addend.bits))
    return found


def copies_of(layers: Sequence[Sized]) -> list[tuple[int, int]]:
    """Count the FIFOs that the bits of each stage go to, and its sums; those of the last one go once."""
    found = [[0, 0] for _ in layers]
    for link in connections(layers):
        found[link.writer][link.value_bits > 1] += 1
    return [*((bits, sums) for bits, sums in found[:-1]), (1, 1)]


@dataclass(eq=False)
class Link:
    """A connection at work: the FIFO, and when each row of the images so far was in it.

    Attributes
    ----------
    connection : Connection
    geometry : Geometry
        Of the stage that reads.
    row_bits : int
    fifo : RowFifo
        At the image that passes.
    rows_there, rows_released : lists of int64 arrays, shape (rows,)
        For each image that has passed the first and the last cycle in which each row was held.
    """

    connection: Connection
    geometry: Geometry
    row_bits: int
    fifo: RowFifo
    rows_there: list[Cycles] = field(default_factory=list)
    rows_released: list[Cycles] = field(default_factory=list)
    _ended: Cycles = field(default_factory=lambda: np.zeros(0, np.int64), init=False, repr=False)

    def dispatch_cycles(self) -> Cycles:
        """Tell from which cycle on the neurons of each output row of the reader have all that they take."""
        return dispatch_cycles(self.geometry, self.fifo.there, self.connection.adds)

    def begin_image(self) -> None:
        """Let the next image come."""
        self.fifo.begin_image()
        self._ended = np.full(self.geometry.pooled_height, NOT_YET)

    def bring(self, rows_there: Cycles) -> None:
        """Let rows come, from when they can be read, ``NOT_YET`` if not known; unread ones go at once."""
        self.fifo.there[:] = rows_there
        self._let_go()

    def release(self, rows_ended: Cycles) -> None:
        """Let rows go, from when the reader is done with its output rows; ``NOT_YET`` if not known."""
        self._ended = rows_ended
        self._let_go()

    def _let_go(self) -> None:
        adds = self.connection.adds
        self.fifo.released[:] = release_cycles(self.geometry, self.fifo.there, self._ended, adds)

    def end_image(self) -> None:
        """Keep when the rows of an image that has passed were held."""
        self.rows_there.append(self.fifo.there)
        self.rows_released.append(self.fifo.released)

    @property
    def rows_at_once(self) -> int:
        """Rows held at a time at most, so far."""
        return most_at_once(self.rows_there, self.rows_released) if self.rows_there else 0


def links_of(layers: Sequence[Sized], machines: Sequence[Architecture]) -> list[Link]:
    """Make the links of a pipeline, with FIFOs as deep as its stages state."""
    made = []
    for each in connections(layers):
        writer, reader = layers[each.writer].geometry, machines[each.reader]
        words = RowWords.between(writer, reader, each.value_bits)
        depth_rows, depth_words = reader.fifo_limits(each.fifo)
        fifo = RowFifo(writer.pooled_height, depth_rows, words, depth_words)
        row_bits = words.pixels * words.pixel_bits
        made.append(Link(each, layers[each.reader].geometry, row_bits, fifo))
    return made
