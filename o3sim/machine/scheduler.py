"""The scheduler: moves ready ops from the issue queue to PEs with a free context."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from o3sim.machine.issue_queue import IssueQueue
from o3sim.machine.op import Op
from o3sim.machine.pe_array import PEArray
from o3sim.machine.policies import POLICIES, Policy, QueueView
from o3sim.machine.scoreboard import Scoreboard

if TYPE_CHECKING:
    from o3sim.config.architecture import Scheduler as SchedulerConfig


class Scheduler:
    """Issue up to ``issue_width`` ops a cycle, chosen by a policy.

    An op is ready when fewer than ``window_in_flight`` ops of each of its undecided windows are in
    flight: issued, and their outcome not yet seen. Without pooling pruning every op is ready.
    """

    def __init__(self, config: SchedulerConfig, queue: IssueQueue, pes: PEArray) -> None:
        self.config = config
        self.policy: Policy = POLICIES[config.policy]()
        self.queue = queue
        self.pes = pes

    def step(
        self, cycle: int, scoreboard: Scoreboard, more_coming: bool, on_issue: Callable[[Op], None]
    ) -> None:
        """Issue this cycle's ops."""
        quota = self.pes.free_contexts
        if not self.policy.whole_group:
            quota = min(quota, self.config.issue_width_ops)
        if not quota or not self.queue.entries:
            return
        issued: set[int] = set()
        for op in self.policy.pick(self._view(scoreboard, more_coming)):
            scoreboard.issue(op)
            self.pes.place(op, cycle)
            on_issue(op)
            issued.add(op.index)
            if len(issued) == quota:
                break
        if issued:
            self.queue.remove(issued)

    def _view(self, scoreboard: Scoreboard, more_coming: bool) -> QueueView:
        """Show the policy what it may see."""
        limit = self.config.window_in_flight_ops
        ready: Callable[[Op], bool] = _always
        if limit != "unlimited" and scoreboard.prunes:
            ready = partial(scoreboard.admits, limit=limit)
        return QueueView(self.queue.entries, ready, self.pes.free_contexts, self.pes.contexts, more_coming)

    def __repr__(self) -> str:
        return f"scheduler: {type(self.policy).__name__}, {self.pes.free_contexts} free contexts"


def _always(_op: Op) -> bool:
    return True
