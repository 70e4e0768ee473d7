"""The FIFOs between the stages of a pipeline, and what depths of them mean to those that write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from o3sim.runs.pipeline.fifo import RowWords
from o3sim.runs.pipeline.links import Connection, connections
from o3sim.runs.pipeline.walk import Walk, walk_of

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Sized


class Limit(NamedTuple):
    """A depth of a FIFO.

    Attributes
    ----------
    link : int
        The connection, as :func:`o3sim.runs.pipeline.links.connections` lists them.
    unit : str
        What it counts: ``rows`` or ``words``.
    depth : int
    """

    link: int
    unit: str
    depth: int


@dataclass(frozen=True)
class Places:
    """The places of what a stage puts out, in one FIFO and counted in one unit.

    Attributes
    ----------
    opened : list of int
        The last one taken by what ops up to each stretch put out to.
    of_row : int
    """

    opened: list[int]
    of_row: int


class Connected:
    """The stages of a pipeline, and what connects them.

    Parameters
    ----------
    layers : sequence of Sized
    machines : sequence of Architecture
        That of each layer.

    Attributes
    ----------
    links : list of Connection
    inputs : list of lists of int
        For each stage the links whose rows it takes.
    walks : list of Walk
        By stage.
    """

    def __init__(self, layers: Sequence[Sized], machines: Sequence[Architecture]) -> None:
        self.links: list[Connection] = connections(layers)
        self.shapes = [layer.geometry for layer in layers]
        self._machines = machines
        self.inputs: list[list[int]] = [[] for _ in layers]
        rows = [[0, 0] for _ in layers]
        for number, link in enumerate(self.links):
            self.inputs[link.reader].append(number)
            rows[link.reader][link.adds] = self.shapes[link.writer].pooled_height
        rows[0][0] = self.shapes[0].in_height
        self.walks: list[Walk] = [
            walk_of(shape, machine, *taken)
            for shape, machine, taken in zip(self.shapes, machines, rows, strict=True)
        ]

    def words(self, link: int) -> RowWords:
        """Return the words that a row takes in a FIFO."""
        found = self.links[link]
        return RowWords.between(self.shapes[found.writer], self._machines[found.reader], found.value_bits)

    def places(self, limit: Limit) -> Places:
        """Return the last place of what the writer of a FIFO puts out up to each stretch."""
        words, opened = self.words(limit.link), np.array(self.walks[self.links[limit.link].writer].opened)
        row, pixel = np.divmod(opened, words.pixels)
        if limit.unit == "rows":
            return Places(row.tolist(), 1)
        return Places(np.where(opened < 0, -1, row * words.of_row + words.last[pixel]).tolist(), words.of_row)

    def limits(self) -> list[Limit]:
        """List the depths that the machines state."""
        stated = []
        for number, link in enumerate(self.links):
            depths = self._machines[link.reader].fifo_limits(link.fifo)
            pairs = zip(("rows", "words"), depths, strict=True)
            stated += [Limit(number, unit, depth) for unit, depth in pairs if depth is not None]
        return stated

    def between(self, first: int, last: int) -> list[int]:
        """List the stages on the ways from one to another, without that one."""
        before, behind = {last}, {first}
        for link in self.links:
            behind.update({link.reader} if link.writer in behind else ())
        for link in reversed(self.links):
            before.update({link.writer} if link.reader in before else ())
        return sorted(before & behind - {last})

    def cut_short(self, limits: Sequence[Limit]) -> set[int]:
        """List the stages whose groups fill rows, but may be cut short by a FIFO that ends within one."""
        found: set[int] = set()
        for limit in limits:
            writer = self.links[limit.link].writer
            of_rows, of_words = self.walks[writer].ended
            if limit.unit == "words" and of_rows is not of_words:
                found.update({writer} if limit.depth % self.words(limit.link).of_row else ())
        return found
