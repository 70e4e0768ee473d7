"""The scoreboard: which windows are settled, and who may see it when."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.argmax_pruning import see_score
from o3sim.compiled.issue_queue import recheck
from o3sim.compiled.kernel import inlined
from o3sim.compiled.memory import Memory
from o3sim.compiled.ops import free_slot, window_of
from o3sim.compiled.records.ops import op_at
from o3sim.compiled.records.scoreboard import newly_settled_at, output_at, window_at
from o3sim.compiled.ring import put_due, take_due


@inlined
def show(x: Memory, cycle: int) -> None:
    """Let the outcomes be seen that were written ``squash_latency`` cycles ago."""
    slot = take_due(x.scoreboard.shown, cycle)
    while slot >= 0:
        if x.layer.races:
            see_score(x, op_at(x.ops, slot).index)
        else:
            _see_outcome(x, slot)
        free_slot(x, slot)
        slot = take_due(x.scoreboard.shown, cycle)


@inlined
def _see_outcome(x: Memory, slot: int) -> None:
    """Let an outcome be seen: its windows are settled if it is 1, and it is in flight no more."""
    board = x.scoreboard
    outcome = op_at(x.ops, slot).outcome
    for k in range(x.layer.overlap):
        number = window_of(x, slot, k)
        if number < 0:
            continue
        window = window_at(board, number)
        window.in_flight -= 1
        if outcome:
            window.settled = 1
            newly_settled_at(board, board.n_newly_settled).window = number
            board.n_newly_settled += 1
        recheck(x, number)


@inlined
def count_in_flight(x: Memory, slot: int) -> None:
    """Count an op in its windows; where that reaches the limit, the others there are ready no more."""
    for k in range(x.layer.overlap):
        number = window_of(x, slot, k)
        if number >= 0:
            window = window_at(x.scoreboard, number)
            window.in_flight += 1
            if window.in_flight == x.settings.window_in_flight_ops:
                recheck(x, number)


@inlined
def write_outcome(x: Memory, slot: int, cycle: int) -> None:
    """Write an outcome; whoever is pruned by it sees it later."""
    if op_at(x.ops, slot).outcome:
        for k in range(x.layer.overlap):
            number = window_of(x, slot, k)
            if number >= 0:
                output_at(x.scoreboard, number).bit = np.uint8(1)
    if x.layer.prunes_pooling or x.layer.races:
        put_due(x.scoreboard.shown, cycle + x.settings.squash_latency_cycles, slot)
    else:
        free_slot(x, slot)
