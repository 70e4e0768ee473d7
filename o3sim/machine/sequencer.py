"""The sequencer: walks a layer's ops in program order and dispatches them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from o3sim.contract.gates import NOT_YET
from o3sim.machine.issue_queue import IssueQueue
from o3sim.machine.op import Op
from o3sim.machine.op_rows import op_rows
from o3sim.machine.scoreboard import Scoreboard
from o3sim.machine.weight_stream import WeightStream

if TYPE_CHECKING:
    from o3sim.contract.program import LayerProgram

CHUNK_OPS = 4096
"""Ops turned into Python numbers at a time: bounds memory, and is as fast as any larger number."""


class Sequencer:
    """Look at up to ``width`` ops a cycle: squash those of settled windows, dispatch the others.

    It stops for the cycle at an op for which the queue has no room (as of the end of the last
    cycle), whose weight group or input rows have not arrived, or for whose output rows there is no
    room. Each op looked at and got rid of, squashed or dispatched, takes one place of the width.

    Attributes
    ----------
    next_op : int
        The first op not yet dispatched or squashed.
    """

    def __init__(self, width_ops: int, queue: IssueQueue, weights: WeightStream) -> None:
        self.width_ops = width_ops
        self.queue = queue
        self.weights = weights
        self.next_op = 0
        self._ops = 0
        self._chunk: list[Op] = []
        self._chunk_start = 0

    def begin_layer(self, program: LayerProgram, scoreboard: Scoreboard) -> None:
        """Start on a layer."""
        self._program = program
        self._scoreboard = scoreboard
        self._ops = program.ops
        self.next_op = 0
        self._load_chunk()

    def step(self, cycle: int, on_squash: Callable[[Op], None], on_dispatch: Callable[[Op], None]) -> None:
        """Look at this cycle's ops."""
        for _ in range(self.width_ops):
            op = self._peek()
            if op is None or max(self._gates_of(op)) > cycle or not self.weights.arrived(op.group, cycle):
                return
            if self._scoreboard.is_settled(op):
                on_squash(op)
            elif self.queue.has_room(op):
                self.queue.dispatch(op)
                on_dispatch(op)
            else:
                return
            self.next_op += 1

    @property
    def exhausted(self) -> bool:
        """No op of the layer is left to look at."""
        return self.next_op == self._ops

    def waits_for(self, cycle: int) -> int | None:
        """Weight group the next op waits for, None if it waits for none."""
        op = self._peek()
        return None if op is None or self.weights.arrived(op.group, cycle) else op.group

    @property
    def fits(self) -> bool:
        """Whether the next op, if there is one, finds a place in the queue."""
        op = self._peek()
        return op is None or self.queue.has_room(op)

    @property
    def gates(self) -> tuple[int, int]:
        """First cycles in which input rows and room for the next op are there; 0 where they always are."""
        op = self._peek()
        return (0, 0) if op is None else self._gates_of(op)

    @property
    def is_held(self) -> bool:
        """Whether it is not known yet when the next op can be dispatched."""
        return NOT_YET in self.gates

    def may_run_ahead(self, cycle: int) -> bool:
        """Tell whether it might come, in a cycle, to an op of which that is not known yet."""
        gates = self._program.gates
        if gates is None or self.exhausted:
            return False
        passes = max(self.gates) <= cycle
        return self.is_held or (passes and self.next_op + self.width_ops > gates.known_ops[0])

    def _gates_of(self, op: Op) -> tuple[int, int]:
        gates = self._program.gates
        return (0, 0) if gates is None else (int(gates.rows[op.position]), int(gates.room[op.position]))

    def _peek(self) -> Op | None:
        """Next op, None at the end of the layer."""
        place = self.next_op - self._chunk_start
        if place == len(self._chunk):
            if self.exhausted:
                return None
            self._load_chunk()
            place = 0
        return self._chunk[place]

    def _load_chunk(self) -> None:
        """Turn the next stretch of the program into ops."""
        self._chunk_start = start = self.next_op
        self._chunk = [Op(*row) for row in op_rows(self._program, slice(start, start + CHUNK_OPS))]
        if self.queue.banks > 1:
            for op in self._chunk:
                op.bank = self.queue.bank_of(op.windows)

    def __repr__(self) -> str:
        return f"sequencer: op {self.next_op} of {self._ops} is next"
