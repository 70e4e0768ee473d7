"""The broadcast: fills the memories of all PEs, tile by tile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from o3sim.contract.carousel.tiles import HALVES

if TYPE_CHECKING:
    from o3sim.contract.carousel.program import CarouselProgram


class Broadcast:
    """Fill one half of every PE's memory while windows of the tile in the other are evaluated.

    A half can be filled anew from the cycle after the one in which the outcome of the last window of its
    tile is known. What is broadcast in a cycle can be read from the next.

    Attributes
    ----------
    reads : int
        Words read from the activation buffer.
    writes : int
        Words written into the memory of each PE.
    """

    def __init__(self, program: CarouselProgram) -> None:
        tiles = program.tiles
        self._tiles, self._fills = tiles, program.fills
        self._need = tiles.need.tolist()
        of_tile = (tiles.start[1:] - tiles.start[:-1]).tolist()
        sizes = [group.last_channel - group.first_channel for group in program.weight_groups]
        self._left = [windows * channels for channels in sizes for windows in of_tile]
        self._ended: dict[int, int] = {}
        self._filling = self._cycles = 0
        self.reads = self.writes = 0

    def filled(self, pass_number: int, window: int) -> bool:
        """Return whether the memories hold what a window reads, as of the end of the last cycle."""
        fill = pass_number if self._fills > 1 else 0
        return fill < self._filling or (fill == self._filling and self._cycles >= self._need[window])

    def window_ended(self, pass_number: int, cycle: int) -> None:
        """Count a window whose outcome is known."""
        self._left[pass_number] -= 1
        if not self._left[pass_number]:
            self._ended[pass_number] = cycle

    def step(self, cycle: int) -> None:
        """Broadcast for a cycle."""
        if self._filling == self._fills or not self._half_is_free(cycle):
            return
        tile = self._filling % self._tiles.number
        self._cycles += 1
        if self._cycles >= self._tiles.cycles[tile]:
            self.reads += int(self._tiles.reads[tile])
            self.writes += int(self._tiles.words[tile])
            self._filling += 1
            self._cycles = 0

    def _half_is_free(self, cycle: int) -> bool:
        before = self._filling - HALVES
        return before < 0 or self._ended.get(before, cycle) < cycle

    def __repr__(self) -> str:
        return f"broadcast: filling {self._filling} of {self._fills}, {self._cycles} cycles of it done"
