"""Progress of a run, told in edges: layers differ too much in size to be counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from o3sim.network.network import Network

Progress = Callable[[str, int, int], None]
"""Told ``(what is being done, edges done, edges in all)``; edges of all images and architectures."""


def edges_of_layers(network: Network) -> Sequence[int]:
    """Count the edges of each layer of a network, pruned or not."""
    return [
        int(layer.geometry.n_edges_map().sum(dtype=np.int64)) * layer.geometry.out_channels
        for layer in network.layers
    ]


class RunProgress:
    """Turns layers that begin and images that are done into progress in edges.

    Parameters
    ----------
    progress : callable or None
    network : Network
    machines, images : int
        How many of them there are.
    """

    def __init__(self, progress: Progress | None, network: Network, machines: int, images: int) -> None:
        self._progress = progress
        edges = edges_of_layers(network)
        self._before = [sum(edges[:layer]) for layer in range(len(edges))]
        self._per_machine = sum(edges)
        self._per_image = machines * sum(edges)
        self._total = images * self._per_image
        self._images = self._machines = 0

    def layer_begins(self, what: str, layer: int) -> None:
        """Report a layer of the image in work; after the last one the next machine's turn comes."""
        done = self._images * self._per_image + self._machines * self._per_machine + self._before[layer]
        self._tell(what, done)
        self._machines += layer == len(self._before) - 1

    def image_done(self) -> None:
        """Take note of an image that is done with."""
        self._images += 1
        self._machines = 0

    def tell_images(self) -> None:
        """Report how many images are done with."""
        self._tell(f"{self._images} images", self._images * self._per_image)

    def finish(self) -> None:
        """Report that all is done."""
        self._tell("done", self._total)

    def _tell(self, what: str, done: int) -> None:
        if self._progress is not None:
            self._progress(what, done, self._total)
