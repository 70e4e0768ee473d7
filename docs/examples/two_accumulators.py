"""A PE with two accumulators that take turns: one adds in even cycles, the other in odd ones.

It needs no logic that chooses between its two ops, and with `pe.latency_cycles: 2` the verdict on a word
is in before the next word of the same op: nothing is wasted. The price: while only one accumulator
has an op, every other cycle is lost.
"""

from o3sim.extend import PE, InputError, Op

ACCUMULATORS = 2


class TwoAccumulatorPE(PE):
    """Give each cycle to the accumulator whose turn it is."""

    def __init__(self, index: int, contexts: int, speculate: bool) -> None:
        if contexts != ACCUMULATORS:
            raise InputError(f"TwoAccumulatorPE: pe.contexts: expected {ACCUMULATORS}, found {contexts}")
        super().__init__(index, contexts, speculate)

    def select(self, cycle: int) -> Op | str:
        """Return the op whose turn it is if it can go on, else the cause of the PE-cycle."""
        if self.late_verdicts:
            return "write_stall"
        op = self.held[cycle % ACCUMULATORS]
        if op is None or not op.decided_words or op.ready_cycle > cycle:
            return "verdict_wait"
        return op

    def next_move(self, cycle: int) -> int | None:
        """Say that the turn changes with every cycle, so that the clock does not skip any."""
        return cycle + 1
