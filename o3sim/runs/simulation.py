"""Simulate networks on architectures: the Python interface behind `o3sim run`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from o3sim.config.architecture import Architecture
from o3sim.config.changes import checked
from o3sim.contract.counters import LayerCounters
from o3sim.energy.model import EnergyModel
from o3sim.energy.table import load_table
from o3sim.errors import InputError
from o3sim.results.images import ImageResult
from o3sim.results.result import RunResult, Subject, run_result
from o3sim.runs.engines import engine_name
from o3sim.runs.images import ImageCounts, ImageTask, MachineCounts, edges_of_layers, run_image
from o3sim.runs.pipeline.figures import pipeline_figures

if TYPE_CHECKING:
    from o3sim.network.network import Network
    from o3sim.runs.pipeline.stream import Pipeline

Progress = Callable[[str, int, int], None]
"""Told ``(what is being done, edges done, edges in all)``; edges of all images and architectures."""


def simulate(
    architecture: Architecture,
    network: Network,
    images: NDArray[Any],
    labels: Sequence[int] | None = None,
    progress: Progress | None = None,
    engine: str | None = None,
    jobs: int = 1,
    synthetic_images: bool = False,
) -> RunResult:
    """Simulate one architecture, cycle by cycle.

    Parameters
    ----------
    architecture : Architecture
        Checked anew, whatever was done to it.
    network : Network
    images : ndarray, shape (images, ...)
        As the network's input takes them, at least one.
    labels : sequence of int, optional
        The right class of each image.
    progress : callable, optional
        Told of every layer that begins, or of every image where there are several jobs.
    engine : {"compiled", "simpy"}, optional
        What computes the machine, by default the fastest that can; the result does not depend on it.
    jobs : int
        Processes to spread the images over; the result does not depend on it. A script that asks
        for more than one needs ``if __name__ == "__main__":``, since they import it.

    synthetic_images : bool
        Whether the images were made up; results say so.

    Raises
    ------
    InputError
        If there are no images, the architecture is not valid or the network does not fit it, the energy
        table is wrong, the engine does not exist or cannot run the architecture, or a process died.
    MachineError
        If an invariant of the machine does not hold.
    """
    valid = [checked(architecture)]
    return simulate_all(valid, network, images, labels, progress, engine, jobs, synthetic_images)[0]


def simulate_all(
    architectures: Sequence[Architecture],
    network: Network,
    images: NDArray[Any],
    labels: Sequence[int] | None = None,
    progress: Progress | None = None,
    engine: str | None = None,
    jobs: int = 1,
    synthetic_images: bool = False,
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
    _check(network, images, labels, jobs)
    for run in runs:
        run.prepare(network, engine)
    if any(architecture.is_pipelined for architecture in architectures):
        jobs = 1  # when an image of a stream finds a stage free depends on those before it
    tracker = _Tracker(progress, network, len(runs), len(images))
    task = ImageTask(tuple(architectures), network, engine)
    pipelines = [run.pipeline for run in runs]
    classes = []
    with closing(_counted_images(task, images, min(jobs, len(images)), tracker, pipelines)) as counted:
        for number, image in enumerate(counted):
            classes.append(image.predicted)
            for run, counts in zip(runs, image.machines, strict=True):
                run.add(counts, None if labels is None else int(labels[number]))
    tracker.finish()
    subject = Subject(network.name, network.digest(), (), network.synthetic_parts(synthetic_images))
    return [run.result(subject, network, classes) for run in runs]


@dataclass
class _Run:
    """What has been counted of one architecture so far."""

    architecture: Architecture
    model: EnergyModel
    layers: list[LayerCounters] = field(default_factory=list)
    layers_exact: list[bool] = field(default_factory=list)
    images: list[ImageResult] = field(default_factory=list)
    pipeline: Pipeline | None = None

    def prepare(self, network: Network, engine: str | None) -> None:
        """Refuse what cannot be run, before anything is; set up what outlives an image."""
        from o3sim.contract.plan import plan_groups
        from o3sim.runs.pipeline.stream import Pipeline

        engine_name(self.architecture, engine)
        check_speculation(self.architecture, network)
        if self.architecture.is_pipelined:
            self.pipeline = Pipeline(self.architecture, network, engine)
        else:
            plan_groups(self.architecture, network.layers)

    def add(self, image: MachineCounts, label: int | None) -> None:
        """Take over an image: counts add up, and a layer is exact if it was on all images."""
        scores = tuple(image.scores.tolist())
        self.images.append(ImageResult(image.cycles, image.predicted, label, scores))
        if not self.layers:
            self.layers = [LayerCounters(counters.name) for counters in image.layers]
            self.layers_exact = [True] * len(image.layers)
        for total, counters in zip(self.layers, image.layers, strict=True):
            total.add(counters)
        self.layers_exact = [both and now for both, now in zip(self.layers_exact, image.exact, strict=True)]

    def result(self, subject: Subject, network: Network, exact_classes: Sequence[int]) -> RunResult:
        """Compute the figures of what ran on this machine."""
        mine = replace(subject, images=tuple(self.images))
        agreement = sum(map(operator.eq, mine.classes, exact_classes)) / len(self.images)
        result = self._figures(mine, network)
        return replace(result, agreement=agreement) if self.architecture.pruning.speculative else result

    def _figures(self, subject: Subject, network: Network) -> RunResult:
        counted = self.architecture, self.model, subject, self.layers, self.layers_exact
        if self.pipeline is None:
            return run_result(*counted)
        machines = [stage.machine for stage in self.pipeline.stages]
        shapes = [layer.geometry for layer in network.layers]
        return run_result(*counted, machines, pipeline_figures(self.pipeline, self.layers, shapes))


class _Tracker:
    """Turn layers that begin and images that are done into progress in edges."""

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


def _counted_images(
    task: ImageTask,
    images: NDArray[Any],
    jobs: int,
    tracker: _Tracker,
    pipelines: Sequence[Pipeline | None],
) -> Generator[ImageCounts, None, None]:
    """Run all images, here or in several processes; yield them in order."""
    if jobs == 1:
        for image in images:
            yield run_image(task, image, tracker.layer_begins, pipelines)
            tracker.image_done()
        return
    from o3sim.runs.image_pool import run_images

    tracker.tell_images()
    with closing(run_images(task, images, jobs)) as counted:
        for counts in counted:
            yield counts
            tracker.image_done()
            tracker.tell_images()


def _model(architecture: Architecture) -> EnergyModel:
    return EnergyModel(architecture, load_table(architecture.energy.table))


def _check(network: Network, images: NDArray[Any], labels: Sequence[int] | None, jobs: int) -> None:
    if len(images) == 0:
        raise InputError(f"{network.name}: no images to run")
    if labels is not None and len(labels) != len(images):
        raise InputError(f"{network.name}: {len(images)} images but {len(labels)} labels")
    if jobs < 1:
        raise InputError(f"{jobs} jobs asked for, at least 1 is needed")


def _check_fit(architecture: Architecture, network: Network) -> None:
    """Refuse a network that does not fit the buffers, before anything runs."""
    from o3sim.contract.plan import plan_groups

    plan_groups(architecture, network.layers)


def check_speculation(architecture: Architecture, network: Network) -> None:
    """Refuse a machine that calls outcomes for a network that has no bounds to call them by.

    Raises
    ------
    InputError
    """
    if not architecture.pruning.speculative or any(layer.speculation for layer in network.layers):
        return
    raise InputError(
        f"architecture {architecture.name}: pruning.speculative: {network.name} has no bounds to call"
        " outcomes by; `o3sim speculate WORKLOAD --images CALIBRATION.npz -o NAME` sets them"
    )
