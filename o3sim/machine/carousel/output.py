"""The output port: writes the outcomes of windows, so many a cycle, in the order of PEs."""

from __future__ import annotations

from o3sim.machine.carousel.context import Context


class OutputPort:
    """Write waiting outcomes, from the context after the one written last on, around the array."""

    def __init__(self, contexts: list[Context], write_width_ops: int) -> None:
        self._contexts = contexts
        self._write_width_ops = write_width_ops
        self._next = 0
        self.waiting: set[int] = set()

    def offer(self, place: int) -> None:
        """Take note that a context has an outcome, from this cycle on."""
        self.waiting.add(place)

    def write(self) -> list[int]:
        """Choose the contexts whose outcomes are written in this cycle."""
        size = len(self._contexts)
        in_turn = sorted(self.waiting, key=lambda place: (place - self._next) % size)
        written = in_turn[: self._write_width_ops]
        if written:
            self._next = (written[-1] + 1) % size
        self.waiting.difference_update(written)
        return written

    def __repr__(self) -> str:
        return f"output port: {len(self.waiting)} outcomes wait, {self._write_width_ops} a cycle"
