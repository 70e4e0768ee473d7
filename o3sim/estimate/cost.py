"""What a run costs on this machine: time by a sample of the run itself, memory by what is allocated."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from o3sim.custom_engine import run_on_engine
from o3sim.estimate.bounds import ops_of, stream_cycles, words_of
from o3sim.profile.profile import LayerProfile, profile_layer

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.estimate.pipeline import StageSample
    from o3sim.network.layer import Geometry, Layer
    from o3sim.network.network import Network

SAMPLE_S = 1.0
"""Layers are sampled, first to last, for about so long."""

SAMPLE_WORDS = {"compiled": 300_000, "simpy": 2_000}
"""PE words of a layer that are simulated: about 50 ms on either engine."""

POOL_START_S = 1.5
"""Until several processes work: measured, most of it loading Numba once."""


@dataclass(frozen=True)
class MachineCost:
    """What a sample of the network took an architecture.

    Attributes
    ----------
    cycles : float
        Of an image, if the layers that were not sampled compute as long a word as those that were, and
        no layer takes less than its weights through DRAM.
    seconds : float
        To simulate an image.
    """

    cycles: float
    seconds: float


@dataclass(frozen=True)
class ImageCost:
    """What an image costs: functional inference, its profile, and each architecture, in seconds."""

    inference_s: float
    profile_s: float
    machines: tuple[MachineCost, ...]

    @property
    def seconds(self) -> float:
        """Everything for one image."""
        return self.inference_s + self.profile_s + sum(machine.seconds for machine in self.machines)


def measure(
    architectures: Sequence[Architecture],
    network: Network,
    image: NDArray[Any],
    engines: Sequence[str],
    clock: Callable[[], float] = time.perf_counter,
) -> ImageCost:
    """Sample a run on one image, layer by layer until :data:`SAMPLE_S` have passed; scale up by words.

    Parameters
    ----------
    engines : sequence of str
        The engine of each architecture.
    """
    from o3sim.bits.layers import pooled
    from o3sim.network.infer import class_scores
    from o3sim.preload import load_kernels

    load_kernels()  # the time that takes once is not an image's
    codes: NDArray[np.integer] = network.encode(image)
    edges = inference_s = profile_s = 0.0
    pairs = zip(architectures, engines, strict=True)
    samples = [_sample_of(architecture, network, engine) for architecture, engine in pairs]
    end = clock() + SAMPLE_S
    for layer in network.layers:
        start = clock()
        if layer.scores:
            class_scores(layer, codes)
        else:
            bits = pooled(layer.geometry, _thresholded(layer, codes))
        middle = clock()
        profile = profile_layer(layer, codes)
        inference_s, profile_s = inference_s + middle - start, profile_s + clock() - middle
        edges += words_of(layer.geometry, 1)
        for sample in samples:
            sample.take(profile, clock)
        if layer.scores or clock() > end:
            break
        codes = bits
    rest = sum(words_of(layer.geometry, 1) for layer in network.layers) / edges
    costs = tuple(sample.scaled(network) for sample in samples)
    return ImageCost(inference_s * rest, profile_s * rest, costs)


def _thresholded(layer: Layer, codes: NDArray[np.integer]) -> NDArray[np.uint8]:
    from o3sim.bits.layers import thresholded

    return thresholded(layer, codes)


def _sample_of(architecture: Architecture, network: Network, engine: str) -> _Sample | StageSample:
    """Begin a sample: of one machine, or of a pipeline of them."""
    if architecture.is_pipelined:
        from o3sim.estimate.pipeline import StageSample

        return StageSample(architecture, network, engine)
    return _Sample(architecture, network, engine)


class _Sample:
    """What has been simulated of an architecture."""

    def __init__(self, architecture: Architecture, network: Network, engine: str) -> None:
        self.architecture = architecture
        self._layers_left = list(network.layers)
        self._network = network
        self.engine = engine
        ideal = architecture.dram.model_copy(update={"bits_per_cycle": "ideal"})
        self._fed = architecture.model_copy(update={"dram": ideal})  # weights stream in while others compute
        self.words = 0
        self.computing = self.cycles = self.seconds = 0.0

    def take(self, profile: LayerProfile, clock: Callable[[], float]) -> None:
        """Simulate the first rows of the next layer and take it that the others are like them."""
        layer = self._layers_left.pop(0)
        width = self.architecture.pe.width_edges
        part = first_rows(profile, SAMPLE_WORDS[self.engine], width)
        alone = replace(self._network, layers=(replace(layer, geometry=part.geometry),))
        start = clock()
        run = run_on_engine(self._fed, alone, [part], wanted=self.engine)
        words = words_of(profile.geometry, width)
        scale = words / words_of(part.geometry, width)
        self.words += words
        self.seconds += (clock() - start) * scale
        computing = run.layers[0].cycles * scale
        self.computing += computing
        self.cycles += max(computing, stream_cycles(self.architecture, [layer]))

    def scaled(self, network: Network) -> MachineCost:
        """Scale up to all layers; dense ones, at the end, often wait for weights where others compute."""
        width = self.architecture.pe.width_edges
        rest = sum(words_of(layer.geometry, width) for layer in network.layers) / self.words
        left_cycles = sum(
            max(
                words_of(layer.geometry, width) * self.computing / self.words,
                stream_cycles(self.architecture, [layer]),
            )
            for layer in self._layers_left
        )
        latency_cycles = (
            0 if self.architecture.dram.bits_per_cycle == "ideal" else self.architecture.dram.latency_cycles
        )
        return MachineCost(self.cycles + left_cycles + latency_cycles, self.seconds * rest)


def first_rows(profile: LayerProfile, most_words: int, width_edges: int) -> LayerProfile:
    """Cut a layer down to its first rows of pooled outputs: at least one, else at most so many words."""
    geometry = profile.geometry
    words_a_row = words_of(geometry, width_edges) / geometry.pooled_height
    rows = min(geometry.pooled_height, max(1, int(most_words / words_a_row)))
    if rows == geometry.pooled_height:
        return profile
    pool = geometry.pool
    conv_rows = rows if pool is None else (rows - 1) * pool.stride + pool.size
    part = replace(
        geometry,
        in_height=(conv_rows - 1) * geometry.stride + geometry.kernel_height,
        in_width=(geometry.out_width - 1) * geometry.stride + geometry.kernel_width,
        padding_pixels=0,
    )
    return replace(
        profile,
        geometry=part,
        decision=np.ascontiguousarray(profile.decision[:conv_rows]),
        outcome=np.ascontiguousarray(profile.outcome[:conv_rows]),
        n_edges=part.n_edges_map(),
    )


def run_seconds(image_s: float, images: int, jobs: int) -> float:
    """Estimate the wall time of a run."""
    at_once = min(jobs, images, os.cpu_count() or 1)
    return image_s * images / at_once + POOL_START_S * (jobs > 1)


def layer_bytes(geometry: Geometry) -> int:
    """Count what a layer allocates while it runs: packed patches, decisions, outcomes, ops, windows."""
    positions = geometry.out_height * geometry.out_width
    neurons = positions * geometry.out_channels
    windows = geometry.pooled_height * geometry.pooled_width * geometry.out_channels
    patches = positions * geometry.planes * geometry.words_per_neuron * 8
    return patches + neurons * (4 + 1 + 1) + ops_of(geometry) * (4 + 1) + windows * (1 + 1 + 4 + 8)


def run_bytes(network: Network, machines: int, images: int, jobs: int) -> int:
    """Estimate the memory of a run, over all its processes; of several machines all layers are kept.

    What Python, Numba and the parameters take is measured: it is what this process has now.
    """
    sizes = [layer_bytes(layer.geometry) for layer in network.layers]
    working = max(sizes) if machines == 1 else sum(sizes)
    return (_resident_bytes() + working) * min(jobs, images) + (_resident_bytes() if jobs > 1 else 0)


def _resident_bytes() -> int:
    """Return the most memory this process has had so far."""
    import resource
    import sys

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
