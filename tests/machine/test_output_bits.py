"""Output bits: which are final when, and the ports that they take."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings

from o3sim.contract.events import EventKind
from o3sim.contract.gates import StageGates
from o3sim.machine.machine import Machine
from o3sim.machine.output_bits import OutputBits
from o3sim.machine.scoreboard import Scoreboard
from o3sim.machine.stage import simulate_stage
from tests.machine.harness import (
    architecture,
    cycles_of,
    dense,
    machine,
    op_of,
    ops_at,
    profile,
    run_one,
    trace,
)
from tests.machine.strategies import Case, queued_cases

ONE_BANK: dict[str, Any] = {"activation_buffer__banks": 1, "pe__count": 2}


def bits_of(first_word: int, banks: int = 2) -> OutputBits:
    """Make the bits of a layer whose output begins in a word; words of 8."""
    bits = OutputBits(banks, 8)
    bits.begin_layer(first_word)
    return bits


def test_a_final_bit_takes_the_port_of_its_bank_in_the_next_cycle() -> None:
    """The second neuron lags by a cycle; when its second word is due the first one's bit is written.

    Op 0 is written in 3. Its bit is the first of the word behind the two of the input, in the only bank.
    """
    arch = architecture(**ONE_BANK, scheduler__issue_width_ops=1)
    layer = profile(dense(16, 2))
    events = trace(arch, layer)
    assert cycles_of(events, EventKind.RETIRE)[0] == 3
    assert ops_at(events, EventKind.STALL, 4) == [1]
    counters = run_one(arch, layer)
    assert (counters.write_conflicts, counters.reads_unused) == (1, 2)  # the other: words 0 and 1 in cycle 2


def test_pes_that_read_a_line_buffer_meet_no_write() -> None:
    buffered = architecture(**ONE_BANK, scheduler__issue_width_ops=1, activation_buffer__line_buffer=True)
    layer = profile(dense(16, 2))
    assert ops_at(trace(buffered, layer), EventKind.WORD, 4) == [1]
    assert run_one(buffered, layer).write_conflicts == 0


def test_a_bit_is_final_with_the_first_1_or_the_last_0() -> None:
    board = Scoreboard(2, False, 1, window_ops=3)
    outcomes = [(0, 0), (0, 1), (0, 1), (1, 0), (1, 0), (1, 0)]  # window, outcome
    final = [
        board.retire(op_of(n, windows=(window,), outcome=outcome), n)
        for n, (window, outcome) in enumerate(outcomes)
    ]
    assert final == [[], [0], [], [], [], [1]]


@given(queued_cases())
@settings(max_examples=100, deadline=None)
def test_every_bit_of_a_layer_is_final_once(case: Case) -> None:
    layers: list[str] = []

    class Counting(Machine):
        def _end_layer(self, cycle: int) -> None:
            bits = sorted(window for windows in finals for window in windows)
            assert self.program.scores or bits == list(range(self.program.n_windows))
            layers.append(self.program.name)
            finals.clear()
            super()._end_layer(cycle)

    finals: list[list[int]] = []
    built = machine(*case)
    built.__class__ = Counting
    take = built.bits.take
    built.bits.take = lambda windows: (finals.append(windows), take(windows))[1]  # type: ignore[method-assign]
    built.run()
    assert len(layers) == len(case.profiles)


def test_bits_of_one_word_are_written_together() -> None:
    bits = bits_of(first_word=3)  # in bank 1 of two
    bits.take([0, 7])
    bits.take([5])
    bits.step()
    assert (bits.writing, bits.are_held) == ({1}, False)
    bits.step()
    assert bits.writing == set()


def test_words_of_one_bank_are_written_one_a_cycle() -> None:
    bits = bits_of(first_word=3)
    bits.take([0, 8, 16, 17, 32])  # words 3, 4, 5, 7
    bits.step()
    assert (bits.writing, bits.are_held) == ({0, 1}, True)
    bits.step()
    assert (bits.writing, bits.are_held) == ({1}, True)
    bits.step()
    assert (bits.writing, bits.are_held) == ({1}, False)


def two_rounds(banks: int | str) -> tuple[dict[int, int], int]:
    """Run two rounds of 16 ops of one word, with bits in two words: when they retired, and all cycles."""
    arch = architecture(activation_buffer__banks=banks, pe__count=16)
    layer = profile(dense(8, 32))
    return cycles_of(trace(arch, layer), EventKind.RETIRE), run_one(arch, layer).cycles


def test_outcomes_wait_while_words_of_one_bank_are_written() -> None:
    """The first round is written in 2, its words in 3 and 4; so the second, known in 3, is written in 4."""
    assert {op // 16: cycle for op, cycle in two_rounds(1)[0].items()} == {0: 2, 1: 4}
    assert {op // 16: cycle for op, cycle in two_rounds(2)[0].items()} == {0: 2, 1: 3}


def test_a_layer_ends_when_the_rest_goes_out_in_the_next_cycle() -> None:
    assert two_rounds("ideal")[1] == two_rounds(2)[1] == 3 + 1  # cycles 0 to 3; in 4 both words are written
    assert (
        two_rounds(1)[1] == 5 + 1
    )  # the last write is in 4; in 5 the first of its words goes out, in 6 the last


def test_bits_that_go_elsewhere_take_no_port() -> None:
    arch = architecture(**ONE_BANK, scheduler__issue_width_ops=1)
    hidden = profile(dense(16, 2))
    assert run_one(arch, hidden).write_conflicts == 1
    assert run_one(arch, profile(dense(16, 2), scores=True)).write_conflicts == 0
    ideal = architecture(pe__count=2, scheduler__issue_width_ops=1)
    assert run_one(ideal, hidden).write_conflicts == 0
    gates = StageGates.of_rows(hidden.geometry, np.zeros(1, np.int64))
    assert simulate_stage(arch, hidden, gates).counters.write_conflicts == 0
