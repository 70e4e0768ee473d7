"""Machines simple enough to work out on paper, over many sizes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.machine.harness import architecture, conv, dense, profile, run_one
from tests.machine.strategies import banks

SMALL = st.integers(1, 40)
DENSE_CONTROL = {
    "scheduler__policy": "lockstep",
    "pruning__threshold": False,
    "pruning__pooling": False,
    "issue_queue__depth_ops": 4096,
    "output_buffer__write_width_ops": 64,
}


def ceil_div(whole: int, part: int) -> int:
    return -(-whole // part)


@given(st.integers(1, 200), st.integers(1, 64), st.integers(1, 300), SMALL, st.integers(1, 6), st.data())
@settings(max_examples=200, deadline=None)
def test_a_dense_layer_takes_the_ceilings(
    ops: int, pes: int, features: int, width: int, latency: int, data: st.DataObject
) -> None:
    """Fill the queue, then so many words for each of so many groups, then the last verdicts."""
    words = ceil_div(features, width)
    sequencer = data.draw(st.integers(ceil_div(pes, words), 64))  # fills a group while another runs
    arch = architecture(
        pe__count=pes,
        pe__width_edges=width,
        pe__latency_cycles=latency,
        sequencer__width_ops=sequencer,
        **DENSE_CONTROL,
    )
    fill = ceil_div(min(ops, pes), sequencer)
    counters = run_one(arch, profile(dense(features, ops)))
    assert counters.cycles == fill + ceil_div(ops, pes) * words + latency
    assert counters.words_executed == ops * words


@given(st.integers(3, 7), st.integers(1, 8), st.integers(1, 9), st.integers(1, 8))
@settings(max_examples=50, deadline=None)
def test_a_convolution_takes_the_ceilings_too(side: int, channels: int, out_channels: int, pes: int) -> None:
    arch = architecture(pe__count=pes, sequencer__width_ops=pes, **DENSE_CONTROL)
    geometry = conv(side, side, channels, out_channels)
    groups = ceil_div((side - 2) ** 2 * out_channels, pes)
    assert run_one(arch, profile(geometry)).cycles == 1 + groups * ceil_div(9 * channels, 8) + 1


@given(
    st.integers(1, 300),
    SMALL,
    st.integers(1, 6),
    st.integers(0, 6),
    st.sampled_from(["out_of_order", "in_order", "lockstep"]),
    st.booleans(),
    banks(),
)
@settings(max_examples=200, deadline=None)
def test_a_lone_neuron_takes_the_sum_of_its_stages(
    features: int,
    width: int,
    latency: int,
    issue_latency: int,
    policy: str,
    threshold: bool,
    banks: int | str,
) -> None:
    """Dispatch, issue latency, words, verdict; the write is in the cycle of the verdict."""
    arch = architecture(
        pe__width_edges=width,
        pe__latency_cycles=latency,
        scheduler__issue_latency_cycles=issue_latency,
        scheduler__policy=policy,
        pruning__threshold=threshold,
        activation_buffer__banks=banks,
        weight_buffer__banks=banks,
    )
    counters = run_one(arch, profile(dense(features, 1)))
    assert counters.cycles == 1 + issue_latency + ceil_div(features, width) + latency


@given(st.integers(1, 20), st.integers(1, 5), st.integers(1, 6))
@settings(max_examples=50, deadline=None)
def test_a_lone_neuron_that_does_not_speculate_takes_a_latency_a_word(
    words: int, latency: int, decided: int
) -> None:
    decided = min(decided, words)
    arch = architecture(pe__latency_cycles=latency, pe__speculate=False)
    counters = run_one(arch, profile(dense(8 * words, 1), decision=8 * decided))
    assert counters.cycles == 1 + decided * latency + 1
    assert counters.edges_wasted == 0


@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 60), st.integers(1, 3))
@settings(max_examples=100, deadline=None)
def test_a_layer_bound_by_dram_takes_bits_over_bandwidth_and_latency(
    outputs: int, bits_per_cycle: int, dram_latency: int, latency: int
) -> None:
    """One channel to a half: the last neuron starts when the last weights are in."""
    arch = architecture(
        pe__width_edges=64,
        pe__latency_cycles=latency,
        weight_buffer__size_kbit=1,
        dram__bits_per_cycle=bits_per_cycle,
        dram__latency_cycles=dram_latency,
    )
    counters = run_one(arch, profile(dense(512, outputs)))
    lone_neuron = 1 + 8 + latency
    assert counters.cycles == outputs * ceil_div(512, bits_per_cycle) + dram_latency + lone_neuron
    assert counters.dram_bits == outputs * 512


@given(st.integers(2, 8), st.integers(1, 12))
@settings(max_examples=50, deadline=None)
def test_one_bank_takes_a_cycle_a_word(pes: int, words: int) -> None:
    """Nothing to share: every neuron has weights of its own, and one bank gives one word a cycle."""
    arch = architecture(pe__count=pes, weight_buffer__banks=1)
    counters = run_one(arch, profile(dense(8 * words, pes)))
    assert counters.cycles == 1 + pes * words + 1
    assert counters.pe_cycles["useful"] == counters.weight_reads == pes * words


@given(st.integers(1, 30), st.integers(1, 5))
@settings(max_examples=50, deadline=None)
def test_a_write_port_of_one_takes_a_cycle_an_op(ops: int, latency: int) -> None:
    arch = architecture(pe__count=64, output_buffer__write_width_ops=1, pe__latency_cycles=latency,
                        sequencer__width_ops=64, scheduler__issue_width_ops=64)  # fmt: skip
    assert run_one(arch, profile(dense(8, ops))).cycles == 1 + latency + ops
