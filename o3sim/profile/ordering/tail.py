"""An order built from its end: what comes last is what decides least, of the neurons still undecided there.

A neuron can do without as many of its deciding edges as it has more than it needs. So the edges that
follow its decision are the longest end of the order that holds no more of them than that. The end is
built edge by edge: next to last comes the edge that is a deciding one for fewest of the neurons whose
spare ones have not run out. Sorting by shares (:mod:`o3sim.profile.ordering.candidates`) counts all neurons
alike at every place; this counts those for which the place matters.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from o3sim.profile.ordering.samples import Trial

MOST_EDGES = 4096
"""Work grows with the square of a neuron's edges; for larger ones this order is not tried."""

_TAKEN = np.int64(2**62)


def places_from_the_end(trial: Trial) -> NDArray[np.float64]:
    """Return the place of each edge in the order of its channel.

    Returns
    -------
    ndarray of float64, shape (out_channels, fan_in)
        0 for the first edge; keys to sort by.
    """
    places = np.empty(trial.weights.shape, np.float64)
    fill_from_the_end(
        trial.patches,
        trial.masks,
        trial.mask_index,
        trial.weights,
        trial.most_mismatches,
        trial.outcome,
        places,
    )
    return places


@njit(cache=True, nogil=True)
def fill_from_the_end(  # noqa: C901 - one pass a channel
    patches: NDArray[np.uint8],
    masks: NDArray[np.uint8],
    mask_index: NDArray[np.int32],
    weights: NDArray[np.uint8],
    most_mismatches: NDArray[np.int64],
    outcome: NDArray[np.uint8],
    places: NDArray[np.float64],
) -> None:
    """Fill in the places; parameters as for :func:`o3sim.profile.ordered.decide_in_order`."""
    samples, fan_in = patches.shape
    spare, scores = np.empty(samples, np.int64), np.empty(fan_in, np.int64)
    for channel in range(weights.shape[0]):
        row = weights[channel]
        scores[:] = 0
        for sample in range(samples):
            pattern, one = mask_index[sample], outcome[sample, channel]
            used, patch = masks[pattern], patches[sample]
            edges = deciding = np.int64(0)
            for edge in range(fan_in):
                edges += used[edge]
                deciding += used[edge] & (patch[edge] ^ row[edge] ^ one)
            most = most_mismatches[pattern, channel]
            needed = edges - most if one else most + 1
            spare[sample] = deciding - needed if needed > 0 else -1
            if spare[sample] >= 0:
                for edge in range(fan_in):
                    scores[edge] += used[edge] & (patch[edge] ^ row[edge] ^ one)
        for place in range(fan_in - 1, -1, -1):
            last = np.argmin(scores)
            places[channel, last] = place
            scores[last] = _TAKEN
            for sample in range(samples):
                if spare[sample] < 0:
                    continue
                used, patch, one = masks[mask_index[sample]], patches[sample], outcome[sample, channel]
                spare[sample] -= used[last] & (patch[last] ^ row[last] ^ one)
                if spare[sample] < 0:
                    for edge in range(fan_in):
                        scores[edge] -= used[edge] & (patch[edge] ^ row[edge] ^ one)
