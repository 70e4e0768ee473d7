"""The ledger of a machine without a queue."""

from __future__ import annotations

from o3sim.machine.dispatch.task import Task
from o3sim.machine.ledger import Ledger
from o3sim.machine.op import Op


class WindowLedger(Ledger):
    """Count windows that are handed out and written; there is no queue that is read or written."""

    def handed_out(self, task: Task) -> None:
        """Count a task that went to a context, its members with it."""
        self.counters.dispatched += len(task.members)
        self.counters.scoreboard_reads += 1

    def issued(self) -> None:
        """Count a member that began, with the threshold of its channel."""
        self.counters.threshold_reads += self.has_thresholds
        self.counters.issued += 1

    def folded(self, op: Op) -> None:
        """Count an op whose outcome went into the state of its window, and is written nowhere."""
        self.retired(op)
        self.counters.scoreboard_writes -= 1

    def dropped(self, op: Op) -> None:
        """Count a member that was dropped before it began."""
        self.squashed(op, "queue")
