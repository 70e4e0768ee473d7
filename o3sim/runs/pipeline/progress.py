"""How far stages that may wait for each other come at least, before they wait for ever.

A stage that waits for rows may hold back ops that make no group; one that waits for room holds none, for a
group then starts short. Which of the two it is in the end may depend on the speed of others: then both are
looked at. As that is taken for settled, what a stage waits for only grows less as others come further, so
what stages do in any order, at any speed, takes them at least as far as the walk here.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING

from o3sim.runs.pipeline.walk import leading

if TYPE_CHECKING:
    from o3sim.runs.pipeline.connected import Connected, Limit
    from o3sim.runs.pipeline.links import Connection

MOST_TAKEN_APART = 8
"""Stages of which both ways to wait are looked at, one by one; more are taken for the worse in both."""


class Progress:
    """How far each stage of a part of a pipeline has come; :meth:`go_on` lets all walk as far as they can.

    Parameters
    ----------
    waits : Connected
    limits : list of Limit
        Of all FIFOs; those that grow meanwhile do so here.
    part : sequence of int
        Links outside of which nothing is waited for.

    Attributes
    ----------
    limits : list of Limit
    taken_apart : int
        Stages for which it was chosen what they wait for in the end.
    """

    def __init__(self, waits: Connected, limits: list[Limit], part: Sequence[int]) -> None:
        self.limits = limits
        self._walks, self._links = waits.walks, waits.links
        self._stages = sorted({end for each in part for end in waits.links[each][:2]})
        self._inputs = {
            stage: [each for each in part if each in waits.inputs[stage]] for stage in self._stages
        }
        self._limits_of: dict[int, list[int]] = {stage: [] for stage in self._stages}
        for number, limit in enumerate(limits):
            if limit.link in part:
                self._limits_of[waits.links[limit.link].writer].append(number)
        self._places = {each: waits.places(limits[each]) for of in self._limits_of.values() for each in of}
        self._stretch = dict.fromkeys(self._stages, 0)
        cut = waits.cut_short(limits)
        self._at_rows = {stage: self._walks[stage].ended[stage in cut] for stage in self._stages}
        self._for_room = {
            stage: True
            for stage in self._stages
            if not self._inputs[stage] or self._at_rows[stage] == self._walks[stage].begins
        }
        self._sure_whole, self._sure_gone = dict.fromkeys(self._stages, 0), dict.fromkeys(part, 0)
        self.taken_apart = 0

    @property
    def is_done(self) -> bool:
        """Whether all stages have come to the end of the image."""
        return all(self._is_at_end(stage) for stage in self._stages)

    def _is_at_end(self, stage: int) -> bool:
        return self._stretch[stage] == self._walks[stage].stretches

    def go_on(self) -> None:
        """Let all stages walk until none can."""
        moved = True
        while moved:
            moved = any([*map(self._walk, self._stages)]) or any([*map(self._infer, self._stages)])

    def _walk(self, stage: int) -> bool:
        """Let a stage walk as far as it can, and tell whether that was anything."""
        furthest = self._furthest(stage)
        moved = furthest > self._stretch[stage]
        self._stretch[stage] = max(furthest, self._stretch[stage])
        return moved

    def _infer(self, stage: int) -> bool:
        """See how far others have come that let a stage come where it stands, and tell if that was news."""
        walk, before = self._walks[stage], self._stretch[stage] - 1
        if before < 0:
            return False
        news = []
        for link in self._inputs[stage]:
            writer, adds = self._links[link].writer, self._links[link].adds
            news.append(self._note_whole(writer, walk.needs[adds][before]))
        for number in self._limits_of[stage]:
            limit, places = self.limits[number], self._places[number]
            reader, adds = self._links[limit.link].reader, self._links[limit.link].adds
            gone = -((limit.depth - 1 - places.opened[before]) // places.of_row)
            news.append(self._note_whole(stage, gone))
            if gone > self._gone(limit.link):
                self._sure_gone[limit.link] = gone
                self._note_begun(reader, self._walks[reader].uses[adds][gone - 1])
                news.append(True)
        return any(news)

    def _note_whole(self, stage: int, rows: int) -> bool:
        """Note that so many rows of a stage are whole, and tell if that was news."""
        if rows <= self._whole(stage):
            return False
        self._sure_whole[stage] = rows
        if not self._walks[stage].is_early:
            self._note_begun(stage, self._walks[stage].whole[rows - 1])
        return True

    def _note_begun(self, stage: int, ops: int) -> None:
        """Note that a stage has begun so many ops."""
        self._stretch[stage] = max(self._stretch[stage], bisect_left(self._walks[stage].begins, ops))

    def _furthest(self, stage: int) -> int:
        """Return the stretch that a stage cannot begin yet."""
        walk, furthest = self._walks[stage], self._walks[stage].stretches
        for link in self._inputs[stage]:
            adds = self._links[link].adds
            furthest = min(furthest, bisect_right(walk.needs[adds], self._whole(self._links[link].writer)))
        if self._for_room.get(stage, True):
            for number in self._limits_of[stage]:
                room = bisect_right(self._places[number].opened, self._last_place(number))
                furthest = min(furthest, room)
        return furthest

    def _last_place(self, number: int) -> int:
        """Return the last place of those that there are by now in a FIFO."""
        limit = self.limits[number]
        return self._gone(limit.link) * self._places[number].of_row + limit.depth - 1

    def _whole(self, stage: int) -> int:
        """Count the output rows of a stage that are whole."""
        return max(self._sure_whole[stage], leading(self._walks[stage].whole, self._ended(stage)))

    def _gone(self, link: int) -> int:
        """Count the rows that have gone from a FIFO."""
        writer, reader, adds = self._links[link].writer, self._links[link].reader, self._links[link].adds
        read = leading(self._walks[reader].uses[adds], self._ended(reader))
        return max(self._sure_gone[link], min(self._whole(writer), read))

    def _ended(self, stage: int) -> int:
        """Count the ops of a stage that have ended by when it stands where it stands."""
        at = self._stretch[stage]
        stands_at = self._walks[stage].begins if self._for_room.get(stage) else self._at_rows[stage]
        return stands_at[at]

    def _missing(self, stage: int) -> int | None:
        """Return the link whose rows a stage waits for, if it waits for any."""
        walk, at = self._walks[stage], self._stretch[stage]
        for link in self._inputs[stage]:
            connection = self._links[link]
            if walk.needs[connection.adds][at] > self._whole(connection.writer):
                return link
        return None

    def apart(self) -> list[Progress]:
        """Look at both ways in which a stage may wait in the end that waits for room by now.

        Returns
        -------
        list of Progress
            One where it waits for rows, having found room whenever it came, and one where it does for room;
            none if there is no such stage.
        """
        for stage in self._stages if self.taken_apart < MOST_TAKEN_APART else ():
            if stage not in self._for_room and not self._is_at_end(stage) and self._missing(stage) is None:
                return [self._with(stage, for_room) for for_room in (False, True)]
        return []

    def _with(self, stage: int, for_room: bool) -> Progress:
        made = copy(self)
        made._for_room = {**self._for_room, stage: for_room}
        made._stretch = dict(self._stretch)
        made._sure_whole, made._sure_gone = dict(self._sure_whole), dict(self._sure_gone)
        made.taken_apart += 1
        return made

    def circle(self) -> list[tuple[int, int | None]]:
        """Return stages each of which waits for the one behind it, and the last for the first.

        Returns
        -------
        list of (int, int or None)
            Each with the limit that leaves no room for what it puts out; None if it waits for rows.
        """
        stage = next(each for each in self._stages if not self._is_at_end(each))
        passed: list[tuple[int, int | None]] = []
        while stage not in [each for each, _ in passed]:
            missing = self._missing(stage)
            full = None if missing is not None else self._full(stage)
            passed.append((stage, full))
            if missing is not None:
                stage = self._links[missing].writer
            elif full is not None and not self._is_at_end(self._links[self.limits[full].link].reader):
                stage = self._links[self.limits[full].link].reader  # else it waits for rows of its own
        begin = [each for each, _ in passed].index(stage)
        return passed[begin:]

    def _full(self, stage: int) -> int:
        """Return a limit that leaves no room for what a stage puts out next: what is added goes before."""
        at = self._stretch[stage]
        full = [
            number
            for number in self._limits_of[stage]
            if self._places[number].opened[at] > self._last_place(number)
        ]
        return max(full, key=lambda number: self._links[self.limits[number].link].adds)

    def grow(self) -> None:
        """Make a FIFO just so deep that its writer, which waits for room in it, finds some.

        Of those in the circle it is the one nearest to the stage that adds.
        """
        full = [number for _, number in self.circle() if number is not None]
        number = next((each for each in full if self._links[self.limits[each].link].adds), full[0])
        limit, at = self.limits[number], self._stretch[self._links[self.limits[number].link].writer]
        short = self._places[number].opened[at] - self._last_place(number)
        self.limits[number] = limit._replace(depth=limit.depth + short)


class Search:
    """Looks for where stages of a part of a pipeline wait for each other for ever.

    Parameters
    ----------
    waits, limits, part
        As :class:`Progress` takes them.
    """

    def __init__(self, waits: Connected, limits: list[Limit], part: Sequence[int]) -> None:
        self._left = [Progress(waits, limits, part)]

    def stuck(self) -> Progress | None:
        """Return where they do, if anywhere; after a FIFO has grown there it goes on from there."""
        while self._left:
            progress = self._left.pop()
            progress.go_on()
            if progress.is_done:
                continue
            apart = progress.apart()
            if not apart:
                self._left.append(progress)
                return progress
            self._left += apart
        return None


def parts(links: Sequence[Connection]) -> list[list[int]]:
    """Put links together that stages may wait in a circle through: no such circle leaves a part.

    Returns
    -------
    list of lists of int
        A part ends with a stage that no link goes past.
    """
    found: list[list[int]] = []
    end = 0
    for number in sorted(range(len(links)), key=lambda each: links[each].writer):
        if links[number].writer >= end:
            found.append([])
        end = max(end, links[number].reader)
        found[-1].append(number)
    return found
