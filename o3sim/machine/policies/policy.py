"""What a scheduling policy is asked, and what it may look at."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from o3sim.machine.op import Op


@dataclass(frozen=True)
class QueueView:
    """What a policy sees of the machine in a cycle; of a queue in banks one bank after another.

    Attributes
    ----------
    entries : list of Op
        Ops in the issue queue that are not selected, oldest first.
    ready : callable
        Whether an op may be selected now; it takes the ops already selected in this cycle into
        account, so ask just before yielding.
    free_contexts, contexts : int
        Free contexts of all PEs that no op is selected for, and all there are; of a bank's PEs where the
        queue is in banks.
    more_coming : bool
        Whether the sequencer may still put ops into the queue without an op being issued first.
    """

    entries: list[Op]
    ready: Callable[[Op], bool]
    free_contexts: int
    contexts: int
    more_coming: bool


class Policy(ABC):
    """Choose which ops go to PEs in a cycle.

    Attributes
    ----------
    whole_group : bool
        The picked ops start as one group: ``scheduler.issue_width_ops`` does not apply, and PEs
        that wait for the rest of the group count as ``drain``.
    """

    whole_group = False

    @abstractmethod
    def pick(self, view: QueueView) -> Iterator[Op]:
        """Yield ops to select, first choice first; the scheduler stops when PEs or width run out."""
