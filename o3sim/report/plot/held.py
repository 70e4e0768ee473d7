"""What queue and PEs hold at the end of each cycle: beneath a timeline, on paper and on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.events import Event, EventKind

if TYPE_CHECKING:
    from o3sim.studies.whatif.window import LayerWindow

IN_QUEUE = "queue", "window"
"""Units in which an op that is squashed was dispatched and not issued."""


class Held(NamedTuple):
    """Ops held at the end of each cycle of a window; empty if the layer was not seen from its first.

    Attributes
    ----------
    queued : int32 array, shape (cycles,)
        Dispatched and not issued; without a queue handed out and not begun.
    in_flight : int32 array, shape (cycles,)
        Issued, and neither retired nor squashed.
    """

    queued: NDArray[np.int32]
    in_flight: NDArray[np.int32]


UNSEEN = Held(np.zeros(0, np.int32), np.zeros(0, np.int32))


class HeldObserver:
    """Follow what queue and PEs hold, from the first cycle of a layer on."""

    def __init__(self) -> None:
        self._queued = self._in_flight = 0
        self._changes: list[tuple[int, int, int]] = [(-1, 0, 0)]

    def see(self, event: Event) -> None:
        """Take one event."""
        before = self._queued, self._in_flight
        if event.kind is EventKind.DISPATCH:
            self._queued += 1
        elif event.kind is EventKind.ISSUE:
            self._queued -= 1
            self._in_flight += 1
        elif event.kind is EventKind.RETIRE:
            self._in_flight -= 1
        elif event.kind is EventKind.SQUASH:
            self._queued -= event.unit in IN_QUEUE
            self._in_flight -= event.unit.startswith("pe")
        if before != (self._queued, self._in_flight):
            self._changes.append((event.cycle, self._queued, self._in_flight))

    def over(self, window: LayerWindow) -> Held:
        """Return what is held at the end of each cycle of a window."""
        changes = np.array(self._changes, np.int64)
        cycles = np.arange(window.first_cycle, window.end_cycle)
        last = np.searchsorted(changes[:, 0], cycles, side="right") - 1
        return Held(changes[last, 1].astype(np.int32), changes[last, 2].astype(np.int32))
