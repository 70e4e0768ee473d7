"""Put together what a run will take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from o3sim.contract.resident import resident_weights
from o3sim.network.activity import doing
from o3sim.runs.engines import DEFAULT_ENGINE, engine_name
from o3sim.runs.estimate.bounds import CycleBounds, cycle_bounds
from o3sim.runs.estimate.cost import measure, run_bytes, run_seconds
from o3sim.runs.estimate.fast import fast_share
from o3sim.runs.estimate.pipeline import interval_bounds
from o3sim.runs.progress import edges_of_layers
from o3sim.runs.runner import runner_of

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.network import Network


@dataclass(frozen=True)
class MachineEstimate:
    """Cycles and time of one image on one architecture; of a pipeline those between two images.

    ``load_cycles`` bring weights that stay on the chip, once, before the first image. ``general`` says of
    each layer that the compiled engine cannot run fast what keeps it from it; ``fast_ops`` is the share of
    the ops of the others, None on another engine.
    """

    name: str
    bounds: CycleBounds
    expected_cycles: float
    expected_us: float
    load_cycles: int
    fast_ops: float | None
    general: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class RunEstimate:
    """What a run will take.

    Attributes
    ----------
    edges : int
        Edges of an image before pruning.
    parts_s : tuple of (str, float)
        Where the time of an image goes, in seconds.
    wall_s : float
        Time of the whole run.
    memory_bytes : int
        Memory of all its processes.
    """

    workload: str
    images: int
    jobs: int
    edges: int
    machines: tuple[MachineEstimate, ...]
    parts_s: tuple[tuple[str, float], ...]
    wall_s: float
    memory_bytes: int

    @property
    def edges_in_all(self) -> int:
        """Edges before pruning of all images on all architectures."""
        return self.edges * self.images * len(self.machines)


def estimate_run(
    architectures: Sequence[Architecture],
    network: Network,
    images: NDArray[Any],
    engine: str | None = None,
    jobs: int = 1,
) -> RunEstimate:
    """Estimate a run from shapes, thresholds and about a second of measurement on its first image.

    Parameters and errors are those of :func:`o3sim.runs.simulation.simulate_all`.
    """
    engines = [engine_name(architecture, engine) for architecture in architectures]
    bounds = [_bounds(architecture, network) for architecture in architectures]
    with doing("trying the first rows of each layer"):
        cost = measure(architectures, network, images[0], engines)
    machines = tuple(
        _machine(architecture, network, bound, sampled.cycles, engine)
        for architecture, bound, sampled, engine in zip(
            architectures, bounds, cost.machines, engines, strict=True
        )
    )
    machines_s = sum(machine.seconds for machine in cost.machines)
    return RunEstimate(
        workload=network.name,
        images=len(images),
        jobs=jobs,
        edges=sum(edges_of_layers(network)),
        machines=machines,
        parts_s=(("inference", cost.inference_s), ("profile", cost.profile_s), ("machine", machines_s)),
        wall_s=run_seconds(cost.seconds, len(images), jobs),
        memory_bytes=run_bytes(network, len(architectures), len(images), jobs),
    )


def _bounds(architecture: Architecture, network: Network) -> CycleBounds:
    """Bound the cycles of an image; refuse a network that does not fit."""
    runner_of(architecture, network)
    if architecture.is_pipelined:
        return interval_bounds(architecture, network.layers)
    return cycle_bounds(architecture, network.layers)


def _machine(
    architecture: Architecture, network: Network, bounds: CycleBounds, sampled_cycles: float, engine: str
) -> MachineEstimate:
    """Keep what was sampled within what is certain."""
    cycles = min(max(sampled_cycles, bounds.least), bounds.most)
    name = f"{architecture.name} (between images)" if architecture.is_pipelined else architecture.name
    load_cycles = resident_weights(architecture, network.layers).load_cycles
    fast_ops, general = fast_share(architecture, network) if engine == DEFAULT_ENGINE else (None, ())
    return MachineEstimate(
        name, bounds, cycles, cycles / architecture.clock_mhz, load_cycles, fast_ops, general
    )
