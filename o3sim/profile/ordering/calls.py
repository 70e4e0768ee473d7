"""Bounds to call outcomes by: the least that keep wrong calls rare on calibration images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from o3sim.network.layer import Speculation
from o3sim.profile.ordering.samples import LayerSamples
from o3sim.profile.speculative import call_neurons, limits, natural_order

BOUNDS = tuple(quarter / 4 for quarter in range(2, 33))
"""Standard deviations that are tried, from half a one to eight."""


@dataclass(frozen=True)
class Calls:
    """The bound of a layer, and what it does on the calibration sample.

    Attributes
    ----------
    wrong, pruned : float
        Shares of neurons called wrongly, and of edges dropped.
    """

    how: Speculation
    wrong: float
    pruned: float


def choose_bound(samples: LayerSamples, check_edges: int, most_wrong: float) -> Calls:
    """Return the least bound at which no larger share of neurons is called wrongly.

    The largest bound is taken if none is good enough.
    """
    found = [_tried(samples, Speculation(bound, check_edges)) for bound in BOUNDS]
    good = [calls for calls in found if calls.wrong <= most_wrong]
    return good[0] if good else found[-1]


def _tried(samples: LayerSamples, how: Speculation) -> Calls:
    trial, layer = samples.trial(), samples.layer
    edges = trial.masks.sum(axis=1, dtype=np.int64)
    one, zero = limits(trial.most_mismatches, edges, layer.geometry.fan_in, how)
    order = natural_order(layer)
    decision, outcome = np.empty(trial.outcome.shape, np.int32), np.empty_like(trial.outcome)
    call_neurons(
        trial.patches,
        trial.masks,
        trial.mask_index,
        trial.weights,
        (trial.most_mismatches, edges, one, zero, np.int64(how.check_edges)),
        (np.stack([order.edges(row) for row in range(len(order.granules))]).astype(np.int32), order.order_of),
        (decision, outcome),
    )
    total = int(edges[trial.mask_index].sum()) * trial.outcome.shape[1]
    return Calls(how, float((outcome != trial.outcome).mean()), 1 - int(decision.sum(dtype=np.int64)) / total)
