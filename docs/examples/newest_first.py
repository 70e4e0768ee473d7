"""A scheduling policy: the newest ready ops first."""

from collections.abc import Iterator

from o3sim.extend import Op, Policy, QueueView


class NewestFirst(Policy):
    """Issue from the young end of the queue; old ops wait until nothing younger is ready."""

    def pick(self, view: QueueView) -> Iterator[Op]:
        """Yield every ready op, newest first; the scheduler stops when PEs or width run out."""
        for op in reversed(view.entries):
            if view.ready(op):
                yield op
