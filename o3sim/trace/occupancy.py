"""How many ops are dispatched and not issued, as far as a trace shows: what the issue queue holds."""

from __future__ import annotations

from o3sim.contract.events import Event, EventKind


class QueueOccupancy:
    """Count the ops that were seen to be dispatched and not yet seen to leave the queue.

    Ops that entered the queue before a trace begins are not counted, so that the number is never
    negative and is exact from the layer's start on.
    """

    def __init__(self) -> None:
        self._held: set[int] = set()

    def see(self, event: Event) -> None:
        """Take one event."""
        if event.kind is EventKind.DISPATCH:
            self._held.add(event.op)
        elif event.kind is EventKind.ISSUE or event.kind is EventKind.SQUASH:
            self._held.discard(event.op)

    @property
    def ops(self) -> int:
        """Ops held."""
        return len(self._held)
