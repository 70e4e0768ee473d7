"""The streams of a group of PEs: whose weight words pass, and which windows are still to be handed out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from o3sim.config.architecture import Scheduler
    from o3sim.contract.carousel.program import CarouselProgram


@dataclass(slots=True, eq=False, repr=False)
class Stream:
    """A channel whose words go round for the windows of a tile.

    ``pass_number`` is the tile under a weight group, ``next_window`` and ``end_window`` are the places of the
    windows to hand out, list by list, ``first_taken`` those from which on a neighbour may take them; ``left``
    counts windows whose outcome is not known, ``heard_round`` is the last round in which a context heard its
    word.
    """

    pass_number: int
    weight_group: int
    channel: int
    bank: int
    next_window: list[int]
    end_window: list[int]
    first_taken: list[int]
    left: int
    opened_cycle: int = -1
    heard_round: int = -1

    def __repr__(self) -> str:
        left = sum(self.end_window) - sum(self.next_window)
        return f"channel {self.channel}, {left} windows to hand out"

    def place_for(self, list_number: int) -> int | None:
        """Return the place of the window that a PE takes next: of its own list, or of its neighbour's."""
        if self.next_window[list_number] < self.end_window[list_number]:
            return self.next_window[list_number]
        near = (list_number + 1) % len(self.next_window)
        last = self.end_window[near] - 1
        return last if last >= max(self.next_window[near], self.first_taken[near]) else None

    def take(self, list_number: int) -> None:
        """Let a PE take that window."""
        if self.next_window[list_number] < self.end_window[list_number]:
            self.next_window[list_number] += 1
        else:
            self.end_window[(list_number + 1) % len(self.end_window)] -= 1


class StreamGroup:
    """Open the channels of a group in order, and hand out their windows, those of the oldest first.

    Attributes
    ----------
    handed_out : int
        Windows of the current cycle.
    open : list of Stream
        Oldest first.
    """

    def __init__(self, program: CarouselProgram, group: int, scheduler: Scheduler) -> None:
        self._sizes = program.sizes
        self._lists = program.tiles.lists
        self._windows_per_cycle = scheduler.windows_per_cycle
        self._to_come = deque(self._streams(program, group, scheduler.take_from_neighbour))
        self.open: list[Stream] = []
        self.handed_out = 0

    @staticmethod
    def _streams(program: CarouselProgram, group: int, taken: int) -> list[Stream]:
        start, sizes = program.tiles.start.T.tolist(), program.tiles.sizes.tolist()
        streams = []
        for pass_number, channel in program.streams(group):
            weights, tile = divmod(pass_number, program.tiles.number)
            ends = start[tile + 1]
            taken_from = [end - taken for end in ends]
            bank, places = program.bank_of(weights, channel), (list(start[tile]), list(ends), taken_from)
            streams.append(Stream(pass_number, weights, channel, bank, *places, left=sizes[tile]))
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
        self,
        pe: int,
        cycle: int,
        filled: Callable[[int, int], bool],
        arrived: Callable[[int], bool],
        wanted: int | None,
    ) -> tuple[Stream, int] | str:
        """Hand a window to a PE, with its stream; or say why there is none.

        The place of one that is wanted is looked for first.
        """
        list_number, waits = pe % self._lists, False
        if wanted is not None and self.handed_out < self._windows_per_cycle:
            for stream in self.open:
                is_next = stream.opened_cycle < cycle and stream.place_for(list_number) == wanted
                if is_next and filled(stream.pass_number, wanted):
                    self.handed_out += 1
                    stream.take(list_number)
                    return stream, wanted
        for stream in self.open:
            place = stream.place_for(list_number)
            if stream.opened_cycle == cycle or place is None:
                continue
            if filled(stream.pass_number, place):
                if self.handed_out == self._windows_per_cycle:
                    return "no_ready_op"
                self.handed_out += 1
                stream.take(list_number)
                return stream, place
            waits = True
        return "input_wait" if waits else self._why_none(cycle, arrived)

    def _why_none(self, cycle: int, arrived: Callable[[int], bool]) -> str:
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
