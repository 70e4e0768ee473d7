"""From a layer's input map to what the kernels work on: packed patches, masks, match thresholds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from o3sim.network.bits.packing import pack_bits, words_for
from o3sim.network.layer import Geometry, Layer

_BEYOND = 2**56
"""A threshold no dot reaches; those beyond it are as constant, and doubling it does not overflow."""


@dataclass(frozen=True, eq=False)
class Patches:
    """Receptive fields of all output positions of a layer.

    Attributes
    ----------
    words : ndarray of uint64, shape (positions, planes, words_per_neuron)
        Positions in raster order, most significant plane first, bits in ``(ky, kx, c)`` order.
    masks : ndarray of uint64, shape (patterns, words_per_neuron)
        1 for taps that are edges. More than one pattern only with ``padding: exclude``.
    mask_index : ndarray of int32, shape (positions,)
        The pattern of each position.
    """

    words: NDArray[np.uint64]
    masks: NDArray[np.uint64]
    mask_index: NDArray[np.int32]

    @property
    def taps(self) -> NDArray[np.int64]:
        """Edges per plane under each mask, shape (patterns,)."""
        taps: NDArray[np.int64] = np.bitwise_count(self.masks).sum(axis=1, dtype=np.int64)
        return taps


def gather(geometry: Geometry, codes: NDArray[np.integer]) -> Patches:
    """Pack the receptive field of every output position.

    Parameters
    ----------
    codes : ndarray of int, shape (in_height, in_width, in_channels)
        Bits 0/1, or the codes ``0 .. 2**planes - 1`` of a fixed-point input
        (see :mod:`o3sim.network.preprocess`). A dense layer takes any map with the right number
        of elements and flattens it as y, x, c.

    Returns
    -------
    Patches
    """
    from o3sim.network.bits.kernels import gather_patches

    g = geometry
    codes = codes.reshape(g.in_height, g.in_width, g.in_channels)
    patches = np.zeros((g.out_height, g.out_width, g.planes, g.words_per_neuron), np.uint64)
    gather_patches(
        _packed_rows(g, codes),
        g.kernel_height,
        g.kernel_width * g.in_channels,
        g.stride * g.in_channels,
        g.stride,
        patches,
    )
    masks, mask_index = masks_of(g)
    return Patches(patches.reshape(-1, g.planes, g.words_per_neuron), masks, mask_index)


def most_mismatches(
    layer: Layer, patches: Patches, thresholds: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Turn ``dot >= theta`` into a bound on weighted mismatches.

    Parameters
    ----------
    thresholds : ndarray of int64, shape (positions, out_channels), optional
        In place of the layer's thresholds, which are those of channels: one for each neuron.

    With ``F = 2**planes - 1`` and ``M`` weighted matches of ``n`` taps, a fixed-point dot is
    ``(2*M - n*F + c*W) / 2``, ``W`` the sum of the weights over the taps; a binary dot is
    ``2*M - n``. Solved for ``M >= T`` and mirrored to mismatches, ``n*F - T``.

    Returns
    -------
    ndarray of int64, shape (patterns, out_channels), with ``thresholds`` (positions, out_channels)
        In ``-1 .. n*F``: -1 where the neuron is constant 0, ``n*F`` where it is constant 1.
    """
    if layer.theta is None:
        raise ValueError(f"layer {layer.name} has no thresholds")
    rows = slice(None) if thresholds is None else patches.mask_index
    total = (patches.taps * (2**layer.geometry.planes - 1))[rows, None]
    theta = np.clip(layer.theta[None, :] if thresholds is None else thresholds, -_BEYOND, _BEYOND)
    if layer.fixed_point:
        theta = 2 * theta - layer.input_offset * weight_sums(layer, patches)[rows]
    needed_matches = -((-(theta + total)) // 2)
    return np.ascontiguousarray(total - np.clip(needed_matches, 0, total + 1))


def weight_sums(layer: Layer, patches: Patches) -> NDArray[np.int64]:
    """Sum the weights (+1, -1) of every channel over the taps of every mask pattern.

    Returns
    -------
    ndarray of int64, shape (patterns, out_channels)
    """
    ones: NDArray[np.int64] = np.bitwise_count(layer.weights[None] & patches.masks[:, None]).sum(
        axis=2, dtype=np.int64
    )
    return 2 * ones - patches.taps[:, None]


def _packed_rows(g: Geometry, codes: NDArray[np.integer]) -> NDArray[np.uint64]:
    """Pad the map and pack each row of each plane as ``(x, c)`` bits."""
    pad = g.padding_pixels
    fill = 2**g.planes - 1 if g.padding == "+1" else 0
    if pad:
        codes = np.pad(codes, ((pad, pad), (pad, pad), (0, 0)), constant_values=fill)
    rows = codes.reshape(codes.shape[0], -1)
    if g.planes == 1:
        return pack_bits(rows)[None]
    return np.stack([pack_bits((rows >> plane) & 1) for plane in reversed(range(g.planes))])


def masks_of(g: Geometry) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Return the masks of the distinct border patterns, and the pattern of each position."""
    positions = g.out_height * g.out_width
    if g.padding != "exclude" or g.padding_pixels == 0:
        return pack_bits(np.ones((1, g.fan_in), np.uint8)), np.zeros(positions, np.int32)
    rows, row_index = np.unique(
        g.taps_inside(g.out_height, g.kernel_height, g.in_height), axis=0, return_inverse=True
    )
    columns, column_index = np.unique(
        g.taps_inside(g.out_width, g.kernel_width, g.in_width), axis=0, return_inverse=True
    )
    inside = rows[:, None, :, None] & columns[None, :, None, :]
    bits = np.repeat(inside.reshape(len(rows) * len(columns), -1), g.in_channels, axis=1)
    index = row_index.reshape(-1, 1) * len(columns) + column_index.reshape(1, -1)
    return pack_bits(bits).reshape(-1, words_for(g.fan_in)), index.reshape(-1).astype(np.int32)
