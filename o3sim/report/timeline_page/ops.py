"""What becomes of every op that shows itself in some cycles: what the interactive timeline is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.events import Event, EventKind
from o3sim.errors import InputError
from o3sim.report.plot.held import UNSEEN, Held, HeldObserver
from o3sim.report.plot.timeline import Doing, Judge, pe_number

if TYPE_CHECKING:
    from o3sim.contract.program import LayerProgram
    from o3sim.studies.whatif.window import LayerWindow

MOST_MARKS = 4_000_000
"""Words and refusals on a page: some 30 MB of it, which browsers open in a second or two."""

MOST_PE_CYCLES = 2**24
MOST_PES = 65_535
"""What browsers take for a picture's height; and their area, with room to spare."""

MOST_NUMBER = 2**31 - 1
"""Of an op or a cycle: pages hold them in 32 bits."""

UNKNOWN = -1
"""A cycle or a place that was not seen."""


class Fate(IntEnum):
    """How an op ended."""

    OPEN = 0
    RETIRED = 1
    SQUASHED_SEQUENCER = 2
    SQUASHED_QUEUE = 3
    SQUASHED_PE = 4


_PLACES = {
    "sequencer": Fate.SQUASHED_SEQUENCER,
    "queue": Fate.SQUASHED_QUEUE,
    "window": Fate.SQUASHED_QUEUE,
}


@dataclass
class _Op:
    """An op as it is followed."""

    pe: int = UNKNOWN
    context: int = UNKNOWN
    dispatched: int = UNKNOWN
    issued: int = UNKNOWN
    decided: int = UNKNOWN
    outcome: int = UNKNOWN
    ended: int = UNKNOWN
    fate: Fate = Fate.OPEN
    words: list[tuple[int, int]] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class TimelineOps:
    """A machine over some cycles, op by op.

    Attributes
    ----------
    name : str
    pes, first_cycle, end_cycle : int
        Cycles ``first_cycle <= c < end_cycle`` of the layer.
    columns : dict of str to int32 array, shape (ops,)
        ``op`` (place in program order), ``pe``, ``context``, ``dispatched``, ``issued``, ``decided``,
        ``outcome``, ``ended``, ``fate`` (:class:`Fate`), ``window``, ``channel``, ``position``; -1 for what
        was not seen.
    first_mark : int32 array, shape (ops + 1,)
        Where the marks of each op begin.
    mark_cycle : int32 array, shape (marks,)
        Cycle of each word and each refusal, in order.
    mark_doing : uint8 array, shape (marks,)
        :class:`o3sim.report.plot.timeline.Doing`.
    held : Held
    """

    name: str
    pes: int
    first_cycle: int
    end_cycle: int
    columns: dict[str, NDArray[np.int32]]
    first_mark: NDArray[np.int32]
    mark_cycle: NDArray[np.int32]
    mark_doing: NDArray[np.uint8]
    held: Held


class OpsObserver:
    """Follow the ops that show themselves in some cycles, also as far as they end later.

    Parameters
    ----------
    first_cycle, end_cycle : int
        ``first_cycle <= cycle < end_cycle`` of the layer are kept.
    """

    def __init__(self, first_cycle: int, end_cycle: int) -> None:
        self._first_cycle, self._end_cycle = first_cycle, end_cycle
        self._ops: dict[int, _Op] = {}
        self._marks = 0
        self._held = HeldObserver()

    def see(self, event: Event) -> None:
        """Take one event."""
        if event.kind in (EventKind.LAYER_START, EventKind.LAYER_END, EventKind.WEIGHTS):
            return
        if max(event.cycle, event.op) > MOST_NUMBER:
            raise InputError(f"op {event.op:,} in cycle {event.cycle:,}: a page shows numbers below 2**31")
        self._held.see(event)
        op = self._ops.get(event.op)
        if op is None:
            if event.cycle >= self._end_cycle:
                return  # it shows itself only later
            op = self._ops[event.op] = _Op()
        self._note(event, op)
        if op.fate is not Fate.OPEN and op.ended < self._first_cycle:
            self._marks -= len(op.words) + len(op.refused)
            del self._ops[event.op]

    def result(
        self,
        name: str,
        pes: int,
        window: LayerWindow,
        judge: Judge,
        program: LayerProgram | None,
        from_start: bool,
    ) -> TimelineOps:
        """Return what was seen, once the layer has ended or was seen far enough.

        Parameters
        ----------
        window : LayerWindow
            The cycles that the layer has of those kept.
        judge : callable
            Knows what becomes of words.
        program : LayerProgram, optional
            Knows the neurons and windows of ops.
        from_start : bool
            Whether the layer was seen from its first cycle.
        """
        if pes > MOST_PES or pes * window.cycles > MOST_PE_CYCLES:
            most = f"{MOST_PE_CYCLES:,} PE-cycles and {MOST_PES:,} PEs"
            raise InputError(
                f"{name}: {window.cycles:,} cycles of {pes:,} PEs; a page shows {most} at most: --cycles A:B"
            )
        numbers = np.array(sorted(self._ops), np.int32)
        ops = [self._ops[number] for number in numbers.tolist()]
        marks = [self._marks_of(number, op, judge) for number, op in zip(numbers.tolist(), ops, strict=True)]
        flat = np.array([mark for each in marks for mark in each], np.int32).reshape(-1, 2)
        held = self._held.over(window) if from_start else UNSEEN
        return TimelineOps(
            name,
            pes,
            window.first_cycle,
            window.end_cycle,
            _columns(numbers, ops, program),
            np.cumsum([0, *map(len, marks)]).astype(np.int32),
            flat[:, 0].copy(),
            flat[:, 1].astype(np.uint8),
            held,
        )

    def _note(self, event: Event, op: _Op) -> None:
        match event.kind:
            case EventKind.DISPATCH:
                op.dispatched = event.cycle
            case EventKind.ISSUE:
                op.issued, op.pe = event.cycle, pe_number(event.unit)
                op.context = int(event.unit.partition(".")[2] or UNKNOWN)
            case EventKind.WORD | EventKind.STALL:
                op.pe = pe_number(event.unit)
                self._mark(event, op)
            case EventKind.DECIDE:
                op.decided, op.outcome = event.cycle, int(event.value != 0)
            case EventKind.RETIRE:
                op.ended, op.fate, op.outcome = event.cycle, Fate.RETIRED, int(event.value != 0)
            case EventKind.SQUASH:
                op.ended, op.fate = event.cycle, _PLACES.get(event.unit, Fate.SQUASHED_PE)

    def _mark(self, event: Event, op: _Op) -> None:
        self._marks += 1
        if self._marks > MOST_MARKS:
            raise InputError(
                f"more than {MOST_MARKS:,} words and refusals in these cycles: fewer by --cycles A:B"
            )
        if event.kind is EventKind.WORD:
            op.words.append((event.cycle, event.value))
        else:
            op.refused.append(event.cycle)

    def _marks_of(self, number: int, op: _Op, judge: Judge) -> list[tuple[int, int]]:
        """Return the cycles in which an op took a word or was refused one, with what they came to."""
        squashed = op.fate is Fate.SQUASHED_PE
        found = [
            (cycle, int(Doing.SQUASHED if squashed else judge(number, word, cycle)))
            for cycle, word in op.words
        ]
        return sorted(found + [(cycle, int(Doing.REFUSED)) for cycle in op.refused])


def _columns(
    numbers: NDArray[np.int32], ops: Sequence[_Op], program: LayerProgram | None
) -> dict[str, NDArray[np.int32]]:
    names = ("pe", "context", "dispatched", "issued", "decided", "outcome", "ended", "fate")
    columns = {"op": numbers}
    columns |= {name: np.array([int(getattr(op, name)) for op in ops], np.int32) for name in names}
    unknown = np.full(len(ops), UNKNOWN, np.int32)
    if program is None:
        return columns | {"window": unknown, "channel": unknown, "position": unknown}
    return columns | {
        "window": program.windows[numbers, 0].astype(np.int32),
        "channel": program.channel[numbers].astype(np.int32),
        "position": program.position[numbers].astype(np.int32),
    }
