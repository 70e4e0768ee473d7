"""Lock-step: all PEs take one group of ops together, the SIMD baseline."""

from __future__ import annotations

from collections.abc import Iterator

from o3sim.machine.op import Op
from o3sim.machine.policies.policy import Policy, QueueView


class Lockstep(Policy):
    """Start a group when every context is free and the queue holds a full group or no more comes."""

    whole_group = True

    def pick(self, view: QueueView) -> Iterator[Op]:
        """Yield the oldest ready ops if the whole array is free, nothing otherwise."""
        if view.free_contexts < view.contexts:
            return
        if len(view.entries) < view.contexts and view.more_coming:
            return
        for op in view.entries:
            if view.ready(op):
                yield op
