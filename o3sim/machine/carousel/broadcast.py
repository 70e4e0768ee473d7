"""The broadcast: fills the memories of all PEs, tile by tile."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise
from typing import TYPE_CHECKING

from o3sim.contract.carousel.tiles import HALVES

if TYPE_CHECKING:
    from o3sim.config.buffers import ActivationBuffer
    from o3sim.contract.carousel.program import CarouselProgram


class Broadcast:
    """Fill one half of every PE's memory while windows of the tile in the other are evaluated.

    A half can be filled anew from the cycle after the one in which the outcome of the last window of its
    tile is known. In a cycle as many words, in their order, go out as there are lanes for, and as lie in
    different banks of the activation buffer of which none writes output bits. They can be read from the
    next cycle on.

    Parameters
    ----------
    program : CarouselProgram
    buffer : ActivationBuffer

    Attributes
    ----------
    reads : int
        Words read from the activation buffer.
    writes : int
        Words written into the memories of the PEs of a group.
    write_conflicts : int
        Words that would have gone out if their bank had not written.
    """

    def __init__(self, program: CarouselProgram, buffer: ActivationBuffer) -> None:
        tiles = program.tiles
        self._tiles, self._fills = tiles, program.fills
        self._banks, self._lanes = buffer.banks, buffer.broadcast_words
        self._addresses = [
            tiles.reads[first:end].tolist() for first, end in pairwise(tiles.first_read.tolist())
        ]
        self._need = tiles.need.tolist()
        of_tile = tiles.sizes.tolist()
        sizes = [group.last_channel - group.first_channel for group in program.weight_groups]
        self._left = [windows * channels for channels in sizes for windows in of_tile]
        self._ended: dict[int, int] = {}
        self._filling = self._done = 0
        self.reads = self.writes = self.write_conflicts = 0

    def filled(self, pass_number: int, window: int) -> bool:
        """Return whether the memories hold what a window reads, as of the end of the last cycle."""
        fill = pass_number if self._fills > 1 else 0
        return fill < self._filling or (fill == self._filling and self._done >= self._need[window])

    def window_ended(self, pass_number: int, cycle: int) -> None:
        """Count a window whose outcome is known."""
        self._left[pass_number] -= 1
        if not self._left[pass_number]:
            self._ended[pass_number] = cycle

    def step(self, cycle: int, writing: Collection[int]) -> None:
        """Broadcast for a cycle in which some banks write output bits."""
        if self._filling == self._fills or not self._half_is_free(cycle):
            return
        tile = self._filling % self._tiles.number
        going = self._going_out(self._addresses[tile], writing)
        self.reads += going
        self._done += going
        if self._done == len(self._addresses[tile]):
            self.writes += int(self._tiles.words[tile])
            self._filling += 1
            self._done = 0

    def _going_out(self, words: list[int], writing: Collection[int]) -> int:
        """Count the words that go out: those up to the first whose bank gives another, or writes."""
        most = len(words) if self._lanes == "ideal" else self._done + self._lanes
        words = words[self._done : most]
        if self._banks == "ideal":
            return len(words)
        banks: set[int] = set()
        for word in words:
            bank = word % self._banks
            if bank in banks:
                break
            if bank in writing:
                self.write_conflicts += 1
                break
            banks.add(bank)
        return len(banks)

    def _half_is_free(self, cycle: int) -> bool:
        before = self._filling - HALVES
        return before < 0 or self._ended.get(before, cycle) < cycle

    def __repr__(self) -> str:
        return f"broadcast: filling {self._filling} of {self._fills}, {self._done} words of it out"
