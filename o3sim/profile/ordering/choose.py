"""From samples to the order of each layer: every candidate tried, the best kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from o3sim.network.edge_order import EdgeOrder
from o3sim.profile.ordered import decide_in_order
from o3sim.profile.ordering.candidates import candidate_keys
from o3sim.profile.ordering.samples import LayerSamples, Trial
from o3sim.profile.ordering.sharing import alike
from o3sim.profile.ordering.tail import MOST_EDGES, places_from_the_end


@dataclass(frozen=True)
class Ordering:
    """How orders are made.

    Attributes
    ----------
    granule_edges : int
        1 to move single edges, the width of a word to move whole words.
    share_channels : int
        Channels that follow one order, at most.
    width_edges : int
        Candidates are judged by the edges executed when the bounds are checked every so many.
    """

    granule_edges: int = 1
    share_channels: int = 1
    width_edges: int = 32


@dataclass(frozen=True, eq=False)
class Chosen:
    """The order of a layer, and what it brings on the sample.

    Attributes
    ----------
    pruned_before, pruned_after : float
        Share of edges that threshold pruning drops on the calibration sample, in natural order and
        in this one.
    """

    order: EdgeOrder
    pruned_before: float
    pruned_after: float


def choose_order(samples: LayerSamples, how: Ordering) -> Chosen:
    """Choose each group's order among the candidates, by the edges executed on the sample."""
    trial = samples.trial()
    fan_in = samples.layer.geometry.fan_in
    keys_by_name = candidate_keys(samples)
    groups = alike(keys_by_name["by outcome"], how.share_channels)
    candidates = list(keys_by_name.values())
    if fan_in <= MOST_EDGES:
        candidates.append(places_from_the_end(trial))
    costs = []
    orders: list[NDArray[np.int32]] = []
    for keys in candidates:
        granules = _sorted_granules(keys, groups, how.granule_edges)
        orders.append(granules)
        order = EdgeOrder(granules, groups, how.granule_edges, fan_in)
        costs.append(np.bincount(groups, weights=_executed(trial, order, how)))
    best = np.argmin(np.stack(costs), axis=0)
    granules = np.stack([orders[which][group] for group, which in enumerate(best.tolist())])
    chosen = EdgeOrder(granules, groups, how.granule_edges, fan_in)
    natural = np.arange(granules.shape[1], dtype=np.int32)[None]
    plain = EdgeOrder(natural, np.zeros(len(groups), np.int32), how.granule_edges, fan_in)
    edges = float(trial.masks[trial.mask_index].sum()) * len(groups)
    before, after = (float(_executed(trial, order, how).sum()) for order in (plain, chosen))
    return Chosen(chosen, 1 - before / edges, 1 - after / edges)


def _sorted_granules(
    keys: NDArray[np.float64], groups: NDArray[np.int32], granule_edges: int
) -> NDArray[np.int32]:
    """Sort the granules of each group by their mean key over its channels; ties stay in natural order."""
    together = np.stack([keys[groups == group].mean(axis=0) for group in range(int(groups.max()) + 1)])
    starts = np.arange(0, together.shape[1], granule_edges)
    lengths = np.diff(np.append(starts, together.shape[1]))
    means = np.add.reduceat(together, starts, axis=1) / lengths
    order: NDArray[np.int32] = np.argsort(np.round(means, 9), axis=1, kind="stable").astype(np.int32)
    return order


def _executed(trial: Trial, order: EdgeOrder, how: Ordering) -> NDArray[np.float64]:
    """Count the edges that each channel executes on the sample."""
    decision = np.empty(trial.outcome.shape, np.int32)
    decide_in_order(
        trial.patches,
        trial.masks,
        trial.mask_index,
        trial.weights,
        trial.most_mismatches,
        np.stack([order.edges(row) for row in range(len(order.granules))]).astype(np.int32),
        order.order_of,
        trial.outcome,
        decision,
    )
    edges = trial.masks.sum(axis=1)[trial.mask_index][:, None]
    words = -(-decision // how.width_edges) * how.width_edges
    executed: NDArray[np.float64] = np.minimum(words, edges).sum(axis=0, dtype=np.float64)
    return executed
