"""How many edges pruning can leave out, from termination profiles, whatever the machine.

``docs/profile.md`` has the formula of every figure. Only neurons in a pooling window (or in a
layer without pooling) count: a machine computes no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from o3sim.network.layer import Geometry
from o3sim.profile.profile import LayerProfile


@dataclass
class LayerRates:
    """Sums over the images of one layer (or, as a total, of several layers).

    Attributes
    ----------
    neurons, ones : int
        Neurons, and those whose bit is 1 (before pooling).
    edges : int
        Edges of all neurons.
    threshold, both : dict of int to int
        Edges executed, by check width: with threshold pruning alone, and with pooling too.
    pooling : int
        Edges executed with pooling pruning alone.
    oracle : int
        Edges executed with threshold pruning, if each neuron took its deciding edges first.
    margin_sum : float
    margin_count : int
        Sum of ``|S - T| / n`` and its number of terms.
    in_total : bool
        Whether the layer counts in the network's total: no fixed-point input, no scores.
    """

    name: str
    widths: tuple[int, ...]
    in_total: bool = True
    neurons: int = 0
    ones: int = 0
    edges: int = 0
    pooling: int = 0
    oracle: int = 0
    margin_sum: float = 0.0
    margin_count: int = 0
    threshold: dict[int, int] = field(default_factory=dict)
    both: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start the sums of all widths at 0."""
        for width in self.widths:
            self.threshold.setdefault(width, 0)
            self.both.setdefault(width, 0)

    def add(self, profile: LayerProfile) -> None:
        """Add one image's profile of the layer."""
        mask = profile.geometry.pooled_mask()
        needed = needed_mask(profile.geometry, profile.outcome)[mask]
        n_edges = profile.n_edges[mask][:, None]
        decision = profile.decision[mask]
        self.neurons += decision.size
        self.ones += int(profile.outcome[mask].sum(dtype=np.int64))
        self.edges += int(n_edges.sum(dtype=np.int64)) * decision.shape[1]
        self.pooling += int((n_edges * needed).sum(dtype=np.int64))
        self.oracle += profile.oracle_edges
        self.margin_sum += profile.margin_sum
        self.margin_count += profile.margin_count
        for width in self.widths:
            executed = executed_edges(decision, n_edges, width)
            self.threshold[width] += int(executed.sum(dtype=np.int64))
            self.both[width] += int((executed * needed).sum(dtype=np.int64))

    def merge(self, other: LayerRates) -> None:
        """Add another layer's sums."""
        for name in ("neurons", "ones", "edges", "pooling", "oracle", "margin_sum", "margin_count"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for width in self.widths:
            self.threshold[width] += other.threshold[width]
            self.both[width] += other.both[width]

    def percent_pruned(self, executed: int) -> float:
        """Return the share of edges not executed, in percent; 0 without edges."""
        return 100.0 * (self.edges - executed) / self.edges if self.edges else 0.0

    @property
    def p1(self) -> float:
        """Share of ones before the pool, 0..1."""
        return self.ones / self.neurons if self.neurons else 0.0

    @property
    def mean_margin(self) -> float:
        """Mean of ``|S - T| / n`` over the neurons that are not constant, 0..1."""
        return self.margin_sum / self.margin_count if self.margin_count else 0.0


def executed_edges(decision: NDArray[np.int32], n_edges: NDArray[np.int32], width: int) -> NDArray[np.int32]:
    """Count the edges executed when the bounds are checked after every ``width`` edges.

    Returns
    -------
    ndarray of int32, shape of ``decision``
        ``min(ceil(d / width) * width, n)``.
    """
    width = min(width, max(1, int(n_edges.max(initial=1))))  # wider is no different, and may not fit 32 bits
    if width == 1:
        return decision
    return np.minimum(-(-decision // width) * width, n_edges).astype(np.int32, copy=False)


def needed_mask(geometry: Geometry, outcome: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell which neurons pooling pruning leaves, members one after another.

    A neuron is skipped when every window it belongs to has an earlier member that is 1.

    Parameters
    ----------
    outcome : ndarray of uint8, shape (out_height, out_width, out_channels)

    Returns
    -------
    ndarray of bool, same shape
        All true without pooling; false for neurons in no window.
    """
    pool = geometry.pool
    if pool is None:
        return np.ones(outcome.shape, np.bool_)
    needed = np.zeros(outcome.shape, np.bool_)
    rows = (geometry.pooled_height - 1) * pool.stride + 1
    columns = (geometry.pooled_width - 1) * pool.stride + 1
    open_windows = np.ones((geometry.pooled_height, geometry.pooled_width, geometry.out_channels), np.bool_)
    for place in geometry.member_order or range(pool.size**2):
        dy, dx = divmod(place, pool.size)
        members = np.s_[dy : dy + rows : pool.stride, dx : dx + columns : pool.stride]
        needed[members] |= open_windows
        open_windows &= outcome[members] == 0
    return needed


def total_of(layers: Iterable[LayerRates], widths: Sequence[int]) -> LayerRates:
    """Sum the layers whose edges are all binary and thresholded.

    The fixed-point first layer and the scores layer are left out, as in the published rates.
    """
    total = LayerRates("total", tuple(widths))
    for layer in layers:
        if layer.in_total:
            total.merge(layer)
    return total


def rates_of(profile: LayerProfile, widths: Sequence[int]) -> LayerRates:
    """Return empty sums for the layer of a profile."""
    in_total = not profile.scores and profile.geometry.planes == 1
    return LayerRates(profile.name, tuple(widths), in_total)
