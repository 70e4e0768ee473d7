"""The scheduler: moves ready ops from the issue queue to PEs with a free context."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from o3sim.config.custom_code import is_custom
from o3sim.contract.errors import MachineError
from o3sim.errors import InputError
from o3sim.machine.issue_queue import IssueQueue
from o3sim.machine.op import Op
from o3sim.machine.pe_array import PEArray
from o3sim.machine.policies import Policy, QueueView, policy_class
from o3sim.machine.scoreboard import Scoreboard

if TYPE_CHECKING:
    from o3sim.config.architecture import Scheduler as SchedulerConfig


class Scheduler:
    """Select up to ``issue_width`` ops a cycle, chosen by a policy, and issue each ``select_cycles`` later.

    With a queue in banks each bank selects one a cycle, for PEs of its own, the lower bank first.

    An op is ready when fewer than ``window_in_flight`` ops of each of its undecided windows are in
    flight: selected, and their outcome not yet seen. Without pooling pruning every op is ready.

    Attributes
    ----------
    selected : int
        Ops selected so far.
    """

    def __init__(self, config: SchedulerConfig, queue: IssueQueue, pes: PEArray) -> None:
        self.config = config
        self.policy: Policy = policy_class(config.policy)()
        if self.policy.whole_group and config.banks is not None:
            what = "its ops start as a whole group, and banks select for themselves: dispatch by `central`"
            raise InputError(f"scheduler.policy: {config.policy}: {what}")
        self._pick = self._checked_pick if is_custom(config.policy) else self.policy.pick
        self.queue = queue
        self.pes = pes
        self.selected = 0
        self._on_the_way: dict[int, list[Op]] = {}

    def step(
        self, cycle: int, scoreboard: Scoreboard, more_coming: bool, on_issue: Callable[[Op], None]
    ) -> None:
        """Select this cycle's ops, and issue those that were selected ``select_cycles`` ago."""
        issue_cycle = cycle + self.config.select_cycles
        selected = self._select(issue_cycle, scoreboard, more_coming)
        if selected:
            self.selected += len(selected)
            self._on_the_way[issue_cycle] = selected
        issued = [op for op in self._on_the_way.pop(cycle, ()) if not op.squashed]
        for op in issued:
            op.issued = True
            on_issue(op)
        if issued:
            self.queue.remove({op.index for op in issued})

    def _select(self, issue_cycle: int, scoreboard: Scoreboard, more_coming: bool) -> list[Op]:
        """Give this cycle's ops their contexts, to be issued in a cycle."""
        entries = self.queue.unselected if self.config.select_cycles else self.queue.entries
        if self.config.banks is None:
            width = self.config.issue_width_ops
            quota = self.pes.free_contexts if self.policy.whole_group else min(self.pes.free_contexts, width)
            view = self._view(entries, self.pes.free_contexts, scoreboard, more_coming)
            return self._take(view, quota, issue_cycle, scoreboard)
        by_bank: list[list[Op]] = [[] for _ in range(self.queue.banks)]
        for op in entries:
            by_bank[op.bank].append(op)
        selected = []
        for bank, held in enumerate(by_bank):
            free = self.pes.free_contexts_of(bank)
            view = self._view(held, free, scoreboard, more_coming)
            selected += self._take(view, min(free, 1), issue_cycle, scoreboard)
        return selected

    def _take(self, view: QueueView, quota: int, issue_cycle: int, scoreboard: Scoreboard) -> list[Op]:
        """Give up to so many ops that the policy picks their contexts."""
        selected: list[Op] = []
        if not quota or not view.entries:
            return selected
        for op in self._pick(view):
            scoreboard.issue(op)
            self.pes.place(op, issue_cycle, op.bank)
            selected.append(op)
            if len(selected) == quota:
                break
        return selected

    def next_issue(self) -> int | None:
        """Next cycle in which an op is issued, None if none is selected."""
        return min(self._on_the_way, default=None)

    def _checked_pick(self, view: QueueView) -> Iterator[Op]:
        """Hold a policy that is not o3sim's own to what it may pick."""
        left = {op.index for op in view.entries}
        for op in self.policy.pick(view):
            if op.index not in left or not view.ready(op):
                wrong = "is not ready" if op.index in left else "is not in the queue, or was picked before"
                raise MachineError(f"policy {type(self.policy).__name__} picked {op!r}, which {wrong}")
            left.remove(op.index)
            yield op

    def _view(
        self, entries: list[Op], free_contexts: int, scoreboard: Scoreboard, more_coming: bool
    ) -> QueueView:
        """Show the policy what it may see."""
        limit = self.config.window_in_flight_ops
        ready: Callable[[Op], bool] = _always
        if limit != "unlimited" and scoreboard.prunes:
            ready = partial(scoreboard.admits, limit=limit)
        return QueueView(entries, ready, free_contexts, self.pes.contexts // self.queue.banks, more_coming)

    def __repr__(self) -> str:
        return f"scheduler: {type(self.policy).__name__}, {self.pes.free_contexts} free contexts"


def _always(_op: Op) -> bool:
    return True
