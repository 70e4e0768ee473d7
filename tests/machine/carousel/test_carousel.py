"""The readings of the carousel (docs/machine.md, section 14), one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from o3sim.contract.carousel.ops import layer_ops
from o3sim.contract.carousel.plan import cut_for_banks
from o3sim.contract.carousel.sizes import sizes_of
from o3sim.contract.carousel.tiles import z_order
from o3sim.contract.events import Event, EventKind
from o3sim.contract.plan import plan_groups
from o3sim.contract.weight_groups import WeightGroup
from o3sim.network.layer import Geometry, LayerSize, Pool
from o3sim.profile.profile import LayerProfile
from tests.machine.carousel.samples import carousel, carousel_cases, layer, run
from tests.machine.harness import Log, conv, cycles_of, dense, ops_at
from tests.machine.strategies import Case

ALL, NONE = 10**6, -1
"""Bounds on mismatches that make a constant 1 or 0."""


def events(architecture: Any, *profiles: LayerProfile) -> list[Event]:
    log = Log()
    run(architecture, *profiles, observers=(log,))
    return log.events


def counts(architecture: Any, profile: LayerProfile) -> Any:
    return run(architecture, profile).layers[0]


def words_of(found: list[Event], op: int) -> list[int]:
    """List the cycles in which words of an op went in."""
    return [event.cycle for event in found if event.kind is EventKind.WORD and event.op == op]


def undecided(geometry: Geometry, **more: Any) -> LayerProfile:
    """Make a layer of which every op takes all its words: one mismatch too many, in the word heard last."""
    return layer(geometry, 8, 4, geometry.fan_in // 2, **more)


def lone(**changes: Any) -> Any:
    return carousel(**{"pe__count": 1, "scheduler__open_channels": 1, **changes})


# A window of one op: opened in 0, taken and heard from cycle 1 on.


def test_an_op_joins_at_the_word_that_passes_and_goes_round_once() -> None:
    """Only word 2 of 4 matches, and a 1 takes 8 matches: heard from word 1 on, it is the second."""
    matches = np.array([0, 0, 8, 0])[None, :, None]
    found = events(lone(), layer(dense(32, 1), 8, matches, 24))
    assert words_of(found, 0) == [1, 2]
    assert counts(lone(), layer(dense(32, 1), 8, 0, 32)).words_executed == 0  # a constant
    late = np.array([8, 0, 0, 0])[None, :, None]
    assert words_of(events(lone(), layer(dense(32, 1), 8, late, 24)), 0) == [1, 2, 3, 4]


def test_a_word_passes_for_as_many_cycles_as_a_pe_has_contexts() -> None:
    """Two contexts: words 0 0 1 1 2 2 3 3; context 1 takes the window in cycle 1 and hears word 0."""
    matches = np.array([8, 0, 0, 0])[None, :, None]
    machine = lone(pe__contexts=2, scheduler__open_channels=2)
    assert words_of(events(machine, layer(dense(32, 1), 8, matches, 24)), 0) == [1]


def test_contexts_of_a_pe_take_turns() -> None:
    found = events(lone(pe__contexts=3, scheduler__open_channels=3), undecided(dense(32, 3)))
    assert [words_of(found, op) for op in range(3)] == [[1, 4, 7, 10], [2, 5, 8, 11], [3, 6, 9, 12]]


def test_a_verdict_is_taken_at_the_next_turn_and_the_next_window_begins_in_it() -> None:
    """Decided in cycle 1, known in 3, which is context 0's turn: context 1 takes note of it in 4."""
    machine = lone(pe__contexts=3, pe__latency_cycles=2, scheduler__open_channels=3)
    geometry = conv(1, 2, 8, 1, kernel=1)
    found = events(machine, layer(geometry, 8, 8, 3))
    assert cycles_of(found, EventKind.DECIDE) == {0: 4, 1: 5}
    only = lone(pe__latency_cycles=2, scheduler__open_channels=2)
    found = events(only, layer(geometry, 8, 8, 3))
    assert words_of(found, 0) == [1]
    assert cycles_of(found, EventKind.DECIDE) == {0: 3, 1: 5}
    assert words_of(found, 1) == [3]


def test_a_context_goes_on_hearing_until_its_verdict_is_known() -> None:
    """Each word decides by itself, verdicts take 3 cycles: two more are heard."""
    done = counts(lone(pe__latency_cycles=3), layer(dense(32, 1), 8, 8, 24))
    assert (done.pe_cycles["useful"], done.pe_cycles["wasted"]) == (1, 2)
    assert done.edges_executed == 24
    assert done.edges_wasted == 16


def test_an_op_that_has_gone_round_waits_for_its_verdict() -> None:
    done = counts(lone(pe__latency_cycles=3), undecided(dense(32, 1)))
    assert done.words_executed == 4
    assert done.pe_cycles["verdict_wait"] == 2


def test_one_read_serves_all_that_hear_a_word_in_a_round() -> None:
    """Eight positions of a channel on four PEs with two contexts: in step, a read a round."""
    done = counts(carousel(pe__contexts=2), undecided(conv(2, 4, 32, 1, kernel=1)))
    assert done.words_executed == 8 * 4
    assert done.weight_reads == 5  # contexts 1 take their windows in round 0, contexts 0 in round 1


def test_channels_are_opened_one_a_cycle_in_each_group() -> None:
    found = events(carousel(scheduler__groups=2), undecided(dense(32, 4)))
    assert cycles_of(found, EventKind.ISSUE) == {0: 1, 1: 1, 2: 2, 3: 2}


def test_no_more_channels_are_open_than_stated() -> None:
    """Two of four at a time: the third opens in the cycle after the first has closed."""
    found = events(carousel(scheduler__open_channels=2, pe__count=2), undecided(dense(32, 4)))
    issued, decided = cycles_of(found, EventKind.ISSUE), cycles_of(found, EventKind.DECIDE)
    assert issued[2] == decided[0] + 2


def test_a_bank_has_one_open_channel() -> None:
    """Two banks: channels 0 and 2 share one."""
    machine = carousel(scheduler__open_channels=2, weight_buffer__banks=2, pe__count=3)
    early = np.array([4, 8, 4])[None, None, :]  # channel 1 is decided before channel 0
    found = events(machine, layer(dense(64, 3), 8, early, 24))
    issued, decided = cycles_of(found, EventKind.ISSUE), cycles_of(found, EventKind.DECIDE)
    assert decided[1] < decided[0]
    assert issued[2] == decided[0] + 2
    more = carousel(scheduler__open_channels=2, weight_buffer__banks=4, pe__count=3)
    assert cycles_of(events(more, layer(dense(64, 3), 8, early, 24)), EventKind.ISSUE)[2] == 3


def test_windows_of_the_oldest_open_channel_go_first_and_pes_in_turn_begin_at_another_each_cycle() -> None:
    found = events(carousel(), undecided(conv(2, 2, 8, 2, kernel=1)))
    first = [event for event in found if event.kind is EventKind.ISSUE and event.cycle == 1]
    assert [(event.op, event.unit) for event in first] == [
        (0, "pe1.0"),
        (1, "pe2.0"),
        (2, "pe3.0"),
        (3, "pe0.0"),
    ]


def test_a_counter_hands_out_so_many_windows_a_cycle() -> None:
    machine = carousel(scheduler__windows_per_cycle=1)
    found = events(machine, undecided(conv(2, 2, 32, 1, kernel=1)))
    assert cycles_of(found, EventKind.ISSUE) == {0: 1, 1: 2, 2: 3, 3: 4}
    assert counts(machine, undecided(conv(2, 2, 32, 1, kernel=1))).pe_cycles["no_ready_op"] == 3 + 2 + 1


def test_the_first_word_of_a_window_waits_for_the_issue_latency_and_later_members_do_not() -> None:
    geometry = conv(2, 2, 32, 1, kernel=1, pool=Pool(2, 2))
    found = events(lone(scheduler__issue_latency_cycles=2), layer(geometry, 8, 0, 15))
    assert words_of(found, 0) == [3, 4]
    assert words_of(found, 1) == [5, 6]
    done = counts(lone(scheduler__issue_latency_cycles=2), layer(geometry, 8, 0, 15))
    assert done.pe_cycles["issue_wait"] == 2


def test_a_constant_member_takes_a_turn_and_no_word() -> None:
    geometry = conv(2, 2, 32, 2, kernel=1, pool=Pool(2, 2))
    done = counts(lone(), layer(geometry, 8, 0, [[NONE, ALL]]))
    assert done.words_executed == 0
    assert done.retired == 4 + 1  # a constant 1 ends its window
    assert done.pe_cycles["verdict_wait"] == 5
    assert done.edges_pruned_threshold == 5 * 32


def test_members_after_a_1_are_dropped_and_those_before_evaluated_one_after_another() -> None:
    geometry = conv(2, 2, 32, 1, kernel=1, pool=Pool(2, 2))
    matches = np.array([0, 8, 0, 0])[:, None, None]  # member 1 is 1
    found = events(lone(), layer(geometry, 8, matches, 15))
    assert [event.op for event in found if event.kind is EventKind.RETIRE] == [0, 1]
    assert [event.op for event in found if event.kind is EventKind.SQUASH] == [2, 3]
    assert [event.unit for event in found if event.kind is EventKind.RETIRE] == ["pe0", "output"]
    done = counts(lone(), layer(geometry, 8, matches, 15))
    assert (done.dispatched, done.issued, done.squashed_queue) == (4, 2, 2)
    assert done.edges_pruned_pooling == 64
    unpruned = counts(lone(pruning__pooling=False), layer(geometry, 8, matches, 15))
    assert unpruned.retired == 4


def test_a_window_goes_on_while_its_last_outcome_waits_and_stalls_at_the_next() -> None:
    """Six PEs end in the same cycle, one outcome is written a cycle."""
    geometry = conv(6, 2, 8, 1, kernel=1)
    machine = carousel(pe__count=6, output_buffer__write_width_ops=1)
    done = counts(machine, layer(geometry, 8, 8, 3))
    assert done.cycles == 1 + 1 + 12  # opened, heard, and a write a cycle from 2 on
    assert done.pe_cycles["write_stall"] == sum(range(6))


def test_outcomes_are_written_around_the_array() -> None:
    """From the context after the one written last: PE 3 in cycle 3, before PEs that end a second time."""
    geometry = conv(4, 2, 8, 1, kernel=1)
    found = events(carousel(output_buffer__write_width_ops=3), layer(geometry, 8, 8, 3))
    pe_of = {e.op: e.unit for e in found if e.kind is EventKind.ISSUE}
    written = [{pe_of[op] for op in ops_at(found, EventKind.RETIRE, cycle)} for cycle in (2, 3)]
    assert written == [{"pe0.0", "pe1.0", "pe2.0"}, {"pe3.0", "pe0.0", "pe1.0"}]


def test_layers_of_few_windows_give_every_pe_one_context_and_a_word_a_cycle() -> None:
    machine = carousel(pe__contexts=3, scheduler__open_channels=4)
    assert sizes_of(dense(32, 100), machine) == (4, 1, 4, 0)  # 4 windows at a time for 12 contexts
    assert sizes_of(conv(1, 3, 8, 4, kernel=1), machine) == (4, 3, 4, 0)
    banked = carousel(pe__contexts=3, scheduler__open_channels=4, weight_buffer__banks=6)
    assert sizes_of(dense(32, 100), banked) == (4, 1, 6, 6)
    found = events(machine, undecided(dense(32, 1)))
    assert words_of(found, 0) == [1, 2, 3, 4]


def test_channels_are_dealt_out_to_groups_and_banks_in_turns() -> None:
    machine = carousel(pe__count=4, scheduler__groups=2, weight_buffer__banks=4, scheduler__open_channels=2)
    found = events(machine, undecided(dense(32, 4)))
    of = {event.op: int(event.unit[2]) // 2 for event in found if event.kind is EventKind.ISSUE}
    assert of == {0: 0, 1: 1, 2: 0, 3: 1}


def test_weights_are_cut_so_that_each_bank_holds_its_channels() -> None:
    """Half of 4 kbit in 4 banks holds 512 bits a bank: two channels of 256 bits each, not three of 170."""
    machine = carousel(weight_buffer__banks=4, weight_buffer__size_kbit=4)
    cut = cut_for_banks(0, "l", dense(256, 20), machine)
    assert [(g.first_channel, g.last_channel, g.bits) for g in cut] == [
        (0, 8, 2048), (8, 16, 2048), (16, 20, 1024)
    ]  # fmt: skip
    uneven = cut_for_banks(0, "l", dense(200, 20), machine)
    assert [g.last_channel for g in uneven] == [8, 16, 20]


def test_weights_that_are_late_keep_channels_closed() -> None:
    machine = lone(dram__bits_per_cycle=8, dram__latency_cycles=5)
    found = events(machine, undecided(dense(32, 1)))
    assert words_of(found, 0)[0] == 4 + 5 + 1
    assert counts(machine, undecided(dense(32, 1))).pe_cycles["weight_wait"] == 9


def test_a_word_without_edges_takes_a_turn_all_the_same() -> None:
    """Of 3 x 3 taps of 8 channels on a map of 1 x 1 eight are padding, excluded: nine words pass."""
    geometry = conv(1, 1, 8, 1, padding_pixels=1, padding="exclude")
    done = counts(lone(pruning__threshold=False), layer(geometry, 8, 0, 3))
    assert done.edges_total == 8
    assert done.words_executed == 9
    assert done.weight_reads == 9


def test_each_plane_of_a_fixed_point_input_has_words_of_its_own() -> None:
    """Two planes: edges of word 0 weigh 2, and 24 of weight 1 or 12 of weight 2 are too many mismatches."""
    geometry = Geometry("dense", 1, 1, 16, 1, planes=2)
    mismatch_high = np.array([0, 0, 8, 8])[None, :, None]
    done = counts(lone(), layer(geometry, 8, mismatch_high, 20))
    assert done.edges_total == 32
    assert done.words_executed == 4  # words 1 2 3 0: 16, 0, 0, 16 of weight
    low = np.array([8, 8, 0, 0])[None, :, None]
    assert counts(lone(), layer(geometry, 8, low, 7)).words_executed == 2


def test_without_threshold_pruning_an_op_goes_all_the_way_round() -> None:
    done = counts(lone(pruning__threshold=False), layer(dense(32, 1), 8, 8, 24))
    assert done.words_executed == 4
    assert done.threshold_compares == 1


def test_what_waits_for_room_is_queue_empty_and_what_has_no_more_to_come_is_drain() -> None:
    done = counts(carousel(pe__count=2, scheduler__open_channels=1), undecided(dense(32, 2)))
    assert done.pe_cycles["queue_empty"] > 0
    causes = counts(carousel(pe__count=2), undecided(dense(32, 1))).pe_cycles
    assert causes["drain"] == 4 + 2  # one PE has nothing to do from cycle 1 on, the other once it is done
    assert causes["queue_empty"] == 2  # cycle 0


def test_a_window_begins_in_the_cycle_after_the_last_word_that_it_reads_was_broadcast() -> None:
    """One bank, a word a pixel: word n is broadcast in cycle n."""
    machine = carousel(activation_buffer__banks=1)
    found = events(machine, undecided(conv(1, 3, 8, 1, kernel=1)))
    assert cycles_of(found, EventKind.ISSUE) == {0: 1, 1: 2, 2: 3}
    done = counts(machine, undecided(conv(1, 3, 8, 1, kernel=1)))
    assert done.pe_cycles["input_wait"] > 0
    assert (done.activation_reads, done.patch_writes, done.patch_reads) == (3, 3 * 4, 3)


def test_each_bank_gives_a_word_a_cycle() -> None:
    """Pixels of a word; words 0 1 4 5 of a map of 4 x 4 come first, by Z-order. Scores write no bits."""
    profile = undecided(conv(4, 4, 8, 1, kernel=1), scores=True)
    for banks, first in ((1, [1, 2, 3, 4]), (2, [1, 1, 2, 2]), (4, [1, 1, 2, 2]), ("ideal", [1] * 4)):
        machine = carousel(activation_buffer__banks=banks, scheduler__open_channels=1)
        issued = cycles_of(events(machine, profile), EventKind.ISSUE)
        assert [issued[op] for op in (0, 1, 4, 5)] == first


def test_no_more_words_are_broadcast_a_cycle_than_stated() -> None:
    profile = undecided(conv(1, 4, 8, 1, kernel=1), scores=True)
    for banks in (4, "ideal"):
        machine = carousel(activation_buffer__banks=banks, activation_buffer__broadcast_words=3)
        assert cycles_of(events(machine, profile), EventKind.ISSUE) == {0: 1, 1: 1, 2: 1, 3: 2}


def test_a_bit_takes_the_port_of_its_bank_from_a_broadcast() -> None:
    """One bank: word n is broadcast in cycle n, heard in n + 1, written in n + 2, and its bit in n + 3.

    So bits of the first three words take cycles 3, 4 and 5; words 3 to 5 go out in 6, 7 and 8, and their
    bits take 9, 10 and 11 from words 6 to 8.
    """
    machine = carousel(activation_buffer__banks=1, pe__count=9)
    geometry = conv(1, 9, 8, 1, kernel=1)
    issued = cycles_of(events(machine, layer(geometry, 8, 8, 3)), EventKind.ISSUE)
    assert [issued[op] for op in z_order(1, 9)] == [1, 2, 3, 7, 8, 9, 13, 14, 15]
    assert counts(machine, layer(geometry, 8, 8, 3)).write_conflicts == 6
    ideal = counts(carousel(pe__count=9), layer(geometry, 8, 8, 3))
    scores = counts(machine, layer(geometry, 8, 0, 3, scores=True))
    assert (ideal.write_conflicts, scores.write_conflicts) == (0, 0)


def test_a_layer_that_goes_round_ends_when_its_last_bits_are_in_their_banks() -> None:
    profile = layer(conv(1, 1, 8, 1, kernel=1), 8, 8, 3)  # opened in 0, heard in 1, written in 2
    assert counts(carousel(), profile).cycles == 3
    assert counts(carousel(activation_buffer__banks=2), profile).cycles == 4


def test_outcomes_that_go_round_wait_while_words_of_one_bank_are_written() -> None:
    """Two positions whose 8 channels are a word each, known in the same cycle for the first two channels."""
    profile = layer(conv(1, 2, 8, 8, padding_pixels=1), 8, 8, 3)
    for banks, cycles in ((2, 1), (1, 2)):
        machine = carousel(activation_buffer__banks=banks, output_buffer__write_width_ops=2)
        found = events(machine, profile)
        first, *others = (event.cycle for event in found if event.kind is EventKind.RETIRE)
        assert others[:3] == [first, first + cycles, first + cycles]


def test_every_word_heard_is_read_and_every_word_broadcast_written_in_each_pe() -> None:
    done = counts(carousel(), undecided(conv(1, 4, 32, 3, kernel=1)))
    assert done.patch_reads == done.words_executed == 4 * 3 * 4
    assert done.patch_writes == 4 * 4 * 4  # 4 pixels of 4 words into 4 PEs, once for all channels


def test_an_ops_number_counts_members_windows_and_channels() -> None:
    """Two channels of 2 x 1 windows of 4: op 13 is member 1 of window 1 of channel 1."""
    geometry = conv(4, 2, 8, 2, kernel=1, pool=Pool(2, 2))
    matches = np.zeros((8, 1, 2))
    matches[5, 0, 1] = 8  # row 2, column 1: member 1 of the second window
    found = events(lone(scheduler__open_channels=2), layer(geometry, 8, matches, 3))
    assert [e.op for e in found if e.kind is EventKind.DECIDE and e.value] == [13]
    program = layer_ops(layer(geometry, 8, matches, 3), [WeightGroup(0, 0, 2, 16)], 0, lone())
    assert (program.position[13], program.channel[13], program.outcome[13]) == (5, 1, 1)


def test_a_half_is_filled_anew_in_the_cycle_after_the_last_outcome_of_its_tile_is_known() -> None:
    """Pixels of 32 words, two for each half of 64: three tiles, each filled in a cycle.

    Windows 0 and 1 are known in 5; the third tile is broadcast in 6 and read from 7 on, in the first's half.
    """
    machine = carousel(activation_buffer__patch_kbit=1, scheduler__open_channels=3)
    profile = layer(conv(1, 6, 256, 1, kernel=1), 8, 0, 31)  # the fourth mismatch decides
    issued = cycles_of(events(machine, profile), EventKind.ISSUE)
    assert issued == {0: 1, 1: 1, 2: 2, 3: 2, 4: 7, 5: 7}


def test_a_layer_of_several_weight_groups_fills_its_tiles_for_each_unless_one_tile_holds_all() -> None:
    geometry = conv(1, 6, 256, 4, kernel=1)
    small = carousel(activation_buffer__patch_kbit=1, weight_buffer__size_kbit=1)
    assert counts(small, undecided(geometry)).activation_reads == 2 * 6 * 32
    large = carousel(activation_buffer__patch_kbit=2, weight_buffer__size_kbit=1)
    assert counts(large, undecided(geometry)).activation_reads == 6 * 32


@given(carousel_cases())
@settings(max_examples=60, deadline=None)
def test_everything_is_conserved(case: Case) -> None:
    """What every run asserts, and what only a carousel has."""
    for counters, profile in zip(run(case.architecture, *case.profiles).layers, case.profiles, strict=True):
        windows = profile.geometry.pooled_height * profile.geometry.pooled_width
        assert counters.dispatched == counters.ops
        assert counters.scoreboard_writes == windows * profile.geometry.out_channels
        shared = case.architecture.activation_buffer.share_patch_reads != "none"
        assert counters.patch_reads == counters.words_executed or (
            shared and counters.words_executed / case.architecture.pe.contexts <= counters.patch_reads
        )
        assert counters.weight_reads <= counters.words_executed
        assert sum(counters.pe_cycles.values()) == case.architecture.pe.count * counters.cycles


def test_members_that_begin_read_their_thresholds_and_scores_have_none() -> None:
    pooled = layer(conv(4, 4, 8, 1, kernel=1, pool=Pool(2, 2)), 8, 8, ALL)  # each first member is a 1
    counters = counts(lone(), pooled)
    assert (counters.dispatched, counters.issued, counters.threshold_reads) == (16, 4, 4)
    assert counts(lone(), layer(dense(32, 5), 8, 0, 0, scores=True)).threshold_reads == 0


@pytest.mark.parametrize(
    ("geometry", "message"),
    [
        (conv(4, 4, 8, 1, pool=Pool(3, 2)), "windows of layer layer overlap .* take `central`"),
        (dense(4096, 1), "activation_buffer.patch_kbit: half of 1 kbit .* give at least 8"),
    ],
)
def test_layers_that_cannot_go_round_are_refused_by_name(geometry: Geometry, message: str) -> None:
    from o3sim.errors import InputError

    with pytest.raises(InputError, match=message):
        plan_groups(carousel(activation_buffer__patch_kbit=1), [LayerSize("layer", geometry, False)])
