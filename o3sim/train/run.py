"""Run a training from its YAML file to a workload, with its log and a checkpoint beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from o3sim.files import save_npz
from o3sim.formats.importers.written import ImportedWorkload
from o3sim.network.network import Network
from o3sim.train.checkpoint import load_checkpoint, save_checkpoint
from o3sim.train.config import Training
from o3sim.train.data_set import encoded
from o3sim.train.export import parameter_arrays
from o3sim.train.latent import latent_arrays
from o3sim.train.log import TrainingLog
from o3sim.train.loop import EpochLosses, Progress, Trainer
from o3sim.train.measure import Measure, exported
from o3sim.train.network import BinaryNetwork
from o3sim.train.task import Task, check_target


def run_training(task: Task, target: Path, resume: bool, progress: Progress | None = None) -> Network:
    """Train, and write ``target.yaml``, ``target.npz`` and ``target.jsonl``.

    Parameters
    ----------
    target : Path
        Without suffix, in a folder that exists. ``target.checkpoint`` is kept while training.
    resume : bool
        Go on from the checkpoint, if there is one.

    Raises
    ------
    InputError
        If the loss stops being a number, the checkpoint does not fit, or a file cannot be written or is
        one that the training reads.
    """
    check_target(task, target)
    training, topology = task.training, task.topology
    torch.set_num_threads(training.threads)
    torch.manual_seed(training.seed)
    network = BinaryNetwork(topology.shapes, topology.spec, training.order)
    if task.start is not None:
        network.load_state_dict(task.start.state_dict())
    teacher = task.teacher.to(training.device) if task.teacher is not None else None
    trainer = Trainer(training, network.to(training.device), teacher)
    checkpoint = target.with_name(f"{target.name}.checkpoint")
    kept = load_checkpoint(checkpoint, trainer) if resume and checkpoint.exists() else []
    log = TrainingLog(target.with_name(f"{target.name}.jsonl"))
    log.begin(_asked(training), kept)
    measure = Measure(task, trainer, progress)
    data = encoded(task.train, topology.spec, training.device)
    while trainer.next_epoch <= training.epochs:
        losses = trainer.train_epoch(data, progress)
        epoch = trainer.next_epoch - 1
        figures = measure.while_training() if epoch % training.measure_every == 0 else {}
        log.add(_epoch_line(epoch, losses, figures))
        save_checkpoint(checkpoint, trainer, log.lines)
    outcome = measure.at_the_end()
    _write_workload(task, trainer, target, outcome)
    log.add({"accuracy": outcome["test_accuracy"], **outcome, "test_images": len(task.test)})
    checkpoint.unlink(missing_ok=True)
    return exported(task, trainer)


def _asked(training: Training) -> dict[str, Any]:
    """Return the first line of the log: what trainings are told apart by, then all settings."""
    return {
        "name": training.name,
        "family": training.family,
        "order": training.order,
        "seed": training.seed,
        "pooling_weight": training.regularisers.pooling,
        "threshold_weight": training.regularisers.threshold,
        "training": training.model_dump(mode="json"),
        "torch": torch.__version__.split("+")[0],
    }


def _epoch_line(epoch: int, losses: EpochLosses, measured: dict[str, Any]) -> dict[str, Any]:
    return {
        "epoch": epoch,
        "loss": losses.loss,
        "pooling_term": losses.pooling_term,
        "threshold_term": losses.threshold_term,
        **measured,
    }


def _write_workload(task: Task, trainer: Trainer, target: Path, outcome: dict[str, Any]) -> None:
    training, topology = task.training, task.topology
    accuracy = 100 * outcome["test_accuracy"]
    keys: dict[str, Any] = {
        "description": training.description or f"{training.family}, {training.order}, trained",
        "source": "o3sim train; settings and log beside it",
        "accuracy": f"{accuracy:.2f} % of {len(task.test):,} test images",
        **topology.keys,
    }
    if training.images_file is not None:
        keys["images"] = {"file": training.images_file}
    elif training.images_shipped:
        name = f"{target.name}-images.npz"
        shipped = task.test.first(min(training.images_shipped, len(task.test)))
        save_npz(target.with_name(name), {"x": shipped.x, "y": np.asarray(shipped.y)})
        keys["images"] = {"file": name}
    if training.keep_latent:
        save_npz(target.with_name(f"{target.name}-latent.npz"), latent_arrays(trainer.network))
    arrays = parameter_arrays(trainer.network, topology.shapes)
    ImportedWorkload(training.name, keys, arrays).write(target)
