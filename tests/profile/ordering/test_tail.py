"""The order built from its end, against its definition."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.profile.ordering.samples import Trial
from o3sim.profile.ordering.tail import places_from_the_end


def naive(trial: Trial, channel: int) -> list[int]:
    """Choose the last edge, the one before it, and so on, counting anew each time."""
    neurons = []
    for sample, patch in enumerate(trial.patches):
        used = trial.masks[trial.mask_index[sample]]
        one = int(trial.outcome[sample, channel])
        most = int(trial.most_mismatches[trial.mask_index[sample], channel])
        matches = [int(a == w) for a, w in zip(patch, trial.weights[channel], strict=True)]
        deciding = {edge for edge, match in enumerate(matches) if used[edge] and match == one}
        needed = int(used.sum()) - most if one else most + 1
        if needed > 0:
            neurons.append((deciding, needed))
    left = list(range(trial.patches.shape[1]))
    order: list[int] = []
    while left:
        undecided = [deciding for deciding, needed in neurons if len(deciding - set(order)) >= needed]
        last = min(left, key=lambda edge: (sum(edge in deciding for deciding in undecided), edge))
        left.remove(last)
        order.insert(0, last)
    return order


def trial_of(seed: int, samples: int, edges: int, channels: int) -> Trial:
    """Draw neurons of two patterns of taps, with any thresholds, constant ones too."""
    random = np.random.default_rng(seed)
    patches = random.integers(0, 2, (samples, edges), np.uint8)
    masks = np.stack([np.ones(edges, np.uint8), random.integers(0, 2, edges, np.uint8)])
    pattern = random.integers(0, 2, samples).astype(np.int32)
    weights = random.integers(0, 2, (channels, edges), np.uint8)
    most = np.clip(random.integers(-1, edges + 1, (1, channels)), -1, masks.sum(axis=1)[:, None])
    mismatches = ((patches[:, None] ^ weights) & masks[pattern][:, None]).sum(axis=2)
    outcome = (mismatches <= most[pattern]).astype(np.uint8)
    return Trial(patches, masks, pattern, weights, most.astype(np.int64), outcome)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 12))
def test_it_is_built_as_defined(seed: int, samples: int, edges: int) -> None:
    trial = trial_of(seed, samples, edges, 3)
    places = places_from_the_end(trial)
    for channel in range(3):
        assert np.argsort(places[channel]).tolist() == naive(trial, channel)
