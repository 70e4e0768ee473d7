"""Where PE-cycles, edges and events are booked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from o3sim.contract.counters import PE_CYCLE_CAUSES, LayerCounters
from o3sim.contract.errors import MachineError
from o3sim.contract.invariants import check_layer
from o3sim.machine.ledger import Ledger
from o3sim.network.layer import Pool
from tests.machine.harness import architecture, conv, dense, profile, run, run_one

ONE_WINDOW = conv(4, 4, 8, 1, kernel=3, pool=Pool(2, 2))


def causes(counters: LayerCounters) -> dict[str, int]:
    """Leave out the causes that did not happen."""
    return {cause: cycles for cause, cycles in counters.pe_cycles.items() if cycles}


def test_before_the_first_op_can_be_seen_the_queue_is_empty() -> None:
    assert causes(run_one(architecture(pe__count=4), profile(dense(16, 4)))) == {
        "queue_empty": 4,  # cycle 0
        "useful": 8,  # cycles 1 and 2
        "drain": 4,  # cycle 3: the verdicts
    }


def test_a_sequencer_too_slow_is_queue_empty() -> None:
    counters = run_one(architecture(pe__count=2, sequencer__width_ops=1), profile(dense(8, 3)))
    # the sequencer is done as of cycle 3, in which the last word goes in, and 4, the last write
    assert causes(counters) == {"queue_empty": 2 + 1 + 1, "useful": 3, "drain": 1 + 2}


def test_an_issue_port_too_narrow_is_no_ready_op() -> None:
    counters = run_one(architecture(pe__count=2, scheduler__issue_width_ops=1), profile(dense(8, 3)))
    assert causes(counters) == {"queue_empty": 2, "useful": 3, "no_ready_op": 2, "drain": 1 + 2}


def test_ops_whose_windows_are_busy_are_no_ready_op_even_at_the_end_of_the_layer() -> None:
    counters = run_one(architecture(pe__count=1, pe__width_edges=72), profile(ONE_WINDOW))
    # each of the four ops: word, verdict and write, seen and the next word
    assert causes(counters) == {"queue_empty": 1, "useful": 4, "no_ready_op": 3, "drain": 1}


def test_ops_in_the_queue_go_before_late_weights_as_a_cause() -> None:
    arch = architecture(
        pe__count=1,
        pe__width_edges=72,
        weight_buffer__size_kbit=1,
        dram__bits_per_cycle=72,
        sequencer__width_ops=64,
    )
    geometry = conv(4, 4, 8, 8, kernel=3, pool=Pool(2, 2))  # 504 of 512 bits: seven channels, then one
    counters = run_one(arch, profile(geometry, outcome=0))
    assert counters.pe_cycles["weight_wait"] == 7  # until the first group is there; then there is work


def test_a_running_lockstep_group_is_drain_as_long_as_ops_wait_in_the_queue() -> None:
    arch = architecture(scheduler__policy="lockstep", pe__count=2, sequencer__width_ops=2)
    layer = profile(dense(72, 4), decision=[[[8, 72, 72, 72]]])
    assert causes(run_one(arch, layer)) == {"queue_empty": 2, "useful": 28, "drain": 8 + 2}


def test_a_lockstep_group_that_waits_for_ops_is_no_ready_op() -> None:
    arch = architecture(scheduler__policy="lockstep", pe__count=2, sequencer__width_ops=1)
    counters = run_one(arch, profile(dense(72, 2)))
    assert causes(counters) == {"queue_empty": 2, "no_ready_op": 2, "useful": 18, "drain": 2}


def test_a_pe_that_waits_for_a_word_and_a_verdict_waits_for_the_verdict() -> None:
    arch = architecture(
        pe__count=1, pe__contexts=2, pe__speculate=False, pe__latency_cycles=3, scheduler__issue_width_ops=1,
        scheduler__issue_latency_cycles=1,
    )  # fmt: skip
    counters = run_one(arch, profile(dense(16, 2), decision=8))
    # words in 2 and 3, known in 5 and 6; in cycle 1 both are on their way, in 4 both verdicts are out
    assert causes(counters) == {"queue_empty": 1, "issue_wait": 1, "useful": 2, "verdict_wait": 2, "drain": 1}


def test_edges_of_partial_words_are_counted_exactly() -> None:
    counters = run_one(architecture(pe__width_edges=8), profile(dense(21, 2), decision=[[[17, 9]]]))
    assert (counters.edges_total, counters.edges_executed, counters.edges_pruned_threshold) == (
        42,
        21 + 16,
        5,
    )
    assert counters.words_executed == 3 + 2


def test_the_deciding_words_own_surplus_edges_are_not_wasted() -> None:
    counters = run_one(architecture(), profile(dense(32, 1), decision=9))
    assert (counters.edges_executed, counters.edges_wasted) == (16, 0)


@pytest.mark.parametrize(("threshold", "compares"), [(True, 2), (False, 1)])
def test_bounds_are_compared_once_a_word_or_once_an_op(threshold: bool, compares: int) -> None:
    counters = run_one(architecture(pruning__threshold=threshold), profile(dense(32, 1), decision=16))
    assert counters.threshold_compares == compares


def test_a_squashed_op_without_edges_is_never_compared() -> None:
    arch = architecture(pruning__threshold=False, pe__count=1)
    geometry = conv(2, 2, 8, 1, kernel=1, padding_pixels=1, padding="exclude", pool=Pool(2, 2))
    counters = run_one(arch, profile(geometry, outcome=1))
    assert counters.retired == counters.threshold_compares == 4
    assert counters.squashed == 12


def test_bits_written_and_streamed_are_those_of_the_layer() -> None:
    counters = run(architecture(), profile(conv(4, 4, 8, 3, pool=Pool(2, 2))), profile(dense(8, 5))).layers
    assert [layer.output_bits for layer in counters] == [3, 5]
    assert [layer.dram_bits for layer in counters] == [3 * 72, 40]


def test_scores_are_written_to_no_next_layer() -> None:
    hidden, last = run(architecture(), profile(dense(32, 6)), profile(dense(6, 5), scores=True)).layers
    assert (hidden.output_bits, last.output_bits) == (6, 0)
    assert last.retired == last.scoreboard_writes == 5


def test_layers_share_nothing_but_the_clock() -> None:
    arch, layer = architecture(), profile(dense(30, 9))
    twice = run(arch, layer, layer).layers
    assert twice[0] == twice[1] == run_one(arch, layer)


def sound() -> LayerCounters:
    """Count a layer in which everything happens."""
    layer = profile(ONE_WINDOW, outcome=1, decision=16)
    return run_one(architecture(scheduler__window_in_flight_ops=2), layer)


@pytest.mark.parametrize(
    ("field", "law"),
    [
        ("retired", "retired + squashed = ops"),
        ("dispatched", "dispatched = issued + squashed in the queue"),
        ("issued", "issued = retired + squashed in PEs"),
        ("edges_executed", "executed + pruned = total edges"),
        ("edges_total", "executed + pruned = total edges"),
        ("words_executed", "words = useful + wasted + squashed"),
        ("activation_requests", "words = granted requests"),
        ("write_conflicts", "requests that meet a write are refused"),
        ("cycles", "causes sum to PEs x cycles"),
    ],
)
def test_a_counter_that_is_off_by_one_is_found(field: str, law: str) -> None:
    counters = sound()
    check_layer(counters, architecture())
    with pytest.raises(MachineError, match=r"layer layer on bench: .*" + law.replace("+", r"\+")):
        check_layer(replace(counters, **{field: getattr(counters, field) + 1}), architecture())


@pytest.mark.parametrize("cause", PE_CYCLE_CAUSES)
def test_a_cause_that_is_off_by_one_is_found(cause: str) -> None:
    counters = sound()
    counters.pe_cycles[cause] += 1
    with pytest.raises(MachineError, match="causes sum to PEs x cycles"):
        check_layer(counters, architecture())


def test_more_unused_reads_than_reads_are_found() -> None:
    counters = sound()
    reads = counters.activation_reads + counters.weight_reads
    with pytest.raises(MachineError, match="unused reads are reads"):
        check_layer(replace(counters, reads_unused=reads + 1), architecture())


def test_more_waste_than_work_is_found() -> None:
    counters = sound()
    with pytest.raises(MachineError, match="wasted edges are executed edges"):
        check_layer(replace(counters, edges_wasted=counters.edges_executed + 1), architecture())


def test_a_run_with_a_broken_counter_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ledger, "issued", lambda self: None)
    with pytest.raises(MachineError, match="issued = retired"):
        run_one(architecture(), profile(dense(8, 1)))


def test_counters_add_up() -> None:
    one, other = sound(), sound()
    one.add(other)
    assert one.cycles == 2 * other.cycles
    assert one.pe_cycles["useful"] == 2 * other.pe_cycles["useful"]
    assert one.squashed == 2 * other.squashed
