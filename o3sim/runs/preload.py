"""Imported by the server that workers are forked from: loads Numba and every kernel once for all.

Numba loads a kernel from its cache at the first call, so a tiny network is run; no thread is
started by that, which would not survive the fork.
"""

from __future__ import annotations

import numpy as np

from o3sim.config.load import load_architecture
from o3sim.network.images import Images
from o3sim.network.layer import Geometry, Layer, Pool
from o3sim.network.network import Network
from o3sim.network.preprocess import BinaryInput
from o3sim.runs.case import Case
from o3sim.runs.point import count_point
from o3sim.workers.orphans import silence_orphans


def tiny_network() -> Network:
    """Make a network that calls every kernel a run needs: a pooled convolution, dense, scores."""
    shapes = (
        Geometry("conv", 2, 2, 1, 1, pool=Pool(2, 2)),
        Geometry("dense", 1, 1, 1, 1),
    )
    weights, theta = np.ones((1, 1), np.uint64), np.zeros(1, np.int64)
    layers = (
        Layer("conv", shapes[0], weights, theta),
        Layer("scores", shapes[1], weights, None, scores=True),
    )
    return Network(
        name="tiny", input=BinaryInput(128), input_shape=(2, 2, 1), layers=layers, classes=("only",)
    )


def load_kernels() -> None:
    """Call every kernel once; compiles those that are not in Numba's cache (10 to 20 s in all)."""
    images = Images(np.zeros((1, 2, 2, 1), np.uint8), None)
    count_point(load_architecture("o3bnn"), Case(tiny_network(), images))


silence_orphans()
load_kernels()
