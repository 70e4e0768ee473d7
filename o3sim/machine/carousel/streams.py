"""The streams of a group of PEs: whose weight words pass, and which windows are still to be handed out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from o3sim.contract.carousel.program import CarouselProgram


@dataclass(slots=True, eq=False, repr=False)
class Stream:
    """A channel whose words go round for the windows of a tile.

    ``pass_number`` is the tile under a weight group, ``next_window`` the place of the next window to hand
    out, ``left`` counts windows whose outcome is not known, ``heard_round`` is the last round in which a
    context heard its word.
    """

    pass_number: int
    weight_group: int
    channel: int
    bank: int
    next_window: int
    end_window: int
    left: int
    opened_cycle: int = -1
    heard_round: int = -1

    def __repr__(self) -> str:
        return f"channel {self.channel}, {self.end_window - self.next_window} windows to hand out"


class StreamGroup:
    """Open the channels of a group in order, and hand out their windows, those of the oldest first.

    Attributes
    ----------
    handed_out : int
        Windows of the current cycle.
    open : list of Stream
        Oldest first.
    """

    def __init__(self, program: CarouselProgram, group: int, windows_per_cycle: int) -> None:
        self._sizes = program.sizes
        self._windows_per_cycle = windows_per_cycle
        self._to_come = deque(self._streams(program, group))
        self.open: list[Stream] = []
        self.handed_out = 0

    @staticmethod
    def _streams(program: CarouselProgram, group: int) -> list[Stream]:
        start = program.tiles.start.tolist()
        streams = []
        for pass_number, channel in program.streams(group):
            weights, tile = divmod(pass_number, program.tiles.number)
            first, end = start[tile], start[tile + 1]
            bank = program.bank_of(weights, channel)
            streams.append(Stream(pass_number, weights, channel, bank, first, end, end - first))
        return streams

    def begin_cycle(self, cycle: int, arrived: Callable[[int], bool]) -> None:
        """Open the next channel if there is room for it, its bank has no open one, and its weights are there.

        Called before any context acts: all is as at the end of the last cycle.
        """
        self.handed_out = 0
        if not self._to_come or len(self.open) >= self._sizes.open_channels:
            return
        stream = self._to_come[0]
        bank_is_free = not self._sizes.banks or all(other.bank != stream.bank for other in self.open)
        if bank_is_free and arrived(stream.weight_group):
            stream.opened_cycle = cycle
            self.open.append(self._to_come.popleft())

    def hand_out(
        self, cycle: int, filled: Callable[[int, int], bool], arrived: Callable[[int], bool]
    ) -> tuple[Stream, int] | str:
        """Hand out a window, with its stream; or say why there is none."""
        for stream in self.open:
            if stream.opened_cycle == cycle or stream.next_window == stream.end_window:
                continue
            if filled(stream.pass_number, stream.next_window):
                if self.handed_out == self._windows_per_cycle:
                    return "no_ready_op"
                self.handed_out += 1
                stream.next_window += 1
                return stream, stream.next_window - 1
        return self._why_none(cycle, arrived)

    def _why_none(self, cycle: int, arrived: Callable[[int], bool]) -> str:
        if any(s.opened_cycle < cycle and s.next_window < s.end_window for s in self.open):
            return "input_wait"
        if any(stream.opened_cycle == cycle for stream in self.open):
            return "queue_empty"
        if not self._to_come:
            return "drain"
        return "queue_empty" if arrived(self._to_come[0].weight_group) else "weight_wait"

    def window_ended(self, stream: Stream) -> None:
        """Count a window whose outcome is known; the last closes its channel."""
        stream.left -= 1
        if not stream.left:
            self.open.remove(stream)

    def __repr__(self) -> str:
        return f"streams: {len(self._to_come)} channels to open, open are {self.open}"
