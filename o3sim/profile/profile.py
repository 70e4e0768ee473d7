"""The termination profile: what the timing of a machine needs to know of the function it computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from o3sim.network.bits.layers import dots, pooled
from o3sim.network.bits.patches import Patches, gather, most_mismatches
from o3sim.network.layer import Geometry, Layer, Speculation
from o3sim.network.network import Network
from o3sim.network.sums import bits_of_sums, sums_of, thresholds_of
from o3sim.profile.classes import ClassRace, race
from o3sim.profile.word_matches import WordMatches, word_matches


@dataclass(frozen=True, eq=False)
class LayerProfile:
    """Decision index and outcome of every neuron of one layer on one image.

    Attributes
    ----------
    decision : ndarray of int32, shape (out_height, out_width, out_channels)
        Edges after which no remaining edge can change the outcome, 0..n_edges; n_edges in the
        scores layer, which has no outcome to decide.
    outcome : ndarray of uint8, same shape
        Thresholded bits before pooling; all 0 in the scores layer.
    n_edges : ndarray of int32, shape (out_height, out_width)
        Edges of each neuron at that position.
    margin_sum : float
        Sum of ``|S - T| / n``, ``S`` the matches in the end and ``T`` those needed, over the
        neurons that are in a pooling window and not constant. In a fixed-point layer edges count
        with the weight of their plane.
    margin_count : int
        Number of neurons in that sum.
    oracle_edges : int
        Edges needed by an order that takes deciding edges first, summed over the neurons in a
        pooling window: ``T`` for outcome 1, ``n - T + 1`` for outcome 0, 0 for constant ones.
        All edges in fixed-point and scores layers, where it is not worked out.
    race : ClassRace or None
        Which class of a scores layer on binary input beats which, and when that is known.
    matches_of : callable or None
        Counts the matches of every word of so many edges, when a machine asks for them: a large array,
        which lives no longer than its layer. None where there are none to be had.
    sums : ndarray of int64, shape of ``decision``, or None
        Of a layer that writes sums. Such a layer evaluates all its edges.
    """

    name: str
    geometry: Geometry
    decision: NDArray[np.int32]
    outcome: NDArray[np.uint8]
    n_edges: NDArray[np.int32]
    scores: bool = False
    margin_sum: float = 0.0
    margin_count: int = 0
    oracle_edges: int = 0
    race: ClassRace | None = None
    matches_of: Callable[[int], WordMatches] | None = None
    sums: NDArray[np.int64] | None = None

    @property
    def has_bounds(self) -> bool:
        """Whether neurons are decided by bounds: not those whose scores, or sums, go on."""
        return not self.scores and not self.geometry.sum_bits


def profile_layers(
    network: Network, image: NDArray[np.uint8], speculative: bool = False
) -> Iterator[tuple[LayerProfile, NDArray[np.uint8]]]:
    """Profile a network on one image, layer by layer.

    Only one layer is in memory at a time as long as the caller keeps none.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width, channels) or, of one channel, (height, width)
    speculative : bool
        Call neurons as the layers' :class:`~o3sim.network.layer.Speculation` says. Then outcomes, and
        all that follows from them, are not exact.

    Yields
    ------
    LayerProfile
    ndarray of uint8, shape (pooled_height, pooled_width, out_channels)
        The layer's output, which is the next one's input; all 0 for the scores layer.

    Raises
    ------
    InputError
        If the image does not fit the network.
    """
    flow = network.flow(image)
    for layer in network.layers:
        inputs = flow.inputs_of(layer)
        profile = profile_layer(layer, *inputs)
        if speculative and layer.speculation is not None:
            profile = _called(profile, layer, layer.speculation, inputs.codes)
        bits = pooled(layer.geometry, profile.outcome)
        yield profile, bits
        flow.put(layer, bits, profile.sums)


def profile_layer(
    layer: Layer, codes: NDArray[np.integer], addition: NDArray[np.int64] | None = None
) -> LayerProfile:
    """Profile one layer.

    Parameters
    ----------
    codes : ndarray of int, shape (in_height, in_width, in_channels)
        As for :func:`o3sim.network.bits.patches.gather`.
    addition : ndarray of int64, shape (out_height, out_width, out_channels), optional
        What it adds to its sums (:func:`o3sim.network.sums.added`).
    """
    g = layer.geometry
    if layer.scores:
        return undecided(layer.name, g, race(layer, codes))
    if g.sum_bits:
        return _summed(layer, codes, addition)
    return _decided(layer, codes, addition)


def _summed(layer: Layer, codes: NDArray[np.integer], addition: NDArray[np.int64] | None) -> LayerProfile:
    """Profile a layer whose sums go on: it needs all its edges."""
    sums = sums_of(layer, dots(layer, codes), addition)
    found = undecided(layer.name, layer.geometry)
    return replace(found, outcome=bits_of_sums(layer, sums), scores=False, sums=sums)


def _called(
    profile: LayerProfile, layer: Layer, how: Speculation, codes: NDArray[np.integer]
) -> LayerProfile:
    """Put called outcomes, and the edges they took, in the place of exact ones."""
    from o3sim.profile.speculative import speculate

    decision, outcome = speculate(layer, how, codes)
    shape = profile.decision.shape
    called = decision.reshape(shape), outcome.reshape(shape)
    return replace(profile, decision=called[0], outcome=called[1], matches_of=None)


def undecided(name: str, geometry: Geometry, classes: ClassRace | None = None) -> LayerProfile:
    """Return the profile of a scores layer: every neuron takes all its edges."""
    n_edges = geometry.n_edges_map()
    shape = (*n_edges.shape, geometry.out_channels)
    decision = np.broadcast_to(n_edges[:, :, None], shape).copy()
    edges = int(n_edges.sum(dtype=np.int64)) * geometry.out_channels
    return LayerProfile(
        name,
        geometry,
        decision,
        np.zeros(shape, np.uint8),
        n_edges,
        scores=True,
        oracle_edges=edges,
        race=classes,
    )


def _decided(layer: Layer, codes: NDArray[np.integer], addition: NDArray[np.int64] | None) -> LayerProfile:
    from o3sim.profile.kernels import decide

    g = layer.geometry
    patches = gather(g, codes)
    thresholds = None
    if layer.sums is not None:  # one for each neuron, and so a mask
        thresholds = thresholds_of(layer, addition).reshape(-1, g.out_channels)
        each = np.arange(len(patches.words), dtype=np.int32)
        patches = Patches(patches.words, patches.masks[patches.mask_index], each)
    in_window = g.pooled_mask()
    n_edges = g.n_edges_map()
    decision = np.empty((in_window.size, g.out_channels), np.int32)
    outcome = np.empty((in_window.size, g.out_channels), np.uint8)
    margin_sum, margin_count, goal_sum = decide(
        patches.words,
        patches.masks,
        patches.mask_index,
        layer.weights_by_word,
        most_mismatches(layer, patches, thresholds),
        in_window.reshape(-1),
        decision,
        outcome,
    )
    if g.addend is not None:
        np.maximum(decision, 1, out=decision)  # what is added comes with the first word
    if g.edge_order is not None:
        from o3sim.profile.ordered import reordered_decisions

        decision = reordered_decisions(layer, g.edge_order, codes, outcome)
    all_edges = int(n_edges[in_window].sum(dtype=np.int64)) * g.out_channels
    return LayerProfile(
        layer.name,
        g,
        decision.reshape(g.out_height, g.out_width, g.out_channels),
        outcome.reshape(g.out_height, g.out_width, g.out_channels),
        n_edges,
        margin_sum=float(margin_sum),
        margin_count=int(margin_count),
        oracle_edges=all_edges if layer.fixed_point else int(goal_sum),
        matches_of=partial(word_matches, layer, codes) if g.edge_order is None and not g.makes_sums else None,
    )
