"""Sums: what ops that add read, and what layers that write sums write (docs/machine.md, section 18)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from o3sim.compiled.fast.choice import why_general
from o3sim.contract.events import EventKind
from o3sim.contract.line_buffer import fill_words, line_buffer_bits
from o3sim.contract.live_maps import check_activations_fit, live_bits
from o3sim.contract.plan import cut_layers
from o3sim.contract.sums import addend_addresses, first_sum_word
from o3sim.contract.weight_groups import WeightGroup
from o3sim.errors import InputError
from o3sim.network.layer import Addend, Geometry, LayerSize, Pool
from o3sim.profile.profile import LayerProfile, profile_layers
from tests.machine.carousel.samples import carousel
from tests.machine.harness import architecture, conv, cycles_of, dense, profile, queueless, run_one, trace
from tests.network.graphs import residual

ONE_PE: dict[str, Any] = {"pe__count": 1, "activation_buffer__banks": 1, "scheduler__issue_width_ops": 1}


def added_to(geometry: Geometry, channels: int = 1, bits: int = 8, **more: Any) -> Geometry:
    """Let a layer add a map of as many rows and columns."""
    stride = more.get("stride", 1)
    rows, columns = geometry.out_height * stride, geometry.out_width * stride
    return replace(geometry, addend=Addend("above", rows, columns, channels, bits, **more))


def summed(geometry: Geometry, sum_bits: int = 16) -> LayerProfile:
    """Make the profile of a layer that writes sums."""
    return profile(replace(geometry, sum_bits=sum_bits))


def test_what_an_op_adds_is_gathered_with_its_first_word() -> None:
    """Two words of edges, and one of the addend from one bank: the first takes two cycles, the second one."""
    plain, adds = dense(16, 1), added_to(dense(16, 1))
    arch = architecture(**ONE_PE)
    went_in = [event.cycle for event in trace(arch, profile(adds)) if event.kind == EventKind.WORD]
    without = [event.cycle for event in trace(arch, profile(plain)) if event.kind == EventKind.WORD]
    assert np.subtract(went_in, without).tolist() == [1, 1]
    assert run_one(arch, profile(adds)).activation_reads == 3


def test_ideal_banks_read_what_ops_add() -> None:
    arch = architecture(pe__count=1)
    counters = run_one(arch, profile(added_to(dense(16, 2))))
    assert counters.activation_reads == 2 * 3
    assert counters.pe_cycles["operand_stall"] == 0


@pytest.mark.parametrize(
    ("averages", "bits", "words"),
    [(True, 8, 4), (False, 8, 1), (True, 4, 2), (False, 4, 1)],  # words of 8 bits, rows of two values
)
def test_a_square_is_read_value_by_value(averages: bool, bits: int, words: int) -> None:
    layer = added_to(dense(8, 1), bits=bits, stride=2, averages=averages)
    counters = run_one(architecture(pe__count=1), profile(layer))
    assert counters.addend_words == words


def test_a_value_is_read_from_every_word_that_it_lies_in() -> None:
    counters = run_one(architecture(pe__count=1), profile(added_to(dense(8, 1), bits=32)))
    assert counters.addend_words == 4
    wide = architecture(pe__count=1, pe__width_edges=64)
    assert run_one(wide, profile(added_to(dense(8, 4), channels=4, bits=16))).addend_words == 4  # one each


@pytest.mark.parametrize(("averages", "bits"), [(True, 8), (True, 16), (False, 8)])
def test_with_a_line_buffer_an_op_takes_what_it_adds_in_one_access(averages: bool, bits: int) -> None:
    adds = profile(added_to(conv(4, 4, 4, 2), bits=bits, stride=2, averages=averages))
    arch = architecture(activation_buffer__line_buffer=True, pe__count=1)
    counters = run_one(arch, adds)
    assert counters.addend_words == counters.ops
    assert counters.line_buffer_reads == counters.words_executed + counters.addend_words


def test_what_is_added_from_a_line_buffer_meets_no_write() -> None:
    adds = profile(replace(added_to(dense(16, 12)), sum_bits=16))
    conflicts = [
        run_one(
            architecture(activation_buffer__banks=1, activation_buffer__line_buffer=there), adds
        ).write_conflicts
        for there in (False, True)
    ]
    assert conflicts[0] > conflicts[1] == 0


def test_a_line_buffer_holds_rows_of_what_is_added_and_is_filled_with_them() -> None:
    plain = conv(6, 6, 8, 4)
    pooled = replace(plain, pool=Pool(2, 2))
    added_rows = {
        replace(plain, addend=Addend("above", 4, 4, 4, 16)): 1,
        replace(plain, addend=Addend("above", 8, 8, 4, 16, stride=2)): 2,
        replace(plain, addend=Addend("above", 8, 8, 4, 16, stride=2, averages=False)): 1,
        replace(pooled, addend=Addend("above", 8, 8, 4, 16, stride=2)): 4,
        replace(pooled, addend=Addend("above", 8, 8, 4, 16, stride=2, averages=False)): 3,
        replace(pooled, addend=Addend("above", 4, 4, 4, 1)): 2,
    }
    for geometry, rows in added_rows.items():
        without, addend = replace(geometry, addend=None), geometry.addend
        assert addend is not None
        row_bits = addend.width * addend.channels * addend.bits
        assert line_buffer_bits(geometry) - line_buffer_bits(without) == rows * row_bits
        groups = [WeightGroup(0, 0, 2, 64), WeightGroup(0, 2, 4, 64)]
        more = fill_words(geometry, groups, "position", 64) - fill_words(without, groups, "position", 64)
        assert more == 2 * -(-addend.height * row_bits // 64)
    whole = replace(dense(16, 4), addend=Addend("above", 1, 1, 4, 16))
    groups = [WeightGroup(0, 0, 2, 64), WeightGroup(0, 2, 4, 64)]
    assert fill_words(whole, groups, "position", 64) == 1 + 1  # it holds all of both


def test_an_op_that_adds_is_decided_by_its_first_word_at_the_earliest() -> None:
    """A threshold beyond every dot: constant without the addend, which comes with a word."""
    network = residual(theta=-(2**30))
    image = np.zeros(network.input_shape, np.uint8)
    found = {layer.name: layer for layer, _ in profile_layers(network, image)}
    assert (found["last"].decision == 1).all()
    assert found["last"].outcome.all()
    counters = run_one(architecture(pe__count=1), found["last"])
    assert counters.words_executed == counters.ops


def test_a_layer_that_writes_sums_goes_through_all_its_edges() -> None:
    layer = replace(summed(dense(32, 2)), outcome=np.ones((1, 1, 2), np.uint8))
    early = replace(layer, decision=np.full_like(layer.decision, 8))
    waiting = architecture(pe__count=1, pe__latency_cycles=5, pe__speculate=False)
    counters = run_one(waiting, early)
    assert (counters.words_executed, counters.pe_cycles["verdict_wait"]) == (8, 0)


def test_a_sum_is_written_behind_its_bit() -> None:
    """One bank: the bit's word goes in the cycle after the write, the sum's two in the two after that."""
    arch = architecture(**ONE_PE)
    bits_only, sums = (run_one(arch, layer).cycles for layer in (profile(dense(8, 1)), summed(dense(8, 1))))
    assert sums == bits_only + 2
    events = trace(arch, summed(dense(8, 2)))
    written = cycles_of(events, EventKind.RETIRE)
    assert written[1] - written[0] == 3  # the output buffer takes nothing while words of a sum wait


def test_sums_follow_the_output_bits_and_what_is_added_follows_them() -> None:
    """Words of 8 bits: 2 of input, 1 of 3 output bits, 6 of their sums; then the addend, channel mod 1."""
    layer = replace(added_to(dense(16, 3), bits=16), sum_bits=16)
    assert first_sum_word(layer, 8) == 3
    places = addend_addresses(layer, 8)
    assert places is not None
    assert places.position_bit.tolist() == [9 * 8]
    assert places.channel_bit.tolist() == [0, 0, 0]
    assert places.offset_bit.tolist() == [0, 8, 15]


def test_sums_and_what_they_read_are_counted() -> None:
    layer = profile(replace(added_to(dense(8, 3), bits=16), sum_bits=32))
    counters = run_one(architecture(pe__count=1), layer)
    assert (counters.sums, counters.sum_bits, counters.addend_words) == (3, 96, 6)
    assert (counters.output_bits, counters.constant_bits) == (3, 3 * 3 * 32)
    without = run_one(architecture(pe__count=1), summed(dense(8, 3)))
    assert without.constant_bits == 3 * 2 * 32
    plain = run_one(architecture(pe__count=1), profile(dense(8, 3)))
    assert (plain.sums, plain.sum_bits, plain.addend_words, plain.constant_bits) == (0, 0, 0, 0)


def graph() -> list[LayerSize]:
    """Return four layers; the third adds the sums of the first, the fourth takes the bits of the first."""
    first = replace(dense(100, 40), sum_bits=16)
    adds = replace(dense(30, 40), addend=Addend("a", 1, 1, 40, 16))
    last = replace(dense(40, 10), source="a")
    return [
        LayerSize("a", first, False),
        LayerSize("b", dense(40, 30), False),
        LayerSize("c", adds, False),
        LayerSize("d", last, False),
    ]


def test_maps_that_are_still_to_be_taken_are_held() -> None:
    """Besides input and output the sums of `a` until `c` has added them, its bits until `d` has."""
    held = live_bits(graph())
    assert [live.plain for live in held] == [140, 70, 70, 50]
    assert [live.others for live in held] == [640, 640, 640 + 40, 0]


def test_a_buffer_too_small_for_them_is_refused() -> None:
    first, *others = graph()
    wide = LayerSize("a", replace(first.geometry, sum_bits=32), False)
    held = live_bits([wide, *others])  # 1,390 bits
    with pytest.raises(InputError, match=r"layer c needs 2 kbit .* and what later layers still take"):
        check_activations_fit("c", held[2], architecture(activation_buffer__size_kbit=1))
    check_activations_fit("c", held[2], architecture(activation_buffer__size_kbit=2))


def test_machines_that_know_of_bits_only_refuse_sums() -> None:
    size = LayerSize("short", replace(dense(16, 2), sum_bits=16), False)
    for dispatch in ("window", "group"):
        with pytest.raises(InputError, match=f"layer short makes sums, and `{dispatch}` knows of bits only"):
            cut_layers(queueless(dispatch), [size])


def test_layers_that_make_sums_run_fast_out_of_a_queue() -> None:
    plain = conv(6, 6, 8, 4)
    for layer in (replace(plain, sum_bits=16), added_to(plain)):
        for banks in ("ideal", 4):
            arch = architecture(activation_buffer__banks=banks)
            assert why_general(arch, layer, scores=False, races=False) is None
        for dispatch in ("window", "group"):
            assert why_general(queueless(dispatch), layer, scores=False, races=False) == "sums"
        assert why_general(carousel(), layer, scores=False, races=False) == "sums"
