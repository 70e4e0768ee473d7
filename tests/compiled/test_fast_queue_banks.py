"""A queue in banks on the fast engine: the corners that its own code has, as on the general engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from o3sim.compiled.fast.choice import why_general
from o3sim.config.architecture import Architecture
from o3sim.config.load import load_architecture
from o3sim.network.layer import Pool
from tests.compiled.test_fast_layers import POOLED, both_ways, kept_from
from tests.machine.harness import architecture, conv, dense, profile, random_profile
from tests.machine.test_banked import banked


@pytest.mark.parametrize("operand_banks", ["ideal", 4])
@pytest.mark.parametrize("policy", ["out_of_order", "in_order"])
@pytest.mark.parametrize(("pes", "banks"), [(130, 2), (130, 26), (6, 6), (64, 2)])
def test_banks_of_pes_in_several_words_of_a_set(
    operand_banks: int | str, policy: str, pes: int, banks: int
) -> None:
    made = banked(
        banks,
        pe__count=pes,
        pe__contexts=2,
        pe__latency_cycles=2,
        scheduler__policy=policy,
        issue_queue__depth_ops=banks * 4,
        activation_buffer__banks=operand_banks,
        weight_buffer__banks=operand_banks,
        output_buffer__write_width_ops=2,
    )
    for geometry in (conv(8, 8, 8, 16, pool=Pool(2, 2)), conv(8, 8, 8, 16)):
        layer = random_profile(geometry, seed=3)
        layer.decision[:, :, 5] = 0
        both_ways(layer, made)


def test_in_order_a_bank_goes_on_where_its_oldest_op_is_squashed() -> None:
    """Of windows 0 and 3, in one bank: the first op of 0 makes it 1, the others waited before those of 3."""
    layer = profile(conv(2, 2, 8, 4, kernel=1, pool=Pool(2, 2)), outcome=np.ones((2, 2, 4)))
    made = banked(2, pe__count=2, pe__contexts=2, scheduler__policy="in_order", issue_queue__depth_ops=16)
    counts = both_ways(layer, made)
    assert (counts.issued, counts.squashed_queue) == (4, 12)


def test_an_op_of_windows_that_overlap_is_in_the_bank_of_the_first() -> None:
    layer = random_profile(conv(7, 7, 8, 4, pool=Pool(3, 2)), seed=1)
    both_ways(layer, banked(3, pe__count=3, issue_queue__depth_ops=9, pruning__pooling=False))


def test_one_bank_runs_as_one_queue_that_selects_an_op_a_cycle() -> None:
    layer = random_profile(POOLED, seed=2)
    one = both_ways(layer, banked(1, pe__count=3))
    assert one == both_ways(layer, architecture(pe__count=3, scheduler__issue_width_ops=1))


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        (None, {}),
        (None, {"activation_buffer__banks": 4, "weight_buffer__banks": 4}),
        (None, {"scheduler__window_in_flight_ops": "unlimited"}),
        ("scheduler.select_cycles", {"scheduler__select_cycles": 1}),
        ("scheduler.issue_latency_cycles", {"scheduler__issue_latency_cycles": 1}),
        ("pe.contexts", {"pe__contexts": 5}),
        ("pe.latency_cycles", {"pe__latency_cycles": 8}),
        ("pe.speculate", {"pe__speculate": False, "pe__latency_cycles": 2}),
    ],
)
def test_what_keeps_a_queue_in_banks_from_running_fast(reason: str | None, changes: dict[str, Any]) -> None:
    assert kept_from(banked(2, **changes), POOLED) == reason
    assert kept_from(banked(2, **changes), conv(7, 7, 8, 4, pool=Pool(3, 2))) == (
        reason or "windows that overlap"
    )


@pytest.mark.parametrize("name", ["banked", "banked-64pe"])
def test_racing_classes_keep_the_last_layer_of_a_shipped_machine(name: str) -> None:
    made: Architecture = load_architecture(name).with_({"pruning.argmax": True})
    assert why_general(made, dense(64, 10), scores=True, races=True) == "pruning.argmax"
    assert why_general(made, POOLED, scores=False, races=False) is None
