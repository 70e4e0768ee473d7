"""How the benchmark takes its figures: one core, CPU seconds, medians."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from o3sim.config.architecture import Architecture
from o3sim.config.load import load_architecture
from o3sim.config.workload import ParameterRecipe
from o3sim.network.bits.patches import gather, most_mismatches
from o3sim.network.infer import infer
from o3sim.network.layer import Geometry, Pool
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.network.network import Network
from o3sim.network.preprocess import BinaryInput
from o3sim.network.synthetic_images import synthetic_images
from o3sim.network.synthetic_parameters import synthetic_layers
from o3sim.profile.profile import LayerProfile, profile_layers

MACHINES = Path(__file__).parent / "machines"
IDEAL, BANKED = MACHINES / "ideal.yaml", MACHINES / "o3bnn.yaml"
"""Of the same sizes in every version, so that timings can be compared."""

LEAST_S = 0.05
"""CPU seconds that one value of a median covers at least."""


@dataclass(frozen=True)
class Case:
    """A network and an image of it."""

    network: Network
    image: NDArray[np.uint8]

    def edges(self) -> int:
        """Count the edges of all neurons, pruned or not."""
        return sum(
            int(layer.geometry.n_edges_map()[layer.geometry.pooled_mask()].sum(dtype=np.int64))
            * layer.geometry.out_channels
            for layer in self.network.layers
        )

    def profiles(self) -> list[LayerProfile]:
        """Profile all layers."""
        return [profile for profile, _ in profile_layers(self.network, self.image)]


def median_s(work: Callable[[], object], repeats: int) -> float:
    """Return the median of the CPU seconds that ``work`` takes, after a call that compiles.

    CPU time, because it is what one core has to do whatever else the machine is busy with. Short
    work is done several times for one value.
    """
    work()
    calls = max(1, int(LEAST_S / max(_seconds(work, 1), 1e-6)))
    return statistics.median(_seconds(work, calls) / calls for _ in range(repeats))


def _seconds(work: Callable[[], object], calls: int) -> float:
    start = time.process_time()
    for _ in range(calls):
        work()
    return time.process_time() - start


def workload_case(name: str) -> Case:
    """Load a workload with its first image."""
    files = load_workload(name)
    network = load_network(files)
    return Case(network, workload_images(files, network, count=1).x[0])


def convolution_case(size: int, channels: int) -> Case:
    """Make one 3x3 same convolution with a 2x2 pool, on binary input, with synthetic parameters."""
    geometry = Geometry("conv", size, size, channels, channels, 3, 3, 1, 1, "-1", 1, Pool(2, 2))
    shape, spec = (size, size, channels), BinaryInput(128)
    recipe = ParameterRecipe(seed=1, ones=0.5, calibration_images=2)
    layers = synthetic_layers(recipe, spec, shape, [("conv", geometry, False)])
    network = Network("convolution", spec, shape, layers, ("none",), synthetic=True)
    return Case(network, synthetic_images(1, 1, shape)[0])


def timings(case: Case, repeats: int) -> dict[str, float]:
    """Measure the dense pass, the profile, and a design point from it with ideal and banked supply."""
    from o3sim.compiled.run import simulate_image

    if case.network.layers[-1].scores:
        dense_s = median_s(lambda: infer(case.network, case.image), repeats)
    else:
        dense_s = median_s(lambda: _layer_pass(case), repeats)
    profile_s = median_s(case.profiles, repeats)
    profiles = case.profiles()
    figures = {"dense_s": dense_s, "profile_s": profile_s}
    for key, file in (("ideal_s", IDEAL), ("banked_s", BANKED)):
        machine = load_architecture(file)
        figures[key] = median_s(lambda: simulate_image(machine, case.network, profiles), repeats)  # noqa: B023
    edges = case.edges()
    return {
        "edges": edges,
        **figures,
        "compiled_edges_per_s": edges / figures["ideal_s"],
        "compiled_banked_edges_per_s": edges / figures["banked_s"],
        "peak_rss_mb": peak_rss_mb(),
    }


def _layer_pass(case: Case) -> object:
    from o3sim.network.bits.layers import pooled, thresholded

    (layer,) = case.network.layers
    return pooled(layer.geometry, thresholded(layer, case.network.encode(case.image)))


def simpy_rates(case: Case, architecture: Architecture) -> dict[str, float]:
    """Run the SimPy machine once; return ops and edges per CPU second."""
    from o3sim.machine.run import simulate_image

    profiles = case.profiles()
    start = time.process_time()
    layers = simulate_image(architecture, case.network, profiles).layers
    seconds = time.process_time() - start
    return {
        "simpy_edges_per_s": case.edges() / seconds,
        "simpy_ops_per_s": sum(layer.ops for layer in layers) / seconds,
    }


def kernel_words_per_s(case: Case, repeats: int) -> float:
    """Measure the XNOR-popcount kernel alone, in words of 64 edges, on a case of one layer."""
    from o3sim.network.bits.kernels import threshold_bits

    (layer,) = case.network.layers
    patches = gather(layer.geometry, case.network.encode(case.image))
    bits = np.empty((len(patches.words), layer.geometry.out_channels), np.uint8)
    most = most_mismatches(layer, patches)
    seconds = median_s(
        lambda: threshold_bits(
            patches.words, patches.masks, patches.mask_index, layer.weights_by_word, most, bits
        ),
        repeats,
    )
    return patches.words.size * layer.geometry.out_channels / seconds


def peak_rss_mb() -> float:
    """Return the most memory this process has had, in units of 2**20 bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
