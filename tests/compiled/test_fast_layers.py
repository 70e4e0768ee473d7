"""Layers that run fast come out as they do on the general engine; what keeps others from it is said."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

from o3sim.compiled.fast.choice import MOST_WORDS, why_general
from o3sim.compiled.fast.op_records import MOST_WORDS as MOST_PACKED_WORDS
from o3sim.compiled.fast.output_buffer import QUEUE_BITS
from o3sim.compiled.kernel import lowest_bit
from o3sim.compiled.run import run_layers
from o3sim.compiled.scoreboard import show
from o3sim.config.load import load_architecture
from o3sim.contract.plan import cut_layers
from o3sim.network.layer import Addend, Geometry, Pool
from o3sim.network.load import load_network, load_workload
from o3sim.runs.estimate.fast import fast_share
from tests.compiled.fast_cases import fast_cases, fast_counter_cases, fast_sum_cases
from tests.machine.harness import architecture, conv, dense, profile, queueless, random_profile
from tests.machine.strategies import Case


@pytest.mark.parametrize(
    ("cases", "number"),
    [
        (fast_cases(), 250),
        (fast_cases(in_banks=True), 150),
        (fast_sum_cases(), 100),
        (fast_counter_cases(), 150),
    ],
)
def test_fast_layers_come_out_as_on_the_general_engine(cases: SearchStrategy[Case], number: int) -> None:
    drawn: Counter[bool] = Counter()

    @given(cases)
    @settings(max_examples=number, deadline=None)
    def compare(case: Case) -> None:
        cuts = cut_layers(case.architecture, case.profiles)
        fast = run_layers(case.architecture, cuts, case.profiles)
        general = run_layers(case.architecture, cuts, case.profiles, fast=False)
        assert fast.layers == general.layers
        for made, expected in zip(fast.outputs, general.outputs, strict=True):
            assert np.array_equal(made, expected)
        drawn.update(
            kept_from(case.architecture, layer.geometry, layer.scores) is None for layer in case.profiles
        )

    compare()
    assert drawn[True] > 4 * drawn[False]


def kept_from(made: Any, geometry: Geometry, scores: bool = False) -> str | None:
    return why_general(made, geometry, scores=scores, races=scores)


def counts_of(layer: Any, **changes: Any) -> Any:
    """Run a layer on a PE, fast or else it is an error."""
    made = architecture(pe__count=1, **changes)
    assert kept_from(made, layer.geometry) is None
    return run_layers(made, cut_layers(made, [layer]), [layer]).layers[0]


def dense_layer(*decided_words: int, words: int = 10) -> Any:
    """A layer with a neuron for each of these, of so many words of 8 edges."""
    geometry = dense(8 * words, len(decided_words))
    return profile(geometry, 8 * np.array(decided_words).reshape(1, 1, -1))


@pytest.mark.parametrize("latency_cycles", [1, 2, 3, 7])
def test_an_op_by_itself_has_every_cycle_and_wastes_those_until_its_verdict(latency_cycles: int) -> None:
    counts = counts_of(dense_layer(4), pe__latency_cycles=latency_cycles, pe__contexts=2)
    assert counts.cycles == 1 + 4 + latency_cycles
    assert counts.pe_cycles["wasted"] == latency_cycles - 1


@pytest.mark.parametrize("size", [2, 3, 4])
def test_as_many_ops_as_cycles_of_latency_take_turns(size: int) -> None:
    """Nothing is wasted until they leave one by one: each but the first then has a cycle of one that left."""
    counts = counts_of(dense_layer(*[4] * size), pe__latency_cycles=size, pe__contexts=size)
    assert counts.cycles == 1 + 4 * size + size
    assert counts.pe_cycles["wasted"] == size - 1


def test_an_op_that_follows_one_that_ended_waits_for_an_older_one() -> None:
    """The third comes in cycle 4, which the older second has; so it decides in 5, and wastes 6."""
    counts = counts_of(dense_layer(2, 2, 1, words=2), pe__latency_cycles=2, pe__contexts=2)
    assert counts.cycles == 8
    assert counts.pe_cycles["wasted"] == 1


def test_pes_stall_behind_a_narrow_port() -> None:
    layer = dense_layer(*[1] * 12)
    made = architecture(pe__count=4, output_buffer__write_width_ops=1)
    stalls = run_layers(made, cut_layers(made, [layer]), [layer]).layers[0].pe_cycles["write_stall"]
    wide = architecture(pe__count=4)
    assert (
        stalls > 0 == run_layers(wide, cut_layers(wide, [layer]), [layer]).layers[0].pe_cycles["write_stall"]
    )


def test_ops_of_more_words_than_most_calendars_have_days() -> None:
    layer = dense_layer(9000, 30, 8999, words=9000)
    assert counts_of(layer, pe__contexts=2, pe__latency_cycles=2).pe_cycles["useful"] == 9000 + 30 + 8999


POOLED = conv(6, 6, 8, 4, pool=Pool(2, 2))
MANY_MEMBERS = conv(18, 18, 1, 1, pool=Pool(16, 16))
OVERLAPPING = conv(7, 7, 8, 4, pool=Pool(3, 2))
SUMMED = replace(conv(6, 6, 8, 4), sum_bits=16)
ADDING = replace(conv(6, 6, 8, 4), addend=Addend("above", 8, 8, 4, 32, stride=2))
"""An op adds four values of 32 bits: that are 64 reads of words of 2 bits, more than fit in a mask."""


@pytest.mark.parametrize(
    ("reason", "geometry", "changes"),
    [
        (None, POOLED, {}),
        (None, POOLED, {"pe__speculate": False}),  # with a latency of 1 nothing waits for verdicts
        (None, POOLED, {"activation_buffer__banks": 4}),
        (None, POOLED, {"weight_buffer__banks": 4}),
        ("scheduler.select_cycles", POOLED, {"scheduler__select_cycles": 1}),
        ("scheduler.issue_latency_cycles", POOLED, {"scheduler__issue_latency_cycles": 1}),
        ("pe.contexts", POOLED, {"pe__contexts": 5}),
        ("pe.latency_cycles", POOLED, {"pe__latency_cycles": 8}),
        ("pe.speculate", POOLED, {"pe__speculate": False, "pe__latency_cycles": 2}),
        (None, POOLED, {"scheduler__window_in_flight_ops": 2}),
        ("scheduler.window_in_flight_ops", MANY_MEMBERS, {"scheduler__window_in_flight_ops": "unlimited"}),
        (None, MANY_MEMBERS, {"scheduler__window_in_flight_ops": 2}),
        ("windows that overlap", OVERLAPPING, {}),
        (None, OVERLAPPING, {"pruning__pooling": False}),
        (None, SUMMED, {"pe__speculate": False, "pe__latency_cycles": 2}),  # its words wait for no verdict
        (None, ADDING, {"activation_buffer__banks": 4}),
        ("pe.width_edges", ADDING, {"activation_buffer__banks": 4, "pe__width_edges": 2}),
        (None, ADDING, {"activation_buffer__banks": "ideal", "pe__width_edges": 2}),
        ("pe.width_edges", dense(MOST_WORDS + 1, 2), {"pe__width_edges": 1}),
        (None, dense(MOST_WORDS, 2), {"pe__width_edges": 1}),
        ("pe.count", dense(2**15, 2**10), {"pe__width_edges": 1, "weight_buffer__banks": 4, "pe__count": 80}),
        (None, dense(2**15, 2**10), {"pe__width_edges": 1, "pe__count": 80}),
    ],
)
def test_what_keeps_a_layer_from_running_fast(
    reason: str | None, geometry: Geometry, changes: dict[str, Any]
) -> None:
    assert kept_from(architecture(**changes), geometry) == reason


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        (None, {}),
        (
            None,
            {"output_buffer__release": "worst_case", "pruning__pooling": False, "pruning__threshold": False},
        ),
        ("pe.pick", {"pe__pick": "barrel"}),
        ("pe.contexts", {"pe__contexts": 5}),
        ("pe.latency_cycles", {"pe__latency_cycles": 8}),
        ("pe.speculate", {"pe__speculate": False, "pe__latency_cycles": 2}),
        ("scheduler.issue_latency_cycles", {"scheduler__issue_latency_cycles": 1}),
    ],
)
def test_what_keeps_windows_in_contexts_from_running_fast(
    reason: str | None, changes: dict[str, Any]
) -> None:
    assert kept_from(queueless("window", **changes), POOLED) == reason
    assert kept_from(queueless("group", **changes), POOLED) == reason


def test_weights_of_many_groups_are_too_many_for_their_requests() -> None:
    """Where places are dealt out each group has all weights: their words are told apart in 31 bits or not."""
    layer, positions = dense(2**14, 2**8), {"scheduler__assignment": "position", "pe__width_edges": 1}
    for groups, reason in ((2, None), (64, "pe.count")):
        banks = {"scheduler__groups": groups, "weight_buffer__banks": groups}
        assert kept_from(queueless("group", **banks, **positions, pe__count=64), layer) == reason


def test_racing_classes_do_not_run_fast() -> None:
    made = architecture(pruning__argmax=True)
    assert kept_from(made, dense(9, 2), scores=True) == "pruning.argmax"
    assert kept_from(made, dense(9, 2)) is None


def both_ways(layer: Any, made: Any) -> Any:
    """Run a layer fast, and on the general engine; return what both count."""
    assert kept_from(made, layer.geometry) is None
    fast = run_layers(made, cut_layers(made, [layer]), [layer])
    general = run_layers(made, cut_layers(made, [layer]), [layer], fast=False)
    assert fast.layers == general.layers
    assert np.array_equal(fast.outputs[0], general.outputs[0])
    return fast.layers[0]


@pytest.mark.parametrize("latency_cycles", [1, 2, 3, 7])
def test_members_of_a_lone_window_come_one_after_another(latency_cycles: int) -> None:
    layer = profile(conv(4, 4, 8, 1, pool=Pool(2, 2)), 8 * np.array([2, 1, 3, 2]).reshape(2, 2, 1))
    made = queueless("window", pe__count=1, scheduler__counters=1, pe__latency_cycles=latency_cycles)
    assert both_ways(layer, made).cycles == 1 + sum(words - 1 + latency_cycles for words in (2, 1, 3, 2))


def test_a_1_drops_the_members_that_have_not_begun() -> None:
    geometry = conv(4, 4, 8, 1, pool=Pool(2, 2))
    outcome = np.array([0, 1, 1, 0]).reshape(2, 2, 1)
    counts = both_ways(profile(geometry, 8 * np.ones((2, 2, 1)), outcome), queueless("window"))
    assert (counts.issued, counts.squashed_queue, counts.scoreboard_writes) == (2, 2, 1)


@pytest.mark.parametrize("dispatch", ["window", "group"])
@pytest.mark.parametrize("contexts", [1, 3])
@pytest.mark.parametrize("patch_kbit", [None, 8])
@pytest.mark.parametrize("pes", [6, 130])
def test_every_kernel_for_windows_in_contexts_agrees(
    dispatch: str, contexts: int, patch_kbit: int | None, pes: int
) -> None:
    """Also where the ranges of counters lie across the ends of words of 64 PEs; a channel is constant."""
    changes: dict[str, Any] = {"pe__contexts": contexts, "pe__latency_cycles": 3, "pe__count": pes}
    if patch_kbit is not None:
        changes["activation_buffer__patch_kbit"] = patch_kbit
    number = "scheduler__groups" if dispatch == "group" else "scheduler__counters"
    changes |= {number: pes // 2 if pes < 64 else 10, "scheduler__bundle_positions": 2}
    changes |= {
        "activation_buffer__banks": 2,
        "weight_buffer__banks": 30,
        "output_buffer__write_width_ops": 2,
    }
    for geometry in (conv(8, 8, 8, 16, pool=Pool(2, 2)), conv(8, 8, 8, 16)):
        layer = random_profile(geometry, seed=3)
        layer.decision[:, :, 5] = 0
        both_ways(layer, queueless(dispatch, **changes))


@pytest.mark.parametrize("banks", ["ideal", 16])
def test_an_op_that_is_squashed_before_its_first_word_added_nothing(banks: Any) -> None:
    """Of three in a PE the first is 1 by its first word; then the second has had one, and the third none."""
    pooled = conv(4, 4, 8, 1, pool=Pool(2, 2))  # a window
    layer = profile(replace(pooled, addend=Addend("above", 2, 2, 1, 8)), outcome=np.ones((2, 2, 1)))
    layer.decision[0, 0] = 1
    changes = {"pe__contexts": 3, "scheduler__window_in_flight_ops": 3, "activation_buffer__banks": banks}
    made = architecture(pe__count=1, issue_queue__depth_ops=8, sequencer__width_ops=4, **changes)
    counts = both_ways(layer, made)
    assert (counts.issued, counts.squashed_pe, counts.addend_words) == (3, 2, 2)


def test_limits_fit_what_holds_them() -> None:
    """Of the words an op is packed with, and of the outcomes that wait in a PE."""
    assert MOST_WORDS < MOST_PACKED_WORDS
    assert kept_from(architecture(pe__contexts=4, pe__latency_cycles=7), POOLED) is None
    assert 2**QUEUE_BITS > 4 + 7 + 1


def test_a_shipped_machine_runs_all_layers_fast_or_says_why_not() -> None:
    network = load_network(load_workload("alexnet"))
    assert fast_share(load_architecture("ideal"), network) == (1.0, ())
    assert fast_share(load_architecture("o3bnn"), network) == (1.0, ())
    assert fast_share(load_architecture("carousel"), network) == (1.0, ())
    assert fast_share(load_architecture("window"), network) == (1.0, ())
    assert fast_share(load_architecture("group"), network) == (1.0, ())
    adds = load_network(load_workload("fashion-residual"))
    assert fast_share(load_architecture("o3bnn"), adds) == (1.0, ())
    assert fast_share(load_architecture("ideal"), adds) == (1.0, ())
    assert fast_share(load_architecture("banked"), adds) == (1.0, ())
    assert fast_share(load_architecture("banked"), network) == (1.0, ())
    assert fast_share(load_architecture("banked-64pe"), network) == (1.0, ())
    late = load_architecture("banked").with_({"scheduler.select_cycles": 1})
    share, general = fast_share(late, network)
    assert share == 0
    assert {why for _, why in general} == {"scheduler.select_cycles"}


def test_helpers_are_of_kernels_only() -> None:
    """They have no machine code of their own; to call one from Python is an error, and no crash."""
    layer = random_profile(POOLED, seed=5)
    made = architecture(activation_buffer__banks=4)
    run_layers(made, cut_layers(made, [layer]), [layer], fast=False)
    assert lowest_bit is not None
    for signature in show.signatures:  # type: ignore[attr-defined]  # a dispatcher
        with pytest.raises((TypeError, KeyError)):
            show.overloads[signature].entry_point("record", 5)  # type: ignore[attr-defined]
