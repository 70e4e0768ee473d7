"""What the checks share: trained workloads, their images, and runs that are made once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from o3sim.checks.reproduce.frozen import frozen
from o3sim.checks.reproduce.training_logs import TrainingLog, load_logs
from o3sim.config.architecture import Architecture
from o3sim.config.catalog import names
from o3sim.errors import InputError
from o3sim.network.images import Images, load_images
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.network.network import Network
from o3sim.profile.rates import LayerRates
from o3sim.results.result import RunResult
from o3sim.runs.case import Case
from o3sim.runs.simulation import simulate_case

Progress = Callable[[str, int, int], None]

MACHINES = ("o3bnn", "dense", "lockstep-pruned", "in-order-interleaved")
"""Run on every trained network: the machine in question first, then what it is set beside."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained workload with the images that it is measured on."""

    name: str
    network: Network
    images: Images

    @property
    def subject(self) -> str:
        """Name it with the number of images."""
        return f"{self.name}, {len(self.images)} images"

    def pooled_layers(self) -> list[str]:
        """Name the binary layers that feed a pool."""
        return [
            layer.name
            for layer in self.network.layers
            if layer.geometry.pool is not None and layer.geometry.planes == 1
        ]

    def counted_layers(self) -> list[str]:
        """Name the layers that published rates are about: binary, thresholded."""
        return [
            layer.name for layer in self.network.layers if layer.geometry.planes == 1 and not layer.scores
        ]


@dataclass
class Evidence:
    """Loads and runs what the checks ask for, each thing once.

    Parameters
    ----------
    most_images : int
        Images of each network, from the first on.
    image_files : sequence of Path
        Images for networks that come without; each goes to the networks that it fits.
    jobs : int
        Processes for runs of several images.
    progress : callable, optional
    """

    most_images: int
    image_files: Sequence[Path] = ()
    jobs: int = 1
    progress: Progress | None = None
    _runs: dict[tuple[str, str], RunResult] = field(default_factory=dict, init=False)
    _rates: dict[str, tuple[list[LayerRates], LayerRates]] = field(default_factory=dict, init=False)

    @cached_property
    def trained(self) -> dict[str, Trained]:
        """All shipped networks with trained parameters and at hand images, by name."""
        loaded = (self._trained(name) for name in names("workload"))
        return {found.name: found for found in loaded if found is not None}

    @cached_property
    def plain(self) -> list[Trained]:
        """Those trained without a regulariser, one seed of each family and order.

        One that has no log had no regulariser, as its YAML says.
        """
        others = set(load_logs()) - {log.name for log in plain_logs()}
        return [trained for name, trained in self.trained.items() if name not in others]

    @cached_property
    def one_seed_each(self) -> list[Trained]:
        """All trained networks, but of those that differ in the seed alone only the first."""
        logs = [log for name, log in load_logs().items() if name in self.trained]
        first: dict[object, str] = {}
        for log in sorted(logs, key=lambda log: (log.seed, log.name)):
            first.setdefault(log.recipe, log.name)
        others = {log.name for log in logs} - set(first.values())
        return [trained for name, trained in self.trained.items() if name not in others]

    @cached_property
    def without_images(self) -> list[str]:
        """Shipped trained workloads whose images the user has to bring, and has not."""
        return [name for name in shipped_networks() if name not in self.trained]

    def check_image_files(self) -> None:
        """Refuse an image file that is damaged or fits none of the networks that come without.

        Raises
        ------
        InputError
        """
        wanted = [name for name in names("workload") if _has_parameters(name) and _needs_images(name)]
        for path in self.image_files:
            refusals = [refusal for name in wanted if (refusal := _refusal(path, name))]
            if len(refusals) == len(wanted):
                raise InputError(refusals[0] if refusals else f"{path}: every shipped network has images")

    def _trained(self, name: str) -> Trained | None:
        if not _has_parameters(name):
            return None
        files = load_workload(name)
        network = load_network(files)
        if files.images is not None:
            images = workload_images(files, network)
            return Trained(name, network, images.first(min(self.most_images, len(images))))
        for path in self.image_files:
            try:
                images = load_images(path, network)
            except InputError:  # for a network of another shape; check_image_files has seen that it fits one
                continue
            return Trained(name, network, images.first(min(self.most_images, len(images))))
        return None

    def runs(self, trained: Trained, machines: Sequence[str]) -> list[RunResult]:
        """Run a network on machines, those that have not run yet all at once."""
        missing = [name for name in machines if (trained.name, name) not in self._runs]
        if missing:
            architectures = [machine(name) for name in missing]
            case = Case(trained.network, trained.images)
            results = simulate_case(architectures, case, self.progress, jobs=self.jobs)
            for name, result in zip(missing, results, strict=True):
                self._runs[trained.name, name] = result
        return [self._runs[trained.name, name] for name in machines]

    def run(self, trained: Trained, name: str) -> RunResult:
        """Run a network on one machine; the usual machines run together."""
        self.runs(trained, MACHINES)
        return self.runs(trained, (name,))[0]

    def p1(self, trained: Trained) -> float:
        """Return the share of ones before the pools, 0..1, over the pooled binary layers."""
        layers, _ = self.rates(trained)
        wanted = [layer for layer in layers if layer.name in trained.pooled_layers()]
        neurons = sum(layer.neurons for layer in wanted)
        return sum(layer.ones for layer in wanted) / neurons if neurons else 0.0

    def rates(self, trained: Trained) -> tuple[list[LayerRates], LayerRates]:
        """Return what pruning can leave out, by layer and in total, checked after every PE word."""
        if trained.name not in self._rates:
            from o3sim.profile.survey import survey

            found = survey(trained.network, trained.images, (word_edges(),), progress=self.progress)
            self._rates[trained.name] = (list(found.layers), found.total)
        return self._rates[trained.name]


def shipped_networks() -> list[str]:
    """Name the shipped workloads with trained parameters, images or not."""
    return [name for name in names("workload") if _has_parameters(name)]


def plain_logs() -> list[TrainingLog]:
    """Return the logs of shipped networks without a regulariser: the first seed of each family and order."""
    logs = [log for name, log in load_logs().items() if name in shipped_networks() and not log.regularised]
    first: dict[tuple[str, str], TrainingLog] = {}
    for log in sorted(logs, key=lambda log: (log.seed, log.name)):
        first.setdefault((log.family, log.order), log)
    return list(first.values())


def machine(name: str) -> Architecture:
    """Load one of the frozen architectures."""
    return frozen(name)


def word_edges() -> int:
    """Width of a PE of the machine in question: how often bounds are checked."""
    return machine(MACHINES[0]).pe.width_edges


def pruned_percent(result: RunResult, layers: Sequence[str]) -> float:
    """Percent of the edges of some layers that no PE evaluated in a run."""
    wanted = [layer.edges for layer in result.layers if layer.name in layers]
    pruned = sum(edges.total - edges.executed for edges in wanted)
    return 100 * pruned / sum(edges.total for edges in wanted)


def _has_parameters(name: str) -> bool:
    """Return whether parameters are trained, of a network that pools as the papers' do."""
    files = load_workload(name)
    pools = any(getattr(layer, "pool", "none") != "none" for layer in files.workload.layers)
    return isinstance(files.parameters, Path) and pools


def _needs_images(name: str) -> bool:
    return load_workload(name).images is None


def _refusal(path: Path, name: str) -> str:
    """Say why a network cannot take the images of a file; nothing if it can."""
    try:
        load_images(path, load_network(load_workload(name)))
    except InputError as error:
        return str(error)
    return ""


def energy_beside(dense: RunResult, pruned: RunResult) -> str:
    """Say what a dense machine spends of a pruned one's energy: below 1, pruning costs more than it saves."""
    on_chip, whole = dense.on_chip_pj / pruned.on_chip_pj, dense.energy_pj.total / pruned.energy_pj.total
    return f"dense takes {on_chip:.2f} of its energy on the chip, {whole:.2f} with DRAM"
