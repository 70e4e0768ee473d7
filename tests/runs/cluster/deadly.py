"""Work that kills the process it runs in, at one point; imported by workers."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

from o3sim.runs.tasks import PointOutcome, PointTask, evaluate_all

DEADLY_POINT = 5
SLOW_S = 0.1


def evaluate_or_die(tasks: Sequence[PointTask]) -> list[PointOutcome]:
    if any(task.number == DEADLY_POINT for task in tasks):
        os.kill(os.getpid(), signal.SIGKILL)
    return evaluate_all(tasks)


def evaluate_slowly(tasks: Sequence[PointTask]) -> list[PointOutcome]:
    time.sleep(SLOW_S)
    return evaluate_all(tasks)
