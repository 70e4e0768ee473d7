"""Whether stages of a pipeline wait for each other for ever, and the least depths with which they never do.

All stages walk their ops in program order. One stands at an op until the rows that it reads, and those
that it adds, are whole, and until there are places for what it puts out, in every FIFO that takes it. A row
is whole when all its ops have ended, and goes when all ops have ended that any of the outputs computed
from it needs. Nothing here takes time, so what is found holds at any speed. A stage ends an image before it
begins the next, so one image suffices.
"""

from __future__ import annotations

from collections.abc import Sequence

from o3sim.runs.pipeline.connected import Connected, Limit
from o3sim.runs.pipeline.progress import Search, parts


class Waits(Connected):
    """What the stages of a pipeline wait for."""

    def never_end(self, limits: Sequence[Limit]) -> bool:
        """Tell whether stages may wait for each other for ever."""
        held = list(limits)
        return any(Search(self, held, part).stuck() is not None for part in self._parts(held))

    def least(self, link: int, unit: str) -> int:
        """Return the least depth with which no stages wait for each other for ever, if others never fill.

        What lockstep stages hold back depends on the image and on the speed of all: then it is the least
        that is safe whatever these are.
        """
        return self.grown([Limit(link, unit, 1)])[0].depth

    def grown(self, limits: Sequence[Limit]) -> list[Limit]:
        """Make FIFOs deeper, where stages may wait for each other for ever, until they do not.

        What is added first: of FIFOs in a circle of waits the one that is nearest to the stage that adds.
        """
        made = list(limits)
        while self._grow(made):
            pass
        return made

    def _grow(self, made: list[Limit]) -> bool:
        """Make FIFOs deeper; tell whether to look again, as other ops may be held back then."""
        cut = self.cut_short(made)
        for part in self._parts(made):
            search = Search(self, made, part)
            while (progress := search.stuck()) is not None:
                progress.grow()
                if progress.taken_apart or self.cut_short(made) != cut:
                    return True  # what was inferred from smaller FIFOs may not hold
        return False

    def _parts(self, limits: Sequence[Limit]) -> list[list[int]]:
        """List the parts in which FIFOs may be full."""
        bounded = {limit.link for limit in limits}
        return [part for part in parts(self.links) if bounded.intersection(part)]
