"""Decision indices under an order, many positions at a time, against a walk of one neuron after another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.profile.ordered import decide_in_order
from tests.profile.ordering.test_tail import trial_of


def walked(
    used: list[int], matches: list[int], order: list[int], needed_matches: int, needed_mismatches: int
) -> int:
    """Return the edges after which a neuron has the matches, or the mismatches, that it needs."""
    seen = [0, 0]
    for edge in order:
        if seen[1] >= needed_matches or seen[0] >= needed_mismatches:
            break
        if used[edge]:
            seen[matches[edge]] += 1
    return sum(seen)


@pytest.mark.parametrize("at_a_time", [1, 4, 256])
@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), samples=st.integers(1, 13), edges=st.integers(1, 12))
def test_positions_are_decided_as_each_by_itself(at_a_time: int, seed: int, samples: int, edges: int) -> None:
    trial = trial_of(seed, samples, edges, 3)
    random = np.random.default_rng(seed + 1)
    orders = np.stack([random.permutation(edges) for _ in range(2)]).astype(np.int32)
    order_of = np.array([1, 0, 1], np.int32)
    decision = np.empty((samples, 3), np.int32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("o3sim.profile.ordered.MOST_POSITIONS", at_a_time)
        decide_in_order(
            trial.patches, trial.masks, trial.mask_index, trial.weights, trial.most_mismatches,
            orders, order_of, trial.outcome, decision,
        )  # fmt: skip
    for sample in range(samples):
        used = trial.masks[trial.mask_index[sample]]
        for channel in range(3):
            most = int(trial.most_mismatches[trial.mask_index[sample], channel])
            matches = 1 - (trial.patches[sample] ^ trial.weights[channel])
            expected = walked(
                used.tolist(),
                matches.tolist(),
                orders[order_of[channel]].tolist(),
                int(used.sum()) - most,
                most + 1,
            )
            assert decision[sample, channel] == expected
