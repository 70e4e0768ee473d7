"""What a queue does in a cycle: the steps that loops over cycles are made of for each kind of queue."""

from __future__ import annotations

from typing import Any, NamedTuple

from o3sim.compiled.fast.scheduler import selecting
from o3sim.compiled.fast.sequencer import enqueue_arrivals, sequence
from o3sim.compiled.fast.windows import show, squash_in_queue


class QueueSteps(NamedTuple):
    """The steps of a queue, in the order of a cycle: functions of kernels.

    They are not chosen in a kernel, since Numba would compile those that it does not need.

    Attributes
    ----------
    show
        Outcomes are seen.
    sequence
        Ops are dispatched, or squashed before.
    squash
        Ops in the queue are.
    selecting
        Makes the step that selects ops, of one that gives an op to a PE.
    enqueue
        Ops that were dispatched can be selected from the next cycle on.
    """

    show: Any
    sequence: Any
    squash: Any
    selecting: Any
    enqueue: Any


CENTRAL = QueueSteps(show, sequence, squash_in_queue, selecting, enqueue_arrivals)
