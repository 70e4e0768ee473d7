"""The counters: each hands the next windows of a list to free contexts of its range of PEs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from o3sim.machine.dispatch.patch import PatchMemory
from o3sim.machine.dispatch.pe_array import WindowPEArray
from o3sim.machine.dispatch.task import Member, Task
from o3sim.machine.op_rows import op_rows
from o3sim.machine.weight_stream import WeightStream

if TYPE_CHECKING:
    from o3sim.config.architecture import Scheduler
    from o3sim.contract.program import LayerProgram
    from o3sim.contract.tasks import LayerTasks


class Counters:
    """Hand out up to ``windows_per_cycle`` tasks a counter and cycle, in the order of its list.

    A task goes out if its weights have arrived, its columns are in the patches, and a PE of the range has a
    free context; else the counter waits for it. Which counter is first rotates with the layer's cycles.

    Parameters
    ----------
    scheduler : Scheduler
    lists : list of int
        Which of the layer's lists each counter takes from.
    weights : WeightStream
    patch : PatchMemory
    pes : WindowPEArray

    Attributes
    ----------
    handed_out : int
        Tasks of this layer so far.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        lists: list[int],
        weights: WeightStream,
        patch: PatchMemory,
        pes: WindowPEArray,
    ) -> None:
        self._windows_per_cycle = scheduler.windows_per_cycle
        self._list_of = lists
        self._weights = weights
        self._patch = patch
        self._pes = pes
        self.handed_out = 0

    def begin_layer(self, program: LayerProgram, tasks: LayerTasks, cycle: int) -> None:
        """Start on a layer."""
        self._program = program
        self._first_cycle = cycle
        self._first_op = tasks.first_op.tolist()
        self._first_group = min(program.group_ops)
        self._group_of = tasks.weight_group.tolist()
        self._weight_base_of = tasks.weight_base.tolist()
        self._listed = tasks.listed.tolist()
        starts = tasks.list_start.tolist()
        self._next, self._end = starts[:-1], starts[1:]
        self.handed_out = 0

    def step(self, cycle: int, on_hand_out: Callable[[Task, int, Member], None]) -> None:
        """Hand out this cycle's tasks; tell of each, its counter, and the member that begins."""
        counters = len(self._list_of)
        for turn in range(counters):
            counter = (cycle - self._first_cycle + turn) % counters
            for _ in range(self._windows_per_cycle):
                if self._waits_because(counter, cycle) is not None or not self._pes.can_take(counter):
                    break
                task = self._make(self._listed[self._next[self._list_of[counter]]])
                self._next[self._list_of[counter]] += 1
                self.handed_out += 1
                on_hand_out(task, counter, self._pes.hand_over(task, counter, cycle))

    def idle_causes(self, cycle: int) -> list[str]:
        """Say for each counter, after its turn, why a PE of its range that holds nothing has nothing."""
        return [self._waits_because(counter, cycle) or "no_ready_op" for counter in range(len(self._list_of))]

    def waits_for(self, cycle: int) -> list[int]:
        """Weight groups that next tasks wait for."""
        waited = []
        for number, task in enumerate(self._next):
            if task < self._end[number]:
                group = self._first_group + self._group_of[self._listed[task]]
                if not self._weights.arrived(group, cycle):
                    waited.append(group)
        return waited

    def _waits_because(self, counter: int, cycle: int) -> str | None:
        """Say why a counter's next task cannot go out, whatever contexts are free; None if it can."""
        number = self._list_of[counter]
        if self._next[number] == self._end[number]:
            return "drain"
        task = self._listed[self._next[number]]
        if not self._weights.arrived(self._first_group + self._group_of[task], cycle):
            return "weight_wait"
        return None if self._patch.holds(task) else "input_wait"

    def _make(self, number: int) -> Task:
        """Make a task and its members of a stretch of the program."""
        program = self._program
        is_window = program.geometry.pool is not None
        task = Task(number, is_window, is_window and program.prunes_pooling)
        part = slice(self._first_op[number], self._first_op[number + 1])
        task.members = [Member(*row, task=task) for row in op_rows(program, part)]
        for op in task.members:
            op.weight_base = self._weight_base_of[number]
        return task

    def __repr__(self) -> str:
        left = [end - next_ for next_, end in zip(self._next, self._end, strict=True)]
        return f"counters: {left} windows are left"
