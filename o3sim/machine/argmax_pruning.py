"""Argmax pruning: the best score written so far, and which classes it eliminates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from o3sim.machine.op import Op

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.profile.classes import ClassRace


class ArgmaxPruning:
    """Tells which classes in PEs can no longer come out highest (``pruning.argmax``).

    A score written in cycle ``r`` is seen ``squash_latency_cycles`` later, the count of a word
    ``latency_cycles`` after it went in. A class is dropped in the first cycle in which what is seen of its
    words shows that it cannot come before the leader.

    Parameters
    ----------
    race : ClassRace
    width_edges, latency_cycles, squash_latency_cycles : int
    """

    def __init__(
        self, race: ClassRace, width_edges: int, latency_cycles: int, squash_latency_cycles: int
    ) -> None:
        self._rank = race.rank.tolist()
        self._beaten_after = race.beaten_after
        self._width_edges = width_edges
        self._latency_cycles = latency_cycles
        self._squash_latency_cycles = squash_latency_cycles
        self._shown: dict[int, list[int]] = {}
        self.leader: int | None = None

    def retire(self, op: Op, cycle: int) -> None:
        """Take a score that was written."""
        self._shown.setdefault(cycle + self._squash_latency_cycles, []).append(op.windows[0])

    def show(self, cycle: int) -> None:
        """Let what was written ``squash_latency_cycles`` ago be seen."""
        for number in self._shown.pop(cycle, ()):
            if self.leader is None or self._rank[number] < self._rank[self.leader]:
                self.leader = number

    def words_needed(self, op: Op) -> int:
        """Return the words after which the leader is known to beat a class; more than it has if never."""
        if self.leader is None:
            return op.words + 1
        edges = int(self._beaten_after[self.leader, op.windows[0]])
        return op.words + 1 if edges > op.n_edges else -(-edges // self._width_edges)

    def eliminates(self, op: Op, cycle: int) -> bool:
        """Return whether what is seen of a class shows that it cannot win."""
        needed = self.words_needed(op)
        return needed <= op.words_in and op.word_cycles[needed - 1] + self._latency_cycles <= cycle

    def next_show(self) -> int | None:
        """Next cycle in which a score will be seen."""
        return min(self._shown, default=None)


def argmax_pruning_of(race: ClassRace | None, architecture: Architecture) -> ArgmaxPruning | None:
    """Make what compares the classes of a layer; None where they do not race."""
    if race is None:
        return None
    pe, pruning = architecture.pe, architecture.pruning
    return ArgmaxPruning(race, pe.width_edges, pe.latency_cycles, pruning.squash_latency_cycles)
