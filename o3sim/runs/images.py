"""One image on every architecture of a run: the piece of work that is spread over processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.counters import LayerCounters
from o3sim.runs.engines import run_on_engine

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.plan import ImageRun
    from o3sim.network.infer import Inference
    from o3sim.network.network import Network
    from o3sim.profile.profile import LayerProfile
    from o3sim.runs.pipeline.stream import Pipeline

LayerBegins = Callable[[str, int], None]
"""Told ``(architecture and layer, number of the layer)`` when a layer begins."""


@dataclass(frozen=True)
class ImageTask:
    """What every image of a run has in common.

    Attributes
    ----------
    architectures : tuple of Architecture
    network : Network
    engine : str or None
        Key of :data:`o3sim.runs.engines.ENGINES`; None for the fastest that can run an architecture.
    """

    architectures: tuple[Architecture, ...]
    network: Network
    engine: str | None = None


@dataclass(frozen=True, eq=False)
class MachineCounts:
    """What one architecture did with an image.

    Attributes
    ----------
    layers : list of LayerCounters
    exact : list of bool
        Whether the machine's output bits of each layer are those of functional inference.
    cycles : int
        From the image's first one to its last write.
    scores : float64 array, shape (classes,)
        The exact ones unless the machine calls outcomes speculatively.
    """

    layers: list[LayerCounters]
    exact: list[bool]
    cycles: int
    scores: NDArray[np.float64]

    @property
    def predicted(self) -> int:
        """The image's class."""
        return int(np.argmax(self.scores))


@dataclass(frozen=True)
class ImageCounts:
    """What an image gives: its class, and one entry for each architecture."""

    predicted: int
    machines: tuple[MachineCounts, ...]


def run_image(
    task: ImageTask,
    image: NDArray[Any],
    begins: LayerBegins | None = None,
    pipelines: Sequence[Pipeline | None] = (),
) -> ImageCounts:
    """Run one image on every architecture.

    Outputs are compared with functional inference, a computation of its own that shares no kernel
    with the profile. With one architecture only one layer's profile is in memory at a time.

    Parameters
    ----------
    task : ImageTask
    image : ndarray
    begins : callable, optional
    pipelines : sequence of Pipeline or None, optional
        For each architecture the pipeline that this image is the next of, None where it is none.

    Raises
    ------
    InputError
        If the image does not fit the network.
    MachineError
        If an invariant of the machine does not hold.
    """
    from o3sim.network.infer import infer
    from o3sim.profile.profile import profile_layers

    truth = infer(task.network, image)
    kept: dict[bool, list[LayerProfile]] = {}
    machines = []
    for architecture, pipeline in zip_longest(task.architectures, pipelines):
        speculative = architecture.pruning.speculative
        profiles: Iterable[LayerProfile]
        if len(task.architectures) == 1:
            profiles = (profile for profile, _ in profile_layers(task.network, image, speculative))
        else:
            if speculative not in kept:
                kept[speculative] = [each for each, _ in profile_layers(task.network, image, speculative)]
            profiles = kept[speculative]
        followed = _told(architecture.name, profiles, begins)
        if pipeline is None:
            run = run_on_engine(architecture, task.network, followed, wanted=task.engine)
        else:
            run = pipeline.run_image(followed)
        scores = _scores(task.network, image, run) if speculative else truth.scores
        exact = _exact_layers(task.network, run, truth)
        machines.append(MachineCounts(run.layers, exact, run.cycles, scores))
    return ImageCounts(truth.predicted, tuple(machines))


def _scores(network: Network, image: NDArray[Any], run: ImageRun) -> NDArray[np.float64]:
    """Return the scores that follow from the bits that the machine hands to the last layer."""
    from o3sim.network.infer import class_scores

    codes = run.outputs[-2] if len(run.outputs) > 1 else network.encode(image)
    return class_scores(network.layers[-1], codes)


def _told(name: str, profiles: Iterable[LayerProfile], begins: LayerBegins | None) -> Iterator[LayerProfile]:
    """Hand profiles on one by one; the machine asks for one when it has done with the last."""
    for number, profile in enumerate(profiles):
        if begins is not None:
            begins(f"{name}, {profile.name}", number)
        yield profile


def _exact_layers(network: Network, run: ImageRun, truth: Inference) -> list[bool]:
    """Compare the machine's bits with functional inference; scores are integers of no machine."""
    return [
        layer.scores or bool(np.array_equal(machine_bits, bits))
        for layer, machine_bits, bits in zip(network.layers, run.outputs, truth.bits, strict=True)
    ]


def edges_of_layers(network: Network) -> Sequence[int]:
    """Count the edges of each layer of a network, pruned or not."""
    return [
        int(layer.geometry.n_edges_map().sum(dtype=np.int64)) * layer.geometry.out_channels
        for layer in network.layers
    ]
