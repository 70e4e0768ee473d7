"""Simulate networks on architectures: the Python interface behind `o3sim run`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from o3sim.config.architecture import Architecture
from o3sim.energy.model import EnergyModel
from o3sim.energy.table import load_table
from o3sim.errors import InputError
from o3sim.machine.counters import LayerCounters
from o3sim.results.result import RunResult, Subject, run_result

if TYPE_CHECKING:
    from o3sim.machine.run import ImageRun
    from o3sim.network.infer import Inference
    from o3sim.network.network import Network
    from o3sim.profile.profile import LayerProfile

Progress = Callable[[str, int, int], None]
"""Told ``(what is being done, edges done, edges in all)``; edges of all images and architectures."""


def simulate(
    architecture: Architecture,
    network: Network,
    images: NDArray[Any],
    labels: Sequence[int] | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Simulate one architecture, cycle by cycle.

    Parameters
    ----------
    architecture : Architecture
        From :func:`o3sim.config.load.load_architecture`.
    network : Network
    images : ndarray, shape (images, ...)
        As the network's input takes them, at least one.
    labels : sequence of int, optional
        The right class of each image.
    progress : callable, optional
        Told of every layer that begins.

    Raises
    ------
    InputError
        If there are no images, the network does not fit the machine, or the energy table is wrong.
    MachineError
        If an invariant of the machine does not hold.
    """
    return simulate_all([architecture], network, images, labels, progress)[0]


def simulate_all(
    architectures: Sequence[Architecture],
    network: Network,
    images: NDArray[Any],
    labels: Sequence[int] | None = None,
    progress: Progress | None = None,
) -> list[RunResult]:
    """Simulate several architectures on the same images, sharing what does not depend on them.

    Functional inference and the termination profile of an image are computed once. Everything is
    checked before the first image runs. Parameters and errors as for :func:`simulate`.

    Returns
    -------
    list of RunResult
        In the order of the architectures.
    """
    runs = [_Run(architecture, _model(architecture)) for architecture in architectures]
    _check(network, images, labels)
    for architecture in architectures:
        _check_fit(architecture, network)
    tracker = _Tracker(progress, network, len(images) * len(runs))
    classes = [_simulate_image(runs, network, image, tracker) for image in images]
    tracker.finish()
    right = None if labels is None else tuple(int(label) for label in labels)
    subject = Subject(network.name, network.digest(), tuple(classes), right)
    return [run.result(subject) for run in runs]


@dataclass
class _Run:
    """What has been counted of one architecture so far."""

    architecture: Architecture
    model: EnergyModel
    layers: list[LayerCounters] = field(default_factory=list)
    layers_exact: list[bool] = field(default_factory=list)

    def add(self, run: ImageRun, exact: Sequence[bool]) -> None:
        """Take over an image: counts add up, and a layer is exact if it was on all images."""
        if not self.layers:
            self.layers = [LayerCounters(counters.name) for counters in run.layers]
            self.layers_exact = [True] * len(run.layers)
        for total, counters in zip(self.layers, run.layers, strict=True):
            total.add(counters)
        self.layers_exact = [both and now for both, now in zip(self.layers_exact, exact, strict=True)]

    def result(self, subject: Subject) -> RunResult:
        """Compute the figures."""
        return run_result(self.architecture, self.model, subject, self.layers, self.layers_exact)


class _Tracker:
    """Turn layers that begin into progress in edges."""

    def __init__(self, progress: Progress | None, network: Network, passes: int) -> None:
        self._progress = progress
        per_pass = sum(
            int(layer.geometry.n_edges_map().sum()) * layer.geometry.out_channels for layer in network.layers
        )
        self._total = per_pass * passes
        self._done = 0

    def follow(self, what: str, profiles: Iterable[LayerProfile]) -> Iterator[LayerProfile]:
        """Hand profiles on one by one; the machine asks for one when it has done with the last."""
        for profile in profiles:
            self._tell(f"{what}, {profile.name}")
            yield profile
            self._done += int(profile.n_edges.sum()) * profile.geometry.out_channels

    def finish(self) -> None:
        """Report that all is done."""
        self._tell("done")

    def _tell(self, what: str) -> None:
        if self._progress is not None:
            self._progress(what, self._done, self._total)


def _simulate_image(runs: Sequence[_Run], network: Network, image: NDArray[Any], tracker: _Tracker) -> int:
    """Run one image on every architecture; return its class."""
    from o3sim.machine.run import simulate_image
    from o3sim.network.infer import infer
    from o3sim.profile.profile import profile_layers

    truth = infer(network, image)
    profiles = [profile for profile, _ in profile_layers(network, image)]
    for run in runs:
        followed = tracker.follow(run.architecture.name, profiles)
        image_run = simulate_image(run.architecture, network, followed)
        run.add(image_run, _exact_layers(network, image_run, truth))
    return truth.predicted


def _exact_layers(network: Network, run: ImageRun, truth: Inference) -> list[bool]:
    """Compare the machine's bits with functional inference; scores are integers of no machine."""
    return [
        layer.scores or bool(np.array_equal(machine_bits, bits))
        for layer, machine_bits, bits in zip(network.layers, run.outputs, truth.bits, strict=True)
    ]


def _model(architecture: Architecture) -> EnergyModel:
    return EnergyModel(architecture, load_table(architecture.energy.table))


def _check(network: Network, images: NDArray[Any], labels: Sequence[int] | None) -> None:
    if len(images) == 0:
        raise InputError(f"{network.name}: no images to run")
    if labels is not None and len(labels) != len(images):
        raise InputError(f"{network.name}: {len(images)} images but {len(labels)} labels")


def _check_fit(architecture: Architecture, network: Network) -> None:
    """Refuse a network that does not fit the buffers, before anything runs."""
    from o3sim.machine.run import plan_groups

    try:
        plan_groups(architecture, network.layers)
    except InputError as error:
        raise InputError(f"{architecture.name}: {error}") from None
