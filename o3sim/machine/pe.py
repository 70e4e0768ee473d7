"""One processing element: a word a cycle, over the contexts it interleaves."""

from __future__ import annotations

from o3sim.machine.op import Op


class PE:
    """Hold up to ``contexts`` ops and choose, each cycle, whose next word to ask for.

    Attributes
    ----------
    held : list of Op or None
        The op in each context.
    occupied : int
        Contexts that hold an op.
    late_verdicts : int
        Verdicts the output buffer did not take in the cycle they were known; while there are
        any, the PE stalls.
    """

    __slots__ = ("held", "index", "late_verdicts", "occupied", "speculate")

    def __init__(self, index: int, contexts: int, speculate: bool) -> None:
        self.index = index
        self.speculate = speculate
        self.held: list[Op | None] = [None] * contexts
        self.occupied = 0
        self.late_verdicts = 0

    def accept(self, op: Op) -> None:
        """Put an op into the lowest free context."""
        context = self.held.index(None)
        self.held[context] = op
        self.occupied += 1
        op.pe, op.context = self.index, context

    def release(self, op: Op) -> None:
        """Free the context of an op."""
        self.held[op.context] = None
        self.occupied -= 1
        op.context = -1

    def select(self, cycle: int) -> Op | str:
        """Choose the op whose next word is asked for in this cycle, or say why there is none.

        The oldest op whose last verdict is in goes first; when all verdicts are out, the oldest
        op goes on speculatively if the PE may.

        Returns
        -------
        Op or str
            The op, or the cause of the PE-cycle.
        """
        if self.late_verdicts:
            return "write_stall"
        best: Op | None = None
        guess: Op | None = None
        cause = "verdict_wait"
        for op in self.held:
            if op is None or not op.decided_words:
                continue
            if op.ready_cycle <= cycle:
                if best is None or op.index < best.index:
                    best = op
            elif not op.words_in:
                cause = "issue_wait"
            elif guess is None or op.index < guess.index:
                guess = op
        if best is not None:
            return best
        if guess is None:
            return cause
        return guess if self.speculate else "verdict_wait"

    def next_move(self, cycle: int) -> int | None:
        """Return the first later cycle in which time alone lets this PE go on, None if it waits for others.

        The clock skips cycles in which nothing can change; a PE that may rest in a cycle and go on in
        the next must say so here.
        """
        waits = [op.ready_cycle for op in self.held if op is not None and op.ready_cycle > cycle]
        return min(waits, default=None)

    def __repr__(self) -> str:
        late = f", {self.late_verdicts} verdicts unwritten" if self.late_verdicts else ""
        return f"pe{self.index}: {[op for op in self.held if op is not None]}{late}"
