"""Whole layers on the compiled kernels: dots, thresholded bits, OR-pooling."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from o3sim.network.bits.patches import Patches, gather, most_mismatches, weight_sums
from o3sim.network.flow import Inputs
from o3sim.network.layer import Geometry, Layer
from o3sim.network.sums import bits_of_sums, sums_of


def thresholded(layer: Layer, codes: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Evaluate every neuron to its bit, before pooling.

    Parameters
    ----------
    layer : Layer
        With thresholds on its dots.
    codes : ndarray of int, shape (in_height, in_width, in_channels)
        As for :func:`o3sim.network.bits.patches.gather`.

    Returns
    -------
    ndarray of uint8, shape (out_height, out_width, out_channels)
    """
    from o3sim.network.bits.kernels import threshold_bits

    g = layer.geometry
    patches = gather(g, codes)
    bits = np.empty((g.out_height * g.out_width, g.out_channels), np.uint8)
    threshold_bits(
        patches.words,
        patches.masks,
        patches.mask_index,
        layer.weights_by_word,
        most_mismatches(layer, patches),
        bits,
    )
    return bits.reshape(g.out_height, g.out_width, g.out_channels)


def evaluated(layer: Layer, inputs: Inputs) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
    """Evaluate every neuron to its bit, before pooling, and to its sum, if the layer writes sums.

    Parameters
    ----------
    layer : Layer
        With thresholds.
    """
    if layer.sums is None:
        return thresholded(layer, inputs.codes), None
    sums = sums_of(layer, dots(layer, inputs.codes), inputs.addition)
    return bits_of_sums(layer, sums), sums if layer.geometry.sum_bits else None


def dots(layer: Layer, codes: NDArray[np.integer]) -> NDArray[np.int64]:
    """Compute the integer dot product of every neuron.

    Parameters are those of :func:`thresholded`; the layer needs no thresholds.

    Returns
    -------
    ndarray of int64, shape (out_height, out_width, out_channels)
        ``2*matches - n_edges`` for binary input, ``sum(w*q)`` for fixed-point input.
    """
    g = layer.geometry
    return patch_dots(layer, gather(g, codes)).reshape(g.out_height, g.out_width, g.out_channels)


def patch_dots(layer: Layer, patches: Patches) -> NDArray[np.int64]:
    """Compute the integer dot products of some output positions of a layer.

    Returns
    -------
    ndarray of int64, shape (positions, out_channels)
    """
    from o3sim.network.bits.kernels import count_mismatches

    g = layer.geometry
    mismatches = np.empty((len(patches.words), len(layer.weights)), np.int64)
    count_mismatches(patches.words, patches.masks, patches.mask_index, layer.weights_by_word, mismatches)
    totals = (patches.taps * (2**g.planes - 1))[patches.mask_index, None]
    signed: NDArray[np.int64] = totals - 2 * mismatches
    if layer.fixed_point:
        signed = (signed + layer.input_offset * weight_sums(layer, patches)[patches.mask_index]) // 2
    return signed


def pooled(geometry: Geometry, bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """OR the bits of each pooling window; without pooling return them as they are.

    Parameters
    ----------
    bits : ndarray of uint8, shape (out_height, out_width, out_channels)

    Returns
    -------
    ndarray of uint8, shape (pooled_height, pooled_width, out_channels)
    """
    from o3sim.network.bits.kernels import or_pool

    if geometry.pool is None:
        return bits
    result = np.zeros((geometry.pooled_height, geometry.pooled_width, geometry.out_channels), np.uint8)
    or_pool(bits, geometry.pool.size, geometry.pool.stride, result)
    return result
