"""Who gets operands: banks that choose for themselves, multicast, gathering, rotating priority."""

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


def test_each_bank_chooses_for_itself() -> None:
    supply = OperandSupply(2, 2)
    # the second loses its activation bank to the first, and wins the weight bank that the third wants too
    assert supply.grant([([0], 0), ([2], 1), ([1], 3)]) == [1, 0, 0]
    assert (supply.activation_reads, supply.weight_reads, supply.reads_unused) == (2, 2, 2)


def test_a_refused_request_keeps_its_bank_from_others() -> None:
    supply = OperandSupply(1, 1)
    # activations: the first; weights: the first too. The second is alone in no bank, the third shares both
    assert supply.grant([([0], 0), ([1], 0), ([0], 0)]) == [1, 0, 1]
    # the first gets both, the second neither; the third would have had the weights of the first
    assert supply.grant([([0], 0), ([1], 1), ([1], 0)]) == [1, 0, 0]


def test_everybody_who_wants_the_chosen_word_is_served() -> None:
    supply = OperandSupply(2, 4)
    # the second is refused its weights; who shares its activations is served all the same
    assert supply.grant([([0], 0), ([1], 4), ([1], 1), ([1], 2)]) == [1, 0, 1, 1]
    assert supply.reads_unused == 0


def test_a_read_that_nobody_takes_is_unused() -> None:
    supply = OperandSupply(2, 1)
    assert supply.grant([([0], 0), ([1], 1)]) == [1, 0]
    assert (supply.activation_reads, supply.weight_reads, supply.reads_unused) == (2, 1, 1)


def test_a_read_that_one_of_several_takes_is_used() -> None:
    supply = OperandSupply(2, 1)
    assert supply.grant([([0], 0), ([1], 1), ([1], 0)]) == [1, 0, 1]
    assert (supply.activation_reads, supply.weight_reads, supply.reads_unused) == (2, 1, 0)


def test_ideal_banks_serve_all_and_merge_nothing() -> None:
    supply = OperandSupply("ideal", "ideal")
    assert supply.grant([([9], 0), ([9], 0), ([8], 1)]) == [1] * 3
    assert (supply.activation_reads, supply.weight_reads, supply.reads_unused) == (3, 3, 0)


def test_ideal_banks_read_for_requests_that_the_others_refuse() -> None:
    supply = OperandSupply("ideal", 1)
    assert supply.grant([([9], 0), ([9], 1)]) == [1, 0]
    assert (supply.activation_reads, supply.weight_reads, supply.reads_unused) == (2, 1, 1)


def test_a_pe_asks_for_all_words_to_gather_up_to_one_in_the_same_bank() -> None:
    supply = OperandSupply(4, 4)
    # 4 lies in the bank of 0: it is not asked for, nor is 2 behind it, which the second may have
    assert supply.grant([([0, 1, 4, 2], 0), ([2], 1)]) == [2, 1]
    assert (supply.activation_reads, supply.weight_reads, supply.granted) == (3, 1, 1)


def test_words_to_gather_are_kept_up_to_the_first_that_is_refused() -> None:
    supply = OperandSupply(4, 4)
    # 5 is refused, for its bank reads 1; so 6 behind it is read in vain, and the weight word with it
    assert supply.grant([([1], 0), ([4, 5, 6], 1)]) == [1, 1]
    assert (supply.activation_reads, supply.weight_reads, supply.reads_unused) == (3, 2, 2)


def test_the_last_word_is_kept_with_the_weights_or_not_at_all() -> None:
    supply = OperandSupply("ideal", 1)
    assert supply.grant([([0, 1], 0), ([0, 1, 2], 1)]) == [2, 2]
    assert (supply.activation_reads, supply.weight_reads, supply.granted) == (5, 1, 1)
    assert supply.reads_unused == 1


def test_a_bank_that_writes_reads_nothing() -> None:
    supply = OperandSupply(2, 2)
    assert supply.grant([([0], 0), ([1], 1), ([2, 3], 0)], writing={0}) == [0, 1, 0]
    assert supply.write_conflicts == 2
    # 0 is asked for in vain, and 3 loses its bank to 1
    assert (supply.activation_reads, supply.weight_reads, supply.reads_unused) == (1, 2, 1)


def test_each_cycle_starts_anew() -> None:
    supply = OperandSupply(1, 1)
    assert supply.grant([([0], 0)]) == supply.grant([([1], 1)]) == [1]


@given(banks(), banks(), st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=12))
def test_grants_are_those_of_a_walk_over_the_banks(
    activation_banks: Banks, weight_banks: Banks, requests: list[tuple[int, int]]
) -> None:
    served = [set(range(len(requests))) for _ in range(2)]
    for which, number in enumerate((activation_banks, weight_banks)):
        for bank in range(number if isinstance(number, int) else 0):
            asking = [pe for pe, request in enumerate(requests) if request[which] % number == bank]
            others = [pe for pe in asking if requests[pe][which] != requests[asking[0]][which]]
            served[which] -= set(others)
    supply = OperandSupply(activation_banks, weight_banks)
    grants = supply.grant([([activation], weight) for activation, weight in requests])
    assert {pe for pe, granted in enumerate(grants) if granted} == served[0] & served[1]


@given(banks(), banks(), st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=12))
def test_the_first_is_always_granted(
    activation_banks: Banks, weight_banks: Banks, requests: list[tuple[int, int]]
) -> None:
    supply = OperandSupply(activation_banks, weight_banks)
    assert supply.grant([([activation], weight) for activation, weight in requests])[0] == 1


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


def test_priority_counts_from_the_layers_first_cycle() -> None:
    arch = architecture(weight_buffer__banks=1, pe__count=3, pe__width_edges=8)
    layer = profile(dense(8, 3))
    words = [event for event in trace(arch, layer, layer) if event.kind == EventKind.WORD]
    turns = [(1, "pe1"), (2, "pe2"), (3, "pe0")]
    second = run_one(arch, layer).cycles
    assert second % 3 != 0  # priority by the cycle of the image would start elsewhere
    assert [(event.cycle, event.unit) for event in words[:3]] == turns
    assert [(event.cycle - second, event.unit) for event in words[3:]] == turns


def test_a_conflict_between_words_of_different_activations_stalls() -> None:
    arch = architecture(
        activation_buffer__banks=1, pe__count=2, pe__width_edges=8, scheduler__issue_width_ops=1
    )
    layer = profile(dense(16, 2))  # the second neuron lags by a cycle: word 0 against word 1
    stalls = [event.cycle for event in trace(arch, layer) if event.kind == EventKind.STALL]
    assert stalls == [2, 4]  # in 4 the output bit of the first neuron is written


def test_a_refused_pe_does_not_try_another_context() -> None:
    """Three PEs of two contexts, four weight banks; neuron i begins with word 2i: bank 0 or 2.

    Op 1 is constant, so PE 1, first in cycle 1, asks for op 4 and takes bank 0, which PE 2 wants for
    op 2 and PE 0 for op 0. Bank 2 stays free, though their ops 5 and 3 could use it.
    """
    arch = architecture(pe__count=3, pe__contexts=2, weight_buffer__banks=4)
    events = trace(arch, profile(dense(16, 6), decision=[[[16, 0, 16, 16, 16, 16]]]))
    assert ops_at(events, EventKind.WORD, 1) == [4]
    assert ops_at(events, EventKind.STALL, 1) == [0, 2]
