"""Who gets operands: banks, multicast, all or nothing, rotating priority."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o3sim.contract.events import EventKind
from o3sim.machine.operand_supply import Banks, OperandSupply
from tests.machine.harness import architecture, dense, ops_at, profile, run_one, trace
from tests.machine.strategies import banks


def test_one_word_of_a_bank_is_read_in_a_cycle() -> None:
    supply = OperandSupply("ideal", 2)
    assert supply.grant([([0], 0), ([1], 2), ([2], 3), ([3], 5)]) == [1, 0, 1, 0]


def test_requests_for_the_same_word_are_one_read() -> None:
    supply = OperandSupply(1, 4)
    assert supply.grant([([9], 0), ([9], 1), ([9], 2), ([9], 0)]) == [1] * 4
    assert (supply.activation_reads, supply.weight_reads, supply.granted) == (1, 3, 4)


def test_a_refused_request_takes_neither_bank() -> None:
    supply = OperandSupply(2, 2)
    # the second loses its activation bank to the first; the third may then have its weight bank
    assert supply.grant([([0], 0), ([2], 1), ([1], 3)]) == [1, 0, 1]


def test_ideal_banks_grant_all_and_merge_nothing() -> None:
    supply = OperandSupply("ideal", "ideal")
    assert supply.grant([([9], 0), ([9], 0), ([8], 1)]) == [1] * 3
    assert (supply.activation_reads, supply.weight_reads) == (3, 3)


def test_words_to_gather_are_read_in_order_as_far_as_banks_allow() -> None:
    supply = OperandSupply(4, 4)
    # the first keeps words 0 and 1; 4 and 0 are of one bank. The second may read 1 too, and not 5.
    assert supply.grant([([0, 1, 4, 2], 0), ([1, 5], 1), ([2], 2)]) == [2, 1, 1]
    assert (supply.activation_reads, supply.weight_reads, supply.granted) == (3, 1, 1)


def test_the_last_word_is_read_together_with_the_weights_or_not_at_all() -> None:
    supply = OperandSupply("ideal", 1)
    assert supply.grant([([0, 1], 0), ([0, 1, 2], 1)]) == [2, 2]
    assert (supply.activation_reads, supply.weight_reads, supply.granted) == (4, 1, 1)


def test_each_cycle_starts_anew() -> None:
    supply = OperandSupply(1, 1)
    assert supply.grant([([0], 0)]) == supply.grant([([1], 1)]) == [1]


@given(banks(), banks(), st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=12))
def test_grants_are_those_of_a_walk_over_the_requests(
    activation_banks: Banks, weight_banks: Banks, requests: list[tuple[int, int]]
) -> None:
    given_so_far: list[tuple[int, int]] = []
    for request in requests:
        clashes = any(
            one != other and banks_ != "ideal" and one % banks_ == other % banks_
            for earlier in given_so_far
            for one, other, banks_ in zip(request, earlier, (activation_banks, weight_banks), strict=True)
        )
        if not clashes:
            given_so_far.append(request)
    supply = OperandSupply(activation_banks, weight_banks)
    grants = supply.grant([([activation], weight) for activation, weight in requests])
    assert [request for request, granted in zip(requests, grants, strict=True) if granted] == given_so_far


def test_conflicts_made_by_hand_stall_as_computed() -> None:
    """Four PEs, two weight banks, neurons of two words: neuron i needs words 2i (bank 0), 2i + 1 (bank 1).

    All are issued in cycle 1. Priority goes round: PE 1 gets bank 0 in cycle 1, PE 2 in 2, PE 3 in
    3, PE 0 in 4; bank 1 is free for each of them in the cycle after.
    """
    arch = architecture(weight_buffer__banks=2, pe__count=4)
    layer = profile(dense(16, 4))
    stalls = [(event.cycle, event.op) for event in trace(arch, layer) if event.kind == EventKind.STALL]
    assert stalls == [(1, 0), (1, 2), (1, 3), (2, 0), (2, 3), (3, 0)]
    counters = run_one(arch, layer)
    assert counters.pe_cycles["operand_stall"] == len(stalls)
    assert counters.cycles == 1 + 5 + 1  # dispatch; PE 0 puts its words in in cycles 4 and 5; verdict


@pytest.mark.parametrize("banks", [8, "ideal"])
def test_words_in_different_banks_do_not_stall(banks: Banks) -> None:
    counters = run_one(architecture(weight_buffer__banks=banks, pe__count=4), profile(dense(16, 4)))
    assert counters.pe_cycles["operand_stall"] == 0


def test_one_bank_serves_one_word_a_cycle() -> None:
    arch = architecture(weight_buffer__banks=1, pe__count=4)
    counters = run_one(arch, profile(dense(24, 4)))
    assert counters.cycles == 1 + 4 * 3 + 1


def test_neurons_in_step_share_their_activations() -> None:
    arch = architecture(activation_buffer__banks=1, pe__count=4)
    counters = run_one(arch, profile(dense(24, 4)))
    assert counters.pe_cycles["operand_stall"] == 0
    assert (counters.activation_reads, counters.activation_requests) == (3, 12)
    assert (counters.weight_reads, counters.weight_requests) == (12, 12)


def test_priority_starts_at_the_pe_of_the_cycle_number() -> None:
    arch = architecture(weight_buffer__banks=1, pe__count=3, pe__width_edges=8)
    words = [event for event in trace(arch, profile(dense(8, 3))) if event.kind == EventKind.WORD]
    assert [(event.cycle, event.unit) for event in words] == [(1, "pe1"), (2, "pe2"), (3, "pe0")]


def test_a_conflict_between_words_of_different_activations_stalls() -> None:
    arch = architecture(
        activation_buffer__banks=1, pe__count=2, pe__width_edges=8, scheduler__issue_width_ops=1
    )
    layer = profile(dense(16, 2))  # the second neuron lags by a cycle: word 0 against word 1
    stalls = [event.cycle for event in trace(arch, layer) if event.kind == EventKind.STALL]
    assert stalls == [2]


def test_a_refused_pe_does_not_try_another_context() -> None:
    """Three PEs of two contexts, four weight banks; neuron i begins with word 2i: bank 0 or 2.

    Op 1 is constant, so PE 1, first in cycle 1, asks for op 4 and takes bank 0, which PE 2 wants for
    op 2 and PE 0 for op 0. Bank 2 stays free, though their ops 5 and 3 could use it.
    """
    arch = architecture(pe__count=3, pe__contexts=2, weight_buffer__banks=4)
    events = trace(arch, profile(dense(16, 6), decision=[[[16, 0, 16, 16, 16, 16]]]))
    assert ops_at(events, EventKind.WORD, 1) == [4]
    assert ops_at(events, EventKind.STALL, 1) == [0, 2]
