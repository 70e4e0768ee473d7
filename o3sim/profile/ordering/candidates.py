"""Candidate orders of a channel's edges, as keys to sort by: edges with small keys come first.

A neuron that comes out 0 is decided by mismatches, one that comes out 1 by matches. So the edges that
mismatch most often come first for channels that are mostly 0, those that match most often for channels
that are mostly 1. What is known of each outcome apart makes further candidates; which one serves a
channel best is measured, not argued.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from o3sim.network.bits.packing import unpack_bits
from o3sim.profile.ordering.samples import LayerSamples

Keys = NDArray[np.float64]
"""Shape (out_channels, fan_in)."""


def candidate_keys(samples: LayerSamples) -> dict[str, Keys]:
    """Return every candidate by name.

    Notes
    -----
    With ``p`` the chance that an edge matches, ``p0`` and ``p1`` that chance where the outcome is 0 and 1,
    and ``q`` the share of ones: ``p`` (mismatches first), ``-p`` (matches first), ``p0``, ``-p1``, and
    ``(1 - q) p0 - q p1``.
    """
    layer = samples.layer
    weights = unpack_bits(layer.weights, layer.geometry.fan_in)
    q = (samples.outcomes / max(1, samples.positions))[:, None]
    p = _matches(weights, np.tile(samples.ones, (len(weights), 1)), np.tile(samples.taps, (len(weights), 1)))
    p1 = _matches(weights, samples.ones_of, samples.taps_of)
    p0 = _matches(weights, samples.ones - samples.ones_of, samples.taps - samples.taps_of)
    return {
        "mismatches first": p,
        "matches first": -p,
        "mismatches of zeros first": p0,
        "matches of ones first": -p1,
        "by outcome": (1 - q) * p0 - q * p1,
    }


def _matches(weights: NDArray[np.uint8], ones: Keys, taps: Keys) -> Keys:
    """Return how often each edge matches; a half where it never was one."""
    share = np.divide(ones, taps, out=np.full(ones.shape, 0.5), where=taps > 0)
    matches: Keys = np.where(weights == 1, share, 1 - share)
    return matches
