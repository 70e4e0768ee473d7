"""Out of order: the oldest ready ops anywhere in the queue."""

from __future__ import annotations

from collections.abc import Iterator

from o3sim.machine.op import Op
from o3sim.machine.policies.policy import Policy, QueueView


class OutOfOrder(Policy):
    """Step over ops that are not ready."""

    def pick(self, view: QueueView) -> Iterator[Op]:
        """Yield every ready op, oldest first."""
        for op in view.entries:
            if view.ready(op):
                yield op
