"""What a training is measured by: accuracy on all images of a split, pruning on some of its first."""

from __future__ import annotations

from typing import Any

from o3sim.network.images import Images
from o3sim.network.network import Network
from o3sim.profile.survey import survey
from o3sim.train.data_set import DataSet, encoded
from o3sim.train.export import to_network
from o3sim.train.loop import Progress, Trainer, predictions
from o3sim.train.task import Task

PROFILE_WIDTH_EDGES = 32
"""Edges between two checks of the bounds in logged pruning rates: the PE width of the shipped machines."""


def exported(task: Task, trainer: Trainer) -> Network:
    """Return the network as the simulator has it at this point of its training."""
    topology = task.topology
    return to_network(task.training.name, trainer.network, topology.shapes, topology.input_shape)


class Measure:
    """Measures a network in training; splits are encoded once, and what has been found is not found again.

    Parameters
    ----------
    task : Task
    trainer : Trainer
    progress : callable, optional
    """

    def __init__(self, task: Task, trainer: Trainer, progress: Progress | None) -> None:
        self._task, self._trainer, self._progress = task, trainer, progress
        self._encoded: dict[str, DataSet] = {}
        self._found: dict[tuple[str, int], dict[str, Any]] = {}

    def while_training(self) -> dict[str, Any]:
        """Return the figures of an epoch: on validation images if there are any: tests decide nothing."""
        if self._task.validation is None:
            return self._on("test", self._task.test)
        return self._on("validation", self._task.validation)

    def at_the_end(self) -> dict[str, Any]:
        """Return the figures of the trained network."""
        found = dict(self._on("test", self._task.test))
        if self._task.validation is not None:
            found |= self._on("validation", self._task.validation)
            found["validation_images"] = len(self._task.validation)
        return found

    def _on(self, split: str, images: Images) -> dict[str, Any]:
        key = (split, self._trainer.next_epoch)
        if key not in self._found:
            self._found[key] = self._measured(split, images)
        return self._found[key]

    def _measured(self, split: str, images: Images) -> dict[str, Any]:
        training = self._task.training
        if self._progress is not None:
            self._progress(f"{training.name}, measuring", self._trainer.next_epoch - 1, training.epochs)
        if split not in self._encoded:
            self._encoded[split] = encoded(images, self._task.topology.spec, training.device)
        data = self._encoded[split]
        network = self._trainer.network
        right = predictions(network, data) == data.labels
        sums = {"fraction_bits": network.fraction_bits()} if network.makes_sums else {}
        some = images.first(min(training.images_profiled, len(images)))
        total = survey(exported(self._task, self._trainer), some, (PROFILE_WIDTH_EDGES,)).total
        figures = {
            "pruned_percent": total.percent_pruned(total.both[PROFILE_WIDTH_EDGES]),
            "pruned_threshold_percent": total.percent_pruned(total.threshold[PROFILE_WIDTH_EDGES]),
            "pruned_pooling_percent": total.percent_pruned(total.pooling),
            "images_profiled": len(some),
        }
        if split != "test":
            figures = {f"{split}_{name}": value for name, value in figures.items()}
        return {f"{split}_accuracy": right.double().mean().item(), **figures, **sums}
