"""The PE array of a machine without a queue: contexts hold windows, whose members take turns in them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, cast

from o3sim.machine.dispatch.pe import PICKS, OldestPE
from o3sim.machine.dispatch.task import Member, Task
from o3sim.machine.op import Op
from o3sim.machine.operand_supply import OperandSupply
from o3sim.machine.pe_array import PEArray

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.program import LayerProgram


class WindowPEArray(PEArray):
    """All PEs, in a range for each counter.

    Parameters
    ----------
    architecture : Architecture
    supply : OperandSupply
    counters : int

    Attributes
    ----------
    passing : list of (Member, int)
        Members of bundles whose last word went in in the last cycle, and the context for the next.
    on_leave : callable
        Told the task that left its context.
    """

    def __init__(self, architecture: Architecture, supply: OperandSupply, counters: int) -> None:
        super().__init__(architecture, supply, PICKS[architecture.pe.pick], counters)
        self._range = len(self.pes) // counters
        self._counters = counters
        self._units = architecture.scheduler.groups or 1
        self.passing: list[tuple[Member, int]] = []
        self.on_leave: Callable[[Task], None] | None = None

    def begin_layer(self, program: LayerProgram, checks_bounds: bool, cycle: int) -> None:
        """Take over the operand addresses of a layer; weight words of a group of PEs lie in its own banks."""
        super().begin_layer(program, checks_bounds, cycle)
        for pe in self.pes:
            cast("OldestPE", pe).last_context = len(pe.held) - 1
        self._weight_words = (program.addresses.weight_word * self._units).tolist()

    def can_take(self, counter: int) -> bool:
        """Return whether a PE of a counter's range has a free context and no outcome that waits."""
        return self.free_contexts_of(counter) > 0

    def hand_over(self, task: Task, counter: int, cycle: int) -> Member:
        """Give a task to the PE of a counter's range that holds fewest; return its first member."""
        op = task.begin()
        self.place(op, cycle, counter)
        return op

    def begin(self, op: Member, pe: int, context: int, cycle: int) -> None:
        """Let the next member of a task go on in its context; its first word may go in in this cycle."""
        op.pe, op.context = pe, context
        self.pes[pe].held[context] = op
        op.ready_cycle = cycle
        if op.decided_words == 0:
            self._know(op, cycle + 1)

    def leave(self, op: Member) -> None:
        """Free the context of a task that is over."""
        super()._release(op)
        if self.on_leave is not None:
            self.on_leave(op.task)

    def take_verdicts(self, cycle: int) -> list[Op]:
        """Return the ops whose outcome is known from this cycle on; contexts are left to the machine.

        Those that a word decided come first, one a PE; of those that need none first members.
        """
        return sorted(self._verdicts.pop(cycle, ()), key=_order_of_verdicts)

    def move_words_of(self, cycle: int, idle_causes: list[str], writing: Collection[int]) -> dict[str, int]:
        """Do as :meth:`move_words`, with a cause for the idle PEs of each counter's range."""
        ends = [bisect_left(self._busy, (n + 1) * self._range) for n in range(self._counters)]
        busy = [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
        causes = self.move_words(cycle, _IDLE, writing)
        causes.pop(_IDLE, None)
        for cause, count in zip(idle_causes, busy, strict=True):
            if count < self._range:
                causes[cause] = causes.get(cause, 0) + self._range - count
        return causes

    def _put_in(self, op: Op, cycle: int) -> None:
        """Move one word of an op into its PE, whose turn it then was."""
        cast("OldestPE", self.pes[op.pe]).last_context = op.context
        super()._put_in(op, cycle)

    def _release(self, op: Op) -> None:
        """See to the context of an op whose last word went in."""
        member = cast("Member", op)
        if not member.task.has_more:
            self.leave(member)
        elif not member.task.is_window:
            self.passing.append((member, op.context))
            op.context = -1


_IDLE = "idle"


def _order_of_verdicts(op: Op) -> tuple[bool, bool]:
    return not op.decided_words, cast("Member", op).task.members[0] is not op
