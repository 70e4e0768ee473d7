"""From a trained network to a workload that computes the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.network.bits.packing import pack_bits
from o3sim.network.fold import BEYOND, fold_batch_norm
from o3sim.network.layer import Geometry, Layer
from o3sim.network.network import Network
from o3sim.network.parameters import Shapes
from o3sim.network.sum_parameters import sum_rule_of
from o3sim.train.network import BinaryNetwork
from o3sim.train.sums import SummingLayer


def parameter_arrays(network: BinaryNetwork, shapes: Shapes) -> dict[str, NDArray[Any]]:
    """Return the arrays of a workload's parameter file (``docs/workload.md``).

    The comparison that evaluation makes in float64, ``scale * dot + shift >= 0``, is monotone in the
    integer ``dot`` however it rounds, so there is one integer threshold that makes the same
    comparison; it is found by evaluating, not by solving.
    """
    arrays: dict[str, NDArray[Any]] = {}
    fraction_bits = network.fraction_bits()
    for layer, (name, _, scores) in zip(network.binary_layers(), shapes, strict=True):
        bits = (layer.latent.detach() >= 0).permute(0, 2, 3, 1).flatten(1).cpu().numpy().astype(np.uint8)
        scale, shift = (values.cpu().numpy() for values in layer.scale_and_shift())
        if scores:
            arrays[f"{name}_weights"] = pack_bits(bits)
            arrays[f"{name}_score_scale"] = scale.astype(np.float32)
            arrays[f"{name}_score_bias"] = shift.astype(np.float32)
            continue
        if isinstance(layer, SummingLayer):
            arrays.update(_summing_arrays(name, layer, bits, fraction_bits))
            continue
        folded, theta = fold_batch_norm(bits, scale, shift)
        arrays[f"{name}_weights"] = pack_bits(folded)
        arrays[f"{name}_theta"] = settled_thresholds(np.abs(scale), shift, theta)
    return arrays


def _summing_arrays(
    name: str, layer: SummingLayer, bits: NDArray[np.uint8], fraction_bits: int
) -> dict[str, NDArray[Any]]:
    """Return the arrays of a layer that makes sums; weights under a negative scale are inverted."""
    signs, rule = layer.constants(fraction_bits)
    constants = {f"{name}_scale": rule.scale, f"{name}_shift": rule.shift}
    if layer.geometry.addend is not None:
        constants[f"{name}_add_scale"] = rule.add_scale
    weights = pack_bits(np.where(signs[:, None] < 0, 1 - bits, bits).astype(np.uint8))
    return {f"{name}_weights": weights, f"{name}_theta": np.zeros(len(signs), np.int64), **constants}


def settled_thresholds(
    scale: NDArray[np.float64], shift: NDArray[np.float64], theta: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Move thresholds to the least ``dot`` at which ``scale * dot + shift >= 0`` as float64 computes it.

    Parameters
    ----------
    scale : ndarray of float64, shape (channels,)
        Not negative; a channel with scale 0 is constant and stays as it is.
    theta : ndarray of int64, shape (channels,)
        Thresholds to begin from, at most a few off; those of 2**31 - 1 or its negative are beyond any
        dot, and stay.

    Examples
    --------
    >>> settled_thresholds(np.array([0.1]), np.array([-0.3]), np.array([4]))
    array([3])
    """
    theta = theta.copy()
    moving = (scale > 0) & (np.abs(theta) < BEYOND)
    while True:
        lower = moving & (scale * (theta - 1) + shift >= 0)
        higher = moving & (scale * theta + shift < 0)
        if not (lower | higher).any():
            return theta
        theta += higher.astype(np.int64) - lower.astype(np.int64)


def to_network(
    name: str, network: BinaryNetwork, shapes: Shapes, input_shape: tuple[int, int, int]
) -> Network:
    """Return the network as the simulator has it, without going through files."""
    arrays = parameter_arrays(network, shapes)
    layers = tuple(
        _layer(arrays, shape, network.spec.offset if index == 0 else 0) for index, shape in enumerate(shapes)
    )
    classes = tuple(map(str, range(shapes[-1][1].out_channels)))
    return Network(name, network.spec, input_shape, layers, classes)


def _layer(arrays: dict[str, NDArray[Any]], shape: tuple[str, Geometry, bool], offset: int) -> Layer:
    name, geometry, scores = shape
    scale, bias = arrays.get(f"{name}_score_scale"), arrays.get(f"{name}_score_bias")
    weights, theta = arrays[f"{name}_weights"], arrays.get(f"{name}_theta")
    sums = sum_rule_of(arrays, name, geometry)
    return Layer(name, geometry, weights, theta, scores, scale, bias, offset, sums=sums)
