"""A PE whose contexts hold windows: which of them puts in the next word."""

from __future__ import annotations

from o3sim.machine.op import Op
from o3sim.machine.pe import PE


class OldestPE(PE):
    """Of the contexts whose last verdict is known the one with the oldest op goes first.

    When all verdicts are out, the oldest op that has words left goes on speculatively, if the PE may.
    """

    __slots__ = ("last_context",)

    def __init__(self, index: int, contexts: int, speculate: bool) -> None:
        super().__init__(index, contexts, speculate)
        self.last_context = contexts - 1

    def select(self, cycle: int) -> Op | str:
        """Choose the op whose next word is asked for in this cycle, or say why there is none."""
        if self.late_verdicts:
            return "write_stall"
        able = [op for op in self.held if op is not None and op.words_in < op.words and op.decided_words]
        known = [op for op in able if op.ready_cycle <= cycle]
        if known:
            return min(known, key=self.rank)
        guesses = [op for op in able if op.words_in]
        if guesses and self.speculate:
            return min(guesses, key=self.rank)
        waits_for_words_only = len(able) > len(guesses)
        waits_for_verdict = any(op is not None and op.words_in for op in self.held)
        return "issue_wait" if waits_for_words_only and not waits_for_verdict else "verdict_wait"

    def rank(self, op: Op) -> int:
        """Return what is least for the op that goes first."""
        return op.index


class BarrelPE(OldestPE):
    """Contexts take turns: the first after the one that was served last, of those that could go."""

    __slots__ = ()

    def rank(self, op: Op) -> int:
        """Return how many contexts an op's lies behind the one served last."""
        return (op.context - self.last_context - 1) % len(self.held)


PICKS = {"oldest": OldestPE, "barrel": BarrelPE}
"""The PEs by the value of ``pe.pick``."""
