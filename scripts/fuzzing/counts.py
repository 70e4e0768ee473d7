"""How many cases of each kind ended how."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from scripts.fuzzing.cases import Case
from scripts.fuzzing.verdicts import REFUSED, Ending

SLOWEST = 5
ALL = "all"


@dataclass
class Counts:
    """Counts endings of cases, and remembers the slowest and the largest."""

    statuses: Counter[tuple[str, int | None]] = field(default_factory=Counter)
    commands: Counter[tuple[str, int | None]] = field(default_factory=Counter)
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    slowest: list[tuple[float, int]] = field(default_factory=list)
    most_memory_bytes: int = 0

    def add(self, number: int, case: Case, ending: Ending, wrong: Sequence[str]) -> None:
        """Count a case."""
        grouped = case.words[0] in ("golden", "plot", "import")
        self.statuses[case.kind, ending.status] += 1
        self.commands[" ".join(case.words[: 1 + grouped])[:20], ending.status] += 1
        self.faults.update((case.kind, fault.split()[0]) for fault in wrong)
        self.slowest = sorted([*self.slowest, (ending.wall_s, number)])[-SLOWEST:]
        self.most_memory_bytes = max(self.most_memory_bytes, ending.memory_bytes)

    def show(self) -> None:
        """Print both tables."""
        self._table("damaged", self.statuses)
        self._table("command", self.commands)
        for (kind, fault), count in sorted(self.faults.items()):
            print(f"{count:8} {fault}: {kind}")
        times = ", ".join(f"{wall_s:.1f} s (case {number})" for wall_s, number in reversed(self.slowest))
        print(f"slowest: {times}; largest: {self.most_memory_bytes / 2**20:,.0f} MiB")

    def _table(self, title: str, counted: Counter[tuple[str, int | None]]) -> None:
        print(f"{title:22}{'cases':>8}{'ended 0':>9}{'refused':>9}{'other':>8}")
        for name in [*sorted({name for name, _ in counted}), ALL]:
            ended: Counter[int | None] = Counter()
            for (each, status), count in counted.items():
                if name in (each, ALL):
                    ended[status] += count
            other = ended.total() - ended[0] - ended[REFUSED]
            print(f"{ascii(name)[1:-1]:22}{ended.total():8}{ended[0]:9}{ended[REFUSED]:9}{other:8}")
