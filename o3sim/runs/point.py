"""Run design points: from an architecture and a case to counts, and from counts to figures.

Whatever runs a machine on images goes through :class:`PointRun`: it adds up what was counted, holds
outputs to functional inference, and knows nothing of how layers share the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import fsum
from typing import Any, NamedTuple

import numpy as np

from o3sim.area.clock import clock_of
from o3sim.area.machine import pieces_of, total_of
from o3sim.config.architecture import Architecture
from o3sim.contract.counters import LayerCounters
from o3sim.contract.errors import MachineError
from o3sim.contract.events import EVERY_EVENT, EventWindow, Observer
from o3sim.contract.layer_runs import KnownLayers
from o3sim.contract.plan import ImageRun
from o3sim.contract.resident import resident_weights
from o3sim.energy.model import EnergyModel
from o3sim.energy.table import EnergyTable, load_table
from o3sim.network.infer import best_class
from o3sim.network.layer import Layer
from o3sim.network.network import Network
from o3sim.profile.image import ProfiledImage
from o3sim.profile.profile import LayerProfile
from o3sim.results.area import area_figures
from o3sim.results.images import ImageResult
from o3sim.results.measures import on_chip_pj_of
from o3sim.results.pipeline import PipelineFigures
from o3sim.results.result import RunResult, Subject, run_result
from o3sim.runs.case import AnyCase
from o3sim.runs.layer_store import LayerStore
from o3sim.runs.pipeline.stages import stage_machines
from o3sim.runs.runner import Runner, runner_of

LayerBegins = Callable[[str, int], None]
"""Told ``(architecture and layer, number of the layer)`` when a layer begins."""


class Watch(NamedTuple):
    """Who is shown which events of an image."""

    observers: tuple[Observer, ...] = ()
    window: EventWindow = EVERY_EVENT


NOBODY = Watch()


@dataclass(frozen=True)
class ImageCounts:
    """What one architecture did with one image.

    Attributes
    ----------
    layers : list of LayerCounters
    exact : list of bool
        Whether the machine's output bits of each layer are those of functional inference.
    result : ImageResult
        Without a label.
    exact_class : int or None
        The class by functional inference: another one only if outcomes are called. None of a network
        without classes.
    """

    layers: list[LayerCounters]
    exact: list[bool]
    result: ImageResult
    exact_class: int | None


@dataclass
class PointCounts:
    """What an architecture did with all images of a case: all that figures are computed from.

    Attributes
    ----------
    layers : list of LayerCounters
        Each summed over the images.
    exact : list of bool
        Whether each layer's output bits were exact on all images.
    images : list of ImageResult
    exact_classes : list of int
        Exact class of each image, as :class:`ImageCounts` has it.
    pipeline : PipelineFigures or None
        Figures of a pipeline.
    """

    layers: list[LayerCounters]
    exact: list[bool]
    images: list[ImageResult] = field(default_factory=list)
    exact_classes: list[int | None] = field(default_factory=list)
    pipeline: PipelineFigures | None = None

    @property
    def agreement(self) -> float:
        """Share of images, 0..1, whose class is the exact one."""
        pairs = zip(self.images, self.exact_classes, strict=True)
        return sum(image.predicted == exact for image, exact in pairs) / len(self.images)

    def inexact(self) -> list[str]:
        """Name the layers whose outputs were not exact."""
        return [layer.name for layer, exact in zip(self.layers, self.exact, strict=True) if not exact]


class PointRun:
    """A design point under way.

    Parameters
    ----------
    architecture : Architecture
    network : Network
        Shapes and bounds suffice.
    engine : str, optional
        As for :func:`o3sim.runs.engines.engine_name`.
    table : EnergyTable, optional
        Prices, for the energy of every single image; without it images have none.

    Raises
    ------
    InputError
        If the machine cannot run the network.
    """

    def __init__(
        self,
        architecture: Architecture,
        network: Network,
        engine: str | None = None,
        table: EnergyTable | None = None,
    ) -> None:
        self.runner = runner_of(architecture, network, engine)
        layers = network.layers
        self._models = None if table is None else _models(architecture, layers, table)
        self._staying = resident_weights(architecture, layers).layers
        self._counts = PointCounts([LayerCounters(layer.name) for layer in layers], [True] * len(layers))

    def add(self, image: ImageCounts) -> None:
        """Take over the next image: counts add up, and a layer is exact if it was on all images."""
        counts = self._counts
        for total, counters in zip(counts.layers, image.layers, strict=True):
            total.add(counters)
        counts.exact = [both and now for both, now in zip(counts.exact, image.exact, strict=True)]
        counts.images.append(self._priced(image))
        counts.exact_classes.append(image.exact_class)

    def _priced(self, image: ImageCounts) -> ImageResult:
        if self._models is None:
            return image.result
        priced = enumerate(zip(self._models, image.layers, strict=True))
        on_chip = fsum(
            on_chip_pj_of(model.energy_pj(counters, stays=number in self._staying))
            for number, (model, counters) in priced
        )
        return replace(image.result, on_chip_pj=on_chip)

    def counts(self) -> PointCounts:
        """Return what was counted, over all images so far."""
        return replace(self._counts, pipeline=self.runner.figures(self._counts.layers))


def _models(architecture: Architecture, layers: Sequence[Layer], table: EnergyTable) -> list[EnergyModel]:
    """Return what prices each layer: of a pipeline its own stage."""
    if not architecture.is_pipelined:
        return [EnergyModel(architecture, table, layers)] * len(layers)
    machines = stage_machines(architecture, layers)
    return [EnergyModel(machine, table, [layer]) for machine, layer in zip(machines, layers, strict=True)]


def count_point(
    architecture: Architecture, case: AnyCase, engine: str | None = None, store: LayerStore | None = None
) -> PointCounts:
    """Run a design point on all images of a case, in their order.

    Parameters
    ----------
    engine : str, optional
    store : LayerStore, optional
        Layers that other points ran, which do not run again.

    Raises
    ------
    InputError
        If the machine cannot run the network, or profiles cannot be read.
    MachineError
        If an invariant of the machine does not hold.
    """
    run = PointRun(architecture, case.network, engine)
    speculative = architecture.pruning.speculative
    for number, item in enumerate(case.items()):
        image = case.image(item, speculative)
        known = None
        if store is not None:
            known = store.of_image(case.network_sha256, case.images_sha256, number, speculative)
        run.add(count_image(run.runner, image, case.network.layers, known=known))
    return run.counts()


def count_on_all(
    runners: Sequence[Runner],
    case: AnyCase,
    item: Any,
    begins: LayerBegins | None = None,
    watch: Watch = NOBODY,
) -> list[ImageCounts]:
    """Run one image on several architectures, which share its profiles.

    Parameters
    ----------
    item
        One of the case's ``items()``.
    begins : callable, optional
    watch : Watch
        Who is shown the events of each.
    """
    images: dict[bool, ProfiledImage] = {}
    found = []
    for runner in runners:
        speculative = runner.architecture.pruning.speculative
        if speculative not in images:
            images[speculative] = case.image(item, speculative, keep=len(runners) > 1)
        found.append(count_image(runner, images[speculative], case.network.layers, begins, watch))
    return found


def count_image(
    runner: Runner,
    image: ProfiledImage,
    layers: Sequence[Layer],
    begins: LayerBegins | None = None,
    watch: Watch = NOBODY,
    known: KnownLayers | None = None,
) -> ImageCounts:
    """Run the next image, and compare the machine's outputs with functional inference.

    Raises
    ------
    InputError
        If the image does not fit the network.
    MachineError
        If an invariant of the machine does not hold; one that calls outcomes has to output what was called.
    """
    run = runner.run_image(
        _told(runner.architecture.name, image.profiles(), begins), watch.observers, watch.window, known
    )
    return judged(run, runner.architecture, image, layers)


def judged(
    run: ImageRun, architecture: Architecture, image: ProfiledImage, layers: Sequence[Layer]
) -> ImageCounts:
    """Compare what a machine did with an image, whose profiles were all asked for, with its function.

    Raises
    ------
    MachineError
        If a machine that calls outcomes did not output what was called.
    """
    numbers = range(len(layers))
    exact = [layers[n].scores or np.array_equal(run.outputs[n], image.exact_bits(n)) for n in numbers]
    if architecture.pruning.speculative:
        for n in numbers:
            if not layers[n].scores and not np.array_equal(run.outputs[n], image.profiled_bits(n)):
                raise MachineError(f"layer {layers[n].name}: outputs are not those that were called")
    scores = image.scores
    result = ImageResult(run.cycles, best_class(scores), scores=tuple(scores.tolist()))
    return ImageCounts(run.layers, exact, result, image.exact_class)


def _told(name: str, profiles: Iterator[LayerProfile], begins: LayerBegins | None) -> Iterator[LayerProfile]:
    """Hand profiles on one by one; the machine asks for one when it has done with the last."""
    for number, profile in enumerate(profiles):
        if begins is not None:
            begins(f"{name}, {profile.name}", number)
        yield profile


def result_of(
    architecture: Architecture, case: AnyCase, counts: PointCounts, table: EnergyTable
) -> RunResult:
    """Compute the figures of a design point from what was counted."""
    layers = case.network.layers
    stages = None if counts.pipeline is None else _models(architecture, layers, table)
    resident = resident_weights(architecture, layers)
    labels = case.labels or (None,) * len(counts.images)
    images = tuple(replace(image, label=label) for image, label in zip(counts.images, labels, strict=True))
    result = run_result(
        architecture,
        EnergyModel(architecture, table, layers),
        Subject(case.network.name, case.network_sha256, images, case.synthetic, case.network.host_parts),
        counts.layers,
        counts.exact,
        stages,
        counts.pipeline,
        resident,
    )
    pieces = tuple(pieces_of(architecture, layers))
    area = area_figures(total_of(pieces), clock_of(pieces), result.images_per_s, architecture.clock_mhz)
    return replace(
        result, area=area, agreement=counts.agreement if architecture.pruning.speculative else None
    )


def check_point(architecture: Architecture, network: Network) -> None:
    """Refuse a design point that cannot run.

    Raises
    ------
    InputError
        If the network does not fit, or the energy table is not there.
    """
    runner_of(architecture, network)
    load_table(architecture.energy.table)
