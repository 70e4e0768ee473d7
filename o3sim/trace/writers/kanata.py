"""``kanata``: the pipeline view, a Kanata 0004 log for Konata.

Lane 0 holds an op's stages, lane 1 the cycles in which a bank refused it a word, lane 2 words that
went in after the deciding one. ``docs/traces.md`` lists the stages. Konata draws the ends of arrows
at stages with an ``X`` in their name and shows no op that ends in the cycle it began in, hence the
names, and the cycle that a squash takes. Lines are in the order of the events, so the file is
written as it goes, and every stage and op has an explicit end.

Format: https://github.com/shioyadan/Konata/blob/master/docs/kanata-log-format.md
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from o3sim.contract.events import OP_KINDS, Event, EventKind
from o3sim.trace.squash_causes import SquashCauses
from o3sim.trace.writer import TracedLayer, text_on

QUEUE, IN_PE, DECIDED, WRITE, SQUASHED, CUT_OFF = "Q", "X", "D", "W", "Xs", "cut"
STAGES, STALLS, WASTED = 0, 1, 2
RETIRE, FLUSH = 0, 1


@dataclass
class _Row:
    """An op that is alive: its number in the file and its stage in lane 0."""

    id: int
    stage: str = ""


class KanataWriter:
    """Write the ops of a layer as instructions, dispatch to write, squashes as flushes."""

    def __init__(self, stream: BinaryIO, layer: TracedLayer) -> None:
        self._text = text_on(stream)
        self._program = layer.program
        self._has_queue = layer.architecture.scheduler.has_queue
        self._causes = SquashCauses(layer.program)
        self._cycle = -1
        self._rows: dict[int, _Row] = {}
        self._ids: dict[int, int] = {}  # of ops that settled a window, alive or not
        self._next_id = self._next_retirement = 0
        self._waiting: dict[int, str] = {}  # stages that begin in this cycle unless another does
        self._due: list[Callable[[], None]] = []  # what ends at the start of the next cycle
        self._handlers: dict[EventKind, Callable[[Event, _Row], None]] = {
            EventKind.DISPATCH: self._dispatched,
            EventKind.ISSUE: self._issued,
            EventKind.WORD: self._word,
            EventKind.STALL: self._stalled,
            EventKind.DECIDE: self._decided,
            EventKind.RETIRE: self._retired,
            EventKind.SQUASH: self._squashed,
        }
        self._write("Kanata", "0004")

    def see(self, event: Event) -> None:
        """Write what an event begins."""
        if event.kind in OP_KINDS:
            self._go_to(event.cycle)
            row = self._rows.get(event.op) or self._open(event.op)
            self._handlers[event.kind](event, row)

    def close(self) -> None:
        """End what is under way; ops cut off by the end of the window get a stage that says so."""
        if self._cycle >= 0:
            self._go_to(self._cycle + 1)
            self._waiting.clear()
            for op, row in self._rows.items():
                self._begin(row, CUT_OFF)
                self._label(row, 1, "left open by the end of the trace")
                self._due.append(lambda op=op: self._end(op, RETIRE))  # type: ignore[misc]  # bound now
            self._go_to(self._cycle + 1)
        self._text.flush()
        self._text.detach()

    def _dispatched(self, event: Event, row: _Row) -> None:
        if self._has_queue:
            self._begin(row, QUEUE)
        else:  # the first member of a window is issued in the cycle in which that is handed out
            self._wait(event.op, QUEUE)

    def _issued(self, event: Event, row: _Row) -> None:
        self._label(row, 1, f"{event.unit}\\n")
        self._wait(event.op, IN_PE)

    def _word(self, event: Event, row: _Row) -> None:
        needed = int(self._program.decided_words[event.op])
        if event.value >= needed:
            self._one_cycle(row, WASTED, f"w{event.value}")
            return
        self._waiting.pop(event.op, None)
        self._begin(row, f"X{event.value}")
        if event.value == needed - 1:
            self._due.append(lambda: self._wait(event.op, DECIDED))

    def _stalled(self, _event: Event, row: _Row) -> None:
        self._one_cycle(row, STALLS, "stall")

    def _decided(self, event: Event, row: _Row) -> None:
        self._label(row, 1, f"decided: {event.value}\\n")
        if row.stage != DECIDED:
            self._wait(event.op, DECIDED)
        if not self._has_queue:  # what is known settles its window at once, in the PE
            self._settles(event, row)

    def _retired(self, event: Event, row: _Row) -> None:
        self._waiting.pop(event.op, None)
        self._begin(row, WRITE)
        self._settles(event, row)
        self._due.append(lambda: self._end(event.op, RETIRE))

    def _settles(self, event: Event, row: _Row) -> None:
        """Remember who made a window 1."""
        self._causes.retired(event.op, event.value)
        if event.value:
            self._ids[event.op] = row.id

    def _squashed(self, event: Event, row: _Row) -> None:
        self._waiting.pop(event.op, None)
        self._begin(row, SQUASHED)
        causes = self._causes.of(event.op)
        by = ", ".join(f"op {op}" for op in causes) or "an op outside the trace"
        self._label(row, 1, f"squashed in {event.unit}: settled by {by}\\n")
        for op in causes:
            self._write("W", row.id, self._ids[op], 0)
        self._due.append(lambda: self._end(event.op, FLUSH))

    def _go_to(self, cycle: int) -> None:
        """Move on to a cycle, ending on the way what lasts until the next."""
        if self._cycle < 0:
            self._write("C=", cycle)
        elif cycle > self._cycle:
            self._begin_waiting()
            self._write("C", 1)
            due, self._due = self._due, []
            for end in due:
                end()
            if cycle > self._cycle + 1:
                self._begin_waiting()
                self._write("C", cycle - self._cycle - 1)
        self._cycle = cycle

    def _wait(self, op: int, stage: str) -> None:
        """Let a stage begin in this cycle unless another does."""
        self._waiting[op] = stage

    def _begin_waiting(self) -> None:
        """Begin the stages that no other took the place of in this cycle."""
        for op, stage in self._waiting.items():
            if op in self._rows:
                self._begin(self._rows[op], stage)
        self._waiting.clear()

    def _open(self, op: int) -> _Row:
        """Introduce an op."""
        row = self._rows[op] = _Row(self._next_id)
        self._next_id += 1
        program = self._program
        y, x = divmod(int(program.position[op]), program.geometry.out_width)
        words = f"{program.decided_words[op]} of {program.words[op]} words decide"
        self._write("I", row.id, op, 0)
        self._label(row, 0, f"op {op}: y {y} x {x} channel {program.channel[op]}")
        self._label(row, 1, f"{words}\\n")
        return row

    def _begin(self, row: _Row, stage: str) -> None:
        """End an op's stage and begin the next."""
        if row.stage:
            self._write("E", row.id, STAGES, row.stage)
        self._write("S", row.id, STAGES, stage)
        row.stage = stage

    def _one_cycle(self, row: _Row, lane: int, stage: str) -> None:
        """Show a stage beside the main ones until the next cycle."""
        self._write("S", row.id, lane, stage)
        self._due.append(lambda: self._write("E", row.id, lane, stage))

    def _end(self, op: int, how: int) -> None:
        """End an op."""
        row = self._rows.pop(op)
        self._waiting.pop(op, None)
        self._write("E", row.id, STAGES, row.stage)
        self._write("R", row.id, self._next_retirement, how)
        self._next_retirement += how == RETIRE

    def _label(self, row: _Row, kind: int, text: str) -> None:
        self._write("L", row.id, kind, text)

    def _write(self, *fields: object) -> None:
        self._text.write("\t".join(map(str, fields)) + "\n")


def make_writer(stream: BinaryIO, layer: TracedLayer) -> KanataWriter:
    """Write a log that Konata opens."""
    return KanataWriter(stream, layer)
