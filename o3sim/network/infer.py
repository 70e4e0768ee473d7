"""Functional inference: what the network answers, whatever machine computes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from o3sim.network.bits.layers import dots, evaluated, pooled
from o3sim.network.host import HostSide
from o3sim.network.layer import Layer
from o3sim.network.network import Network


@dataclass(frozen=True, eq=False)
class Inference:
    """The function of a network on one image.

    Attributes
    ----------
    bits : tuple of ndarray of uint8, each of shape (pooled_height, pooled_width, out_channels)
        Output of every layer, after pooling; all 0 for the scores layer.
    scores : ndarray of float64, shape (classes,)
        Integer dots, scaled if the network says so; of no length if the network has no classes.
    predicted : int or None
        Class with the highest score, the first of equals; None if the network has no classes.
    """

    bits: tuple[NDArray[np.uint8], ...]
    scores: NDArray[np.float64]
    predicted: int | None


def infer(network: Network, image: NDArray[np.uint8]) -> Inference:
    """Evaluate the network on one image.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width, channels) or, of one channel, (height, width)

    Raises
    ------
    InputError
        If the image does not fit the network.
    """
    flow = network.flow(image)
    bits: list[NDArray[np.uint8]] = []
    scores, sums = np.zeros(0), None
    for layer in network.layers:
        inputs = flow.inputs_of(layer)
        if layer.scores:
            scores = class_scores(layer, inputs.codes)
            bits.append(np.zeros((1, 1, layer.geometry.out_channels), np.uint8))
            break
        outcome, sums = evaluated(layer, inputs)
        bits.append(pooled(layer.geometry, outcome))
        flow.put(layer, bits[-1], sums)
    if network.last is not None:
        scores = host_scores(network.last, bits[-1], sums)
    return Inference(tuple(bits), scores, best_class(scores))


def best_class(scores: NDArray[np.float64]) -> int | None:
    """Return the class with the highest score, the first of equals; None without scores."""
    return int(np.argmax(scores)) if scores.size else None


def host_scores(
    side: HostSide, bits: NDArray[np.integer], sums: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """Compute the scores by float layers behind the last one, from its sums, or else its bits."""
    return side(2 * bits.astype(np.int64) - 1 if sums is None else sums).reshape(-1)


def class_scores(layer: Layer, codes: NDArray[np.integer]) -> NDArray[np.float64]:
    """Compute the scores of the last layer: ``dot``, or ``dot*scale + bias`` where it has them."""
    scores = dots(layer, codes).reshape(-1).astype(np.float64)
    if layer.score_scale is not None:
        scores = scores * layer.score_scale
    if layer.score_bias is not None:
        scores = scores + layer.score_bias
    return scores


def accuracy(network: Network, images: Iterable[NDArray[np.uint8]], labels: Iterable[int]) -> float:
    """Return the share of images, 0..1, whose class is the label; NaN without images."""
    right = [
        infer(network, image).predicted == int(label) for image, label in zip(images, labels, strict=True)
    ]
    return float(np.mean(right)) if right else float("nan")
