"""In order: ops are issued in program order, so the first that is not ready holds up the rest."""

from __future__ import annotations

from collections.abc import Iterator

from o3sim.machine.op import Op
from o3sim.machine.policies.policy import Policy, QueueView


class InOrder(Policy):
    """Stop at the first op that is not ready."""

    def pick(self, view: QueueView) -> Iterator[Op]:
        """Yield ops from the head of the queue while they are ready."""
        for op in view.entries:
            if not view.ready(op):
                return
            yield op
