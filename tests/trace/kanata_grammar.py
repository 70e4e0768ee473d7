"""A strict reader of Kanata 0004, from Konata's documentation of the format.

https://github.com/shioyadan/Konata/blob/master/docs/kanata-log-format.md, and, where that leaves
something open, what Konata's own parser refuses or what its renderer does not draw: stages that are
never ended, ops of no width, arrows to or from ops without an ``X`` stage.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple


class Stage(NamedTuple):
    lane: int
    name: str
    start: int
    end: int


@dataclass
class Instruction:
    id: int
    gid: int
    start: int
    labels: dict[int, str] = field(default_factory=lambda: {0: "", 1: "", 2: ""})
    open: dict[int, tuple[str, int]] = field(default_factory=dict)
    stages: list[Stage] = field(default_factory=list)
    producers: list[int] = field(default_factory=list)
    end: int | None = None
    flushed: bool = False

    def lane(self, lane: int) -> list[Stage]:
        return [stage for stage in self.stages if stage.lane == lane]


class KanataReader:
    """Read a log; assert every rule."""

    FIELDS: ClassVar = {"C=": 2, "C": 2, "I": 4, "L": 4, "S": 4, "E": 4, "R": 4, "W": 4}

    def __init__(self, text: str) -> None:
        assert text.endswith("\n")
        lines = text.splitlines()
        assert lines[0] == "Kanata\t0004"
        assert lines[1].startswith("C=\t")
        self.cycle = -1
        self.instructions: dict[int, Instruction] = {}
        self.retirements = 0
        for line in lines[1:]:
            fields = line.split("\t")
            assert len(fields) == self.FIELDS[fields[0]], line
            if fields[0] in ("C=", "C"):
                self._advance(*fields)
            else:
                getattr(self, f"_{fields[0].lower()}")(int(fields[1]), *fields[2:])
        for op in self.instructions.values():
            assert op.end is not None, f"{op.id} has no end"

    def _advance(self, command: str, cycles: str) -> None:
        if command == "C=":
            assert self.cycle == -1
            self.cycle = int(cycles)
        else:
            assert int(cycles) > 0
            self.cycle += int(cycles)

    def _i(self, number: int, gid: str, thread: str) -> None:
        assert number == len(self.instructions)
        assert int(thread) >= 0
        self.instructions[number] = Instruction(number, int(gid), self.cycle)

    def _alive(self, number: int) -> Instruction:
        op = self.instructions[number]
        assert op.end is None, f"{number} has ended"
        return op

    def _l(self, number: int, kind: str, text: str) -> None:
        assert text
        self._alive(number).labels[int(kind)] += text

    def _s(self, number: int, lane: str, stage: str) -> None:
        op = self._alive(number)
        assert int(lane) not in op.open, f"{number}: {op.open} is not ended"
        assert stage
        op.open[int(lane)] = stage, self.cycle

    def _e(self, number: int, lane: str, stage: str) -> None:
        op = self._alive(number)
        name, start = op.open.pop(int(lane))
        assert name == stage
        assert start < self.cycle, f"{number}: {stage} has no width"
        op.stages.append(Stage(int(lane), stage, start, self.cycle))

    def _r(self, number: int, retirement: str, how: str) -> None:
        op = self._alive(number)
        assert not op.open
        assert op.stages
        assert op.start < self.cycle
        assert int(retirement) == self.retirements
        assert how in "01"
        op.end, op.flushed = self.cycle, how == "1"
        self.retirements += how == "0"

    def _w(self, consumer: int, producer: str, kind: str) -> None:
        assert kind == "0"
        op, source = self._alive(consumer), self.instructions[int(producer)]
        assert any("X" in name for name, _ in op.open.values())
        names = [stage.name for stage in source.stages] + [name for name, _ in source.open.values()]
        words_came_before_the_trace = not names or names[0][0] in "DWw"  # w: wasted, after it
        assert any("X" in name for name in names) or words_came_before_the_trace
        op.producers.append(int(producer))
