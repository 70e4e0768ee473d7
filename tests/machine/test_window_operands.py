"""Machines without a queue: operands from banks, line buffers and the patches of PEs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from o3sim.config.architecture import Architecture
from o3sim.contract.events import EventKind
from o3sim.contract.plan import plan_groups
from o3sim.errors import InputError
from o3sim.network.layer import Geometry, LayerSize
from tests.machine.harness import conv, cycles_of, dense, profile, queueless, run_one, trace
from tests.machine.test_windows import one_pe


def test_groups_do_not_share_weight_banks() -> None:
    """Neurons at one position: with two banks a group each reads words of its own, without conflicts."""
    layer = profile(dense(80, 2))
    both = queueless("group", pe__count=2, weight_buffer__banks=2)
    assert run_one(both, layer).pe_cycles["operand_stall"] == 0
    one = queueless("window", pe__count=2, weight_buffer__banks=1)
    assert run_one(one, layer).pe_cycles["operand_stall"] > 0


def patched(**changes: Any) -> Architecture:
    return queueless("window", activation_buffer__patch_kbit=1, activation_buffer__banks=1, **changes)


WIDE_MAP = conv(4, 12, 32, 2, kernel=4)  # nine places, columns of 128 bits: 16 words; eight columns a patch


def test_a_window_waits_until_its_columns_are_filled() -> None:
    events = trace(patched(pe__contexts=4), profile(WIDE_MAP))
    assert cycles_of(events, EventKind.DISPATCH)[0] == 4 * 16  # four columns of 16 words, one a cycle
    assert cycles_of(events, EventKind.DISPATCH)[2] == 5 * 16


@pytest.mark.parametrize(("banks", "cycles"), [(1, 16), (3, 6), (32, 1), ("ideal", 1)])
def test_a_word_of_each_bank_is_broadcast_in_a_cycle(banks: Any, cycles: int) -> None:
    events = trace(patched().with_({"activation_buffer.banks": banks}), profile(WIDE_MAP, 8))
    assert cycles_of(events, EventKind.DISPATCH)[0] == 4 * cycles


def test_a_column_is_filled_over_what_no_window_needs_any_more() -> None:
    """Columns 0 to 7 fill the patch; column 8 takes the room of column 0, which the first place reads."""
    arch = patched(pe__count=1, scheduler__counters=1, scheduler__windows_per_cycle=2)
    layer = profile(WIDE_MAP, np.where(np.arange(9)[None, :, None] == 0, 512, 8), 0)  # 64 words at place 0
    at_once = {"activation_buffer.banks": "ideal", "pe.contexts": 20, "pe.pick": "barrel"}
    events = trace(arch.with_(at_once), layer)
    dispatched = cycles_of(events, EventKind.DISPATCH)
    left = max(event.cycle for event in events if event.kind is EventKind.WORD and event.op < 2)
    assert dispatched[9] == 8  # place 4 reads columns 4 to 7
    assert dispatched[10] == left + 1 + 1  # place 5 column 8, which is filled in the cycle after the words


def test_reads_of_the_activation_buffer_are_what_is_broadcast() -> None:
    counters = run_one(patched(weight_buffer__banks=1), profile(WIDE_MAP, 8))
    assert counters.activation_reads == 12 * 16
    assert counters.activation_requests == counters.words_executed == 18


SPLIT = conv(2, 3, 4, 1, kernel=2)
"""Two places whose kernels have rows of 8 bits, at bits 0, 12, 4 and 16 of the map: six words of 8 bits."""


@pytest.mark.parametrize("dispatch", ["window", "group"])
def test_members_read_every_buffer_word_that_their_words_lie_in(dispatch: str) -> None:
    lone = {"pe__count": 1, f"scheduler__{'counters' if dispatch == 'window' else 'groups'}": 1}
    counters = run_one(queueless(dispatch, **lone), profile(SPLIT))
    assert (counters.words_executed, counters.activation_reads) == (4, 6)
    one_bank = run_one(queueless(dispatch, activation_buffer__banks=1, **lone), profile(SPLIT, scores=True))
    assert (one_bank.activation_reads, one_bank.pe_cycles["operand_stall"]) == (6, 2)


def test_a_line_buffer_or_a_patch_makes_every_word_of_a_member_one_access() -> None:
    layer = profile(SPLIT, scores=True)
    buffered = run_one(one_pe(activation_buffer__banks=1, activation_buffer__line_buffer=True), layer)
    assert (buffered.line_buffer_reads, buffered.activation_reads) == (4, 3)  # 24 bits fill it
    patched_one = run_one(patched(pe__count=1, scheduler__counters=1), layer)
    assert (patched_one.patch_reads, patched_one.activation_reads) == (4, 3)  # three columns of 8 bits
    for counters in (buffered, patched_one):
        assert counters.pe_cycles["operand_stall"] == 0


def test_members_that_read_a_line_buffer_meet_no_write() -> None:
    layer = profile(conv(6, 6, 8, 4))
    met, unmet = (
        run_one(one_pe(activation_buffer__banks=1, activation_buffer__line_buffer=buffered), layer)
        for buffered in (False, True)
    )
    assert met.write_conflicts > 0 == unmet.write_conflicts


def test_pes_wait_for_columns_as_for_input() -> None:
    causes = run_one(patched(), profile(WIDE_MAP, 8)).pe_cycles
    assert causes["input_wait"] >= 4 * 4 * 16


@pytest.mark.parametrize(("width", "fills"), [(8, 1), (9, 2)])
def test_a_map_that_fits_is_filled_once_for_all_weight_groups(width: int, fills: int) -> None:
    """A patch holds eight columns of 128 bits, a half of the weights one channel of 512."""
    geometry = conv(4, width, 32, 2, kernel=4)
    arch = patched(weight_buffer__size_kbit=1)
    assert len(plan_groups(arch, [LayerSize("layer", geometry, False)])[0]) == 2
    assert run_one(arch, profile(geometry, 8)).activation_reads == fills * width * 16


@pytest.mark.parametrize(
    ("geometry", "says"),
    [
        (conv(6, 6, 256, 2), r"a window of layer conv1 reads 3 kbit of the map, and a patch memory holds 1"),
        (dense(4096, 2), r"reads 4 kbit of the map, and a patch memory holds 1; give at least 4"),
    ],
)
def test_a_patch_too_small_for_a_window_is_refused_with_the_size_that_would_do(
    geometry: Geometry, says: str
) -> None:
    with pytest.raises(InputError, match=says):
        plan_groups(patched(), [LayerSize("conv1", geometry, False)])


def test_a_bank_that_writes_broadcasts_nothing() -> None:
    """The first window is written in the cycle after its words: one cycle that no column is filled in."""
    layer = profile(conv(4, 12, 32, 1, kernel=4), 8)
    events = trace(patched(), layer)
    dispatched = cycles_of(events, EventKind.DISPATCH)
    written = cycles_of(events, EventKind.RETIRE)
    assert dispatched[0] == 4 * 16
    assert written[0] == 4 * 16 + 1
    assert dispatched[1] == 5 * 16 + 1
    assert run_one(patched(), layer).write_conflicts == 8  # all but the last of 9 windows, after all columns


def test_a_word_that_waits_for_its_weights_is_no_read_of_the_patch() -> None:
    counters = run_one(patched(weight_buffer__banks=1, pe__contexts=4), profile(WIDE_MAP))
    assert counters.pe_cycles["operand_stall"] > 0
    assert counters.reads_unused == 0
