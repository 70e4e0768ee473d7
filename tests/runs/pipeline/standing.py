"""Ways in which stages may stand for ever, found by trying them all: slow, obvious, for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from o3sim.runs.pipeline.connected import Limit
from o3sim.runs.pipeline.deadlock import Waits
from o3sim.runs.pipeline.walk import leading

Stand = tuple[int, int]
"""The stretch that a stage waits to begin, and how many of its ops have ended."""


class Standing:
    """The stages of a pipeline with FIFOs of some depths."""

    def __init__(self, waits: Waits, limits: Sequence[Limit]) -> None:
        self.walks, self.links, self.limits = waits.walks, waits.links, limits
        self._places = [waits.places(limit) for limit in limits]
        cut = waits.cut_short(limits)
        self._stands = [self._stands_of(stage, stage in cut) for stage in range(len(self.walks))]

    def _stands_of(self, stage: int, is_cut: bool) -> list[Stand]:
        """All there may be of a stage: where something changes, with ops ended that rows take."""
        walk, counts = self.walks[stage], {*self.walks[stage].whole}
        opened = [
            np.array(each.opened) // (each.of_row if limit.unit == "rows" else 1)
            for limit, each in zip(self.limits, self._places, strict=True)
            if self.links[limit.link].writer == stage
        ]
        for uses in walk.uses:
            counts.update(uses)
        changes = [*opened, *map(np.array, walk.needs)]
        found = [(walk.stretches, walk.begins[-1])]
        for at in range(walk.stretches):
            if at == 0 or any(each[at] != each[at - 1] for each in changes):
                least, most = walk.ended[is_cut][at], walk.begins[at]
                found += [(at, count) for count in {least, most, *counts} if least <= count <= most]
        return found

    def is_there_any(self, chosen: list[Stand]) -> bool:
        """Tell whether all stages, of which the first stand so, may stand for ever."""
        stage = len(chosen)
        if stage == len(self.walks):
            at_end = [at == walk.stretches for (at, _), walk in zip(chosen, self.walks, strict=True)]
            return not all(at_end) and all(
                end or self._waits(chosen, each) for each, end in enumerate(at_end)
            )
        made = ([*chosen, stand] for stand in self._stands[stage])
        return any(self.is_there_any(each) for each in made if self._has_come(each))

    def _has_come(self, chosen: list[Stand]) -> bool:
        """Whether the stages could come there, as far as it is chosen where others are."""
        return all(
            at == 0
            or (self._rows_are_there(chosen, stage, at - 1) and self._there_is_room(chosen, stage, at - 1))
            for stage, (at, _) in enumerate(chosen)
        )

    def _waits(self, chosen: list[Stand], stage: int) -> bool:
        """Whether a stage waits for rows, or for room and so holds nothing back."""
        at, ended = chosen[stage]
        if not self._rows_are_there(chosen, stage, at):
            return True
        return ended == self.walks[stage].begins[at] and not self._there_is_room(chosen, stage, at)

    def _rows_are_there(self, chosen: list[Stand], stage: int, at: int) -> bool:
        own = [link for link in self.links if link.reader == stage]
        return all(self._whole(chosen, link.writer) >= self.walks[stage].needs[link.adds][at] for link in own)

    def _there_is_room(self, chosen: list[Stand], stage: int, at: int) -> bool:
        for limit, places in zip(self.limits, self._places, strict=True):
            link = self.links[limit.link]
            if link.writer == stage and link.reader < len(chosen):
                read = leading(self.walks[link.reader].uses[link.adds], chosen[link.reader][1])
                gone = min(self._whole(chosen, stage), read)
                if places.opened[at] >= gone * places.of_row + limit.depth:
                    return False
        return True

    def _whole(self, chosen: list[Stand], stage: int) -> int:
        return leading(self.walks[stage].whole, chosen[stage][1])
