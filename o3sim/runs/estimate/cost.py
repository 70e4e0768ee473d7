"""What a run costs on this machine: time by a sample of the run itself, memory by what is allocated."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from o3sim.profile.profile import profile_layer
from o3sim.runs.estimate.bounds import ops_of, words_of
from o3sim.runs.estimate.pipeline import StageSample
from o3sim.runs.estimate.sample import MachineCost, MachineSample

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry
    from o3sim.network.network import Network

SAMPLE_S = 1.0
"""Layers are sampled, first to last, for about so long."""

POOL_START_S = 1.5
"""Until several processes work: measured, most of it loading Numba once."""


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
    from o3sim.network.bits.layers import evaluated, pooled
    from o3sim.network.infer import class_scores
    from o3sim.runs.kernels import load_kernels

    load_kernels(architectures, network.layers)  # the time that takes once is not an image's
    flow = network.flow(image)
    edges = inference_s = profile_s = 0.0
    pairs = zip(architectures, engines, strict=True)
    samples = [_sample_of(architecture, network, engine) for architecture, engine in pairs]
    end = clock() + SAMPLE_S
    for layer in network.layers:
        inputs = flow.inputs_of(layer)
        start = clock()
        if layer.scores:
            class_scores(layer, inputs.codes)
        else:
            outcome, sums = evaluated(layer, inputs)
            bits = pooled(layer.geometry, outcome)
        middle = clock()
        profile = profile_layer(layer, *inputs)
        inference_s, profile_s = inference_s + middle - start, profile_s + clock() - middle
        edges += words_of(layer.geometry, 1)
        for sample in samples:
            sample.take(profile, clock)
        if layer.scores or clock() > end:
            break
        flow.put(layer, bits, sums)
    rest = sum(words_of(layer.geometry, 1) for layer in network.layers) / edges
    costs = tuple(sample.scaled(network) for sample in samples)
    return ImageCost(inference_s * rest, profile_s * rest, costs)


def _sample_of(architecture: Architecture, network: Network, engine: str) -> MachineSample | StageSample:
    """Begin a sample: of one machine, or of a pipeline of them."""
    if architecture.is_pipelined:
        return StageSample(architecture, network, engine)
    return MachineSample(architecture, network, engine)


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
