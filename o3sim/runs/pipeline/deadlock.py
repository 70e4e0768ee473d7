"""Whether stages of a pipeline wait for each other for ever, and the least depths with which they never do.

All stages walk their ops in program order. One stands at an op until the rows that it reads, and those
that it adds, are whole, and until there are places for what it puts out, in every FIFO that takes it. A row
is whole when all its ops have ended, and goes when all ops have ended that any of the outputs computed
from it needs. Nothing here takes time: what can happen does, until all are done or none can go on, which
does not depend on the order, and so is the same at any speed. A stage ends an image before it begins the
next, so one image suffices.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from o3sim.runs.pipeline.fifo import RowWords
from o3sim.runs.pipeline.links import Connection, connections
from o3sim.runs.pipeline.walk import Walk, leading, walk_of

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
class _Places:
    """The places of what a stage puts out, in one FIFO and counted in one unit."""

    opened: list[int]
    of_row: int


class Progress:
    """How far each stage has come; :meth:`go_on` lets all walk as far as they can."""

    def __init__(self, waits: Waits, limits: Sequence[Limit]) -> None:
        self._waits = waits
        self._walks, self._links = waits.walks, waits.links
        self.limits = list(limits)
        self._stretch = [0] * len(self._walks)
        self._short = [-1] * len(self._walks)  # the stretch before which a lockstep group started short
        self._places = [waits.places(limit) for limit in limits]

    @property
    def is_done(self) -> bool:
        """Whether all stages have come to the end of the image."""
        return all(at == walk.stretches for at, walk in zip(self._stretch, self._walks, strict=True))

    def go_on(self) -> None:
        """Let all stages walk until none can; only then a lockstep group starts short for want of room."""
        moved = True
        while moved:
            stages = range(len(self._walks))
            moved = sum(map(self._walk, stages)) > 0 or any(map(self._start_short, stages))

    def _walk(self, stage: int) -> bool:
        """Let a stage walk as far as it can, and tell whether that was anything."""
        furthest = self._furthest(stage)
        moved = furthest > self._stretch[stage]
        self._stretch[stage] = max(furthest, self._stretch[stage])
        return moved

    def _start_short(self, stage: int) -> bool:
        """Let the group of a stage that waits for room start, and tell whether it had not yet."""
        walk, at = self._walks[stage], self._stretch[stage]
        starts = walk.pending > 0 and at < walk.stretches and self._short[stage] < at
        if not starts or self._missing(stage) is not None:
            return False
        self._short[stage] = at
        return True

    def _furthest(self, stage: int) -> int:
        """Return the stretch that a stage cannot begin yet."""
        walk, furthest = self._walks[stage], self._walks[stage].stretches
        for link in self._waits.inputs[stage]:
            adds = self._links[link].adds
            furthest = min(furthest, bisect_right(walk.needs[adds], self._whole(self._links[link].writer)))
        for number in self._full_before(stage):
            furthest = min(furthest, bisect_right(self._places[number].opened, self._last_place(number)))
        return furthest

    def _full_before(self, stage: int) -> Iterator[int]:
        """List the limits of the FIFOs that a stage writes."""
        for number, limit in enumerate(self.limits):
            if self._links[limit.link].writer == stage:
                yield number

    def _last_place(self, number: int) -> int:
        """Return the last place of those that there are by now in a FIFO."""
        limit = self.limits[number]
        return self._gone(limit.link) * self._places[number].of_row + limit.depth - 1

    def _whole(self, stage: int) -> int:
        """Count the output rows of a stage that are whole."""
        return leading(self._walks[stage].whole, self._ended(stage))

    def _gone(self, link: int) -> int:
        """Count the rows that have gone from a FIFO."""
        writer, reader, adds = self._links[link].writer, self._links[link].reader, self._links[link].adds
        return min(self._whole(writer), leading(self._walks[reader].uses[adds], self._ended(reader)))

    def _ended(self, stage: int) -> int:
        """Count the ops of a stage that end while it stands where it stands."""
        walk, at = self._walks[stage], self._stretch[stage]
        pending = 0 if at in (walk.stretches, self._short[stage]) else walk.pending
        return max(0, walk.begins[at] - pending)

    def _missing(self, stage: int) -> int | None:
        """Return the link whose rows a stage waits for, if it waits for any."""
        walk, at = self._walks[stage], self._stretch[stage]
        if at == walk.stretches:
            return None
        for link in self._waits.inputs[stage]:
            connection = self._links[link]
            if walk.needs[connection.adds][at] > self._whole(connection.writer):
                return link
        return None

    def circle(self) -> list[tuple[int, int | None]]:
        """Return stages each of which waits for the one behind it, and the last for the first.

        Returns
        -------
        list of (int, int or None)
            Each with the limit that leaves no room for what it puts out; None if it waits for rows.
        """
        stage = next(at for at, walk in enumerate(self._walks) if self._stretch[at] < walk.stretches)
        passed: list[tuple[int, int | None]] = []
        while stage not in [each for each, _ in passed]:
            missing = self._missing(stage)
            full = None if missing is not None else self._full(stage)
            passed.append((stage, full))
            if missing is not None:
                stage = self._links[missing].writer
            elif full is not None:
                stage = self._links[self.limits[full].link].reader
        begin = [each for each, _ in passed].index(stage)
        return passed[begin:]

    def _full(self, stage: int) -> int:
        """Return a limit that leaves no room for what a stage puts out next: what is added goes before."""
        at = self._stretch[stage]
        full = [
            number
            for number in self._full_before(stage)
            if self._places[number].opened[at] > self._last_place(number)
        ]
        return max(full, key=lambda number: self._links[self.limits[number].link].adds)

    def grow(self, number: int) -> None:
        """Make a FIFO just so deep that its writer, which waits for room in it, finds some."""
        limit, at = self.limits[number], self._stretch[self._links[self.limits[number].link].writer]
        short = self._places[number].opened[at] - self._last_place(number)
        self.limits[number] = limit._replace(depth=limit.depth + short)


class Waits:
    """What the stages of a pipeline wait for.

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
        self._shapes = [layer.geometry for layer in layers]
        self._machines = machines
        self.inputs: list[list[int]] = [[] for _ in layers]
        rows = [[0, 0] for _ in layers]
        for number, link in enumerate(self.links):
            self.inputs[link.reader].append(number)
            rows[link.reader][link.adds] = self._shapes[link.writer].pooled_height
        rows[0][0] = self._shapes[0].in_height
        self.walks: list[Walk] = [
            walk_of(shape, machine, *taken)
            for shape, machine, taken in zip(self._shapes, machines, rows, strict=True)
        ]

    def words(self, link: int) -> RowWords:
        """Return the words that a row takes in a FIFO."""
        found = self.links[link]
        return RowWords.between(self._shapes[found.writer], self._machines[found.reader], found.value_bits)

    def places(self, limit: Limit) -> _Places:
        """Return the last place of what the writer of a FIFO puts out up to each stretch."""
        words, opened = self.words(limit.link), np.array(self.walks[self.links[limit.link].writer].opened)
        row, pixel = np.divmod(opened, words.pixels)
        if limit.unit == "rows":
            return _Places(row.tolist(), 1)
        return _Places(
            np.where(opened < 0, -1, row * words.of_row + words.last[pixel]).tolist(), words.of_row
        )

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

    def never_end(self, limits: Sequence[Limit]) -> bool:
        """Tell whether stages wait for each other for ever."""
        progress = Progress(self, limits)
        progress.go_on()
        return not progress.is_done

    def least(self, link: int, unit: str) -> int:
        """Return the least depth with which no stages wait for each other for ever, if others never fill.

        In lockstep the ops of a group that is not full wait too. Unless groups fill rows and nothing is
        squashed, which those are depends on the image: then it is the least that is safe wherever groups
        begin.
        """
        return self.grown([Limit(link, unit, 1)])[0].depth

    def grown(self, limits: Sequence[Limit]) -> list[Limit]:
        """Make FIFOs deeper, where stages wait for each other for ever, until they do not.

        What is added first: of FIFOs in a circle of waits the one that is nearest to the stage that adds.
        """
        progress = Progress(self, limits)
        while not progress.is_done:
            progress.go_on()
            if not progress.is_done:
                full = [number for _, number in progress.circle() if number is not None]
                adding = [number for number in full if self.links[progress.limits[number].link].adds]
                progress.grow((adding or full)[0])
        return progress.limits
