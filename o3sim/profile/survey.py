"""Profile a network on images and sum up what pruning can leave out: behind `o3sim profile`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from o3sim.network.images import Images
from o3sim.network.infer import best_class
from o3sim.network.network import EDGE_ORDER, Network
from o3sim.profile.image import ComputedImage, ProfiledImage
from o3sim.profile.rates import LayerRates, rates_of, total_of
from o3sim.profile.store.read import StoredProfiles

SCHEMA_VERSION = 1
"""Of the JSON document; goes up when a key changes its meaning or goes away."""

Progress = Callable[[str, int, int], None]
"""Told ``(what is being done, images done, images in all)``."""


@dataclass(frozen=True, eq=False)
class Survey:
    """What profiling found, over all images.

    Attributes
    ----------
    synthetic : tuple of str
        What was made up: ``parameters``, ``images``, both or nothing.
    classes : tuple of (int or None)
        The class of each image; None of a network without classes.
    accuracy : float or None
        Share of images, 0..1, whose class is the label; None without labels.
    layers : tuple of LayerRates
    total : LayerRates
        Sum of the layers with ``in_total``.
    """

    network: str
    network_digest: str
    widths: tuple[int, ...]
    synthetic: tuple[str, ...]
    classes: tuple[int | None, ...]
    accuracy: float | None
    layers: tuple[LayerRates, ...]
    total: LayerRates


def survey(
    network: Network,
    images: Images,
    widths: Sequence[int],
    progress: Progress | None = None,
    stored: StoredProfiles | None = None,
) -> Survey:
    """Profile a network on images, one layer of one image at a time.

    Parameters
    ----------
    widths : sequence of int
        Edges between two checks of the bounds, each at least 1.
    progress : callable, optional
        Told before every image.
    stored : StoredProfiles, optional
        Profiles of this network on these images: read, in place of computing them.
    """
    widths = tuple(widths)
    layers: list[LayerRates] = []
    classes: list[int | None] = []
    for number, pixels in enumerate(images.x):
        if progress is not None:
            progress("profile", number, len(images))
        image = ComputedImage(network, pixels) if stored is None else stored.image(number, network.layers)
        classes.append(_one_image(image, layers, widths))
    accuracy = None if images.y is None else float(np.mean(np.array(classes) == images.y))
    total = total_of(layers, widths)
    return Survey(
        network.name,
        network.digest(),
        widths,
        network.synthetic_parts(images.synthetic),
        tuple(classes),
        accuracy,
        tuple(layers),
        total,
    )


def _one_image(image: ProfiledImage, layers: list[LayerRates], widths: tuple[int, ...]) -> int | None:
    """Add one image to the sums, making them with the first; return its class."""
    for number, profile in enumerate(image.profiles()):
        if number == len(layers):
            layers.append(rates_of(profile, widths))
        layers[number].add(profile)
    return best_class(image.scores)


def to_json(found: Survey) -> str:
    """Write a survey as JSON text, ending in a newline; ``docs/profile.md`` describes every key.

    The same survey gives the same bytes.
    """
    document = {
        "schema_version": SCHEMA_VERSION,
        "workload": found.network,
        "network_digest": found.network_digest,
        "edge_order": EDGE_ORDER,
        "images": len(found.classes),
        "synthetic": list(found.synthetic),
        "accuracy": found.accuracy,
        "classes": list(found.classes),
        "widths_edges": list(found.widths),
        "total": _rates(found.total),
        "layers": [
            {"name": layer.name, "in_total": layer.in_total, **_rates(layer)} for layer in found.layers
        ],
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _rates(rates: LayerRates) -> dict[str, Any]:
    return {
        "neurons": rates.neurons,
        "edges": rates.edges,
        "p1": rates.p1,
        "mean_margin": rates.mean_margin,
        "executed_edges": {
            "threshold": {str(width): rates.threshold[width] for width in rates.widths},
            "pooling": rates.pooling,
            "both": {str(width): rates.both[width] for width in rates.widths},
            "oracle_order": rates.oracle,
        },
        "pruned_percent": {
            "threshold": {str(width): rates.percent_pruned(rates.threshold[width]) for width in rates.widths},
            "pooling": rates.percent_pruned(rates.pooling),
            "both": {str(width): rates.percent_pruned(rates.both[width]) for width in rates.widths},
            "oracle_order": rates.percent_pruned(rates.oracle),
        },
    }
