"""What a training needs: its settings, its topology and its images, read and checked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import torch

from o3sim.config.catalog import beside
from o3sim.config.load import check, load_document
from o3sim.config.marks import Document, KeyPath, placed
from o3sim.errors import InputError
from o3sim.formats.datasets.read import read_data_set
from o3sim.formats.datasets.split import SPLITS, Split
from o3sim.network.images import Images, checked_images, load_images
from o3sim.network.network import Network
from o3sim.train.config import Training
from o3sim.train.export import to_network
from o3sim.train.latent import load_latent
from o3sim.train.log import is_log_of
from o3sim.train.network import BinaryNetwork
from o3sim.train.topology import Topology, load_topology

LEAST_IMAGES = 2
"""To train on: batch norm has no variance of one."""

OUTPUTS = (".yaml", ".npz", ".jsonl", ".checkpoint", "-images.npz", "-latent.npz")
"""What is written: each follows the target's name."""


@dataclass(frozen=True)
class Task:
    """A training with everything it needs, read and checked.

    Attributes
    ----------
    inputs : tuple of Path
        Files and folders that it was read from.
    validation : Images or None
        Images that are not trained on, to choose settings by.
    start, teacher : BinaryNetwork or None
        What to begin from, and what to learn from.
    """

    training: Training
    topology: Topology
    train: Images
    test: Images
    inputs: tuple[Path, ...]
    validation: Images | None = None
    start: BinaryNetwork | None = None
    teacher: BinaryNetwork | None = None


def load_task(path: Path) -> Task:
    """Read a training and its data.

    Raises
    ------
    InputError
        If anything is wrong with the file, its topology or its data, with its place.
    """
    document = load_document(path)
    training = check(document, Training)
    with placed(document, ("device",)):
        if training.device == "cuda" and not torch.cuda.is_available():
            raise InputError("PyTorch finds no GPU here; use `device: cpu`")
    with placed(document, ("topology",)):
        name = beside(Path(document.file_of(("topology",))), training.topology)
        topology = load_topology(name, training.width_factor)
    blank = BinaryNetwork(topology.shapes, topology.spec, training.order)
    network = to_network(training.name, blank, topology.shapes, topology.input_shape)
    places = {split: _place(document, training, split) for split in SPLITS}
    images = {split: _images(document, place, split, network) for split, place in places.items()}
    train, validation = _kept_aside(document, images["train"], training.data.validation)
    _check_layer_weights(document, training, topology)
    start = _latent(document, ("start",), training.start, topology)
    with placed(document, ("start",)):
        if start is not None and start[1].order != training.order:
            raise InputError(
                f"{start[0]}: of a training with order {start[1].order}, this one has {training.order}"
            )
    taught_by = training.distillation.teacher if training.distillation else None
    teacher = _latent(document, ("distillation", "teacher"), taught_by, topology)
    latents = [found[0] for found in (start, teacher) if found is not None]
    return Task(
        training,
        topology,
        train,
        images["test"],
        (*map(Path, document.files), *places.values(), *latents),
        validation,
        start[1] if start else None,
        teacher[1] if teacher else None,
    )


def _kept_aside(document: Document, images: Images, count: int) -> tuple[Images, Images | None]:
    """Take the last images away from training."""
    if count == 0:
        return images, None
    with placed(document, ("data", "validation")):
        if count > len(images) - LEAST_IMAGES:
            raise InputError(f"{count:,} of {len(images):,} training images leave too few to train on")
    if images.y is None:
        raise AssertionError("labels have been checked")
    kept = len(images) - count
    return images.first(kept), Images(images.x[kept:], images.y[kept:])


def _check_layer_weights(document: Document, training: Training, topology: Topology) -> None:
    """Refuse weights of layers that have nothing to prune, or that are all 0."""
    weights = training.regularisers.layer_weights
    if weights is None:
        return
    layers = [name for name, geometry, scores in topology.shapes if geometry.planes == 1 and not scores]
    for name in weights:
        with placed(document, ("regularisers", "layer_weights", name)):
            if name not in layers:
                raise InputError(f"no binary, thresholded layer of that name; there are {', '.join(layers)}")
    with placed(document, ("regularisers", "layer_weights")):
        if not any(weights.values()):
            raise InputError(
                "weights of all layers are 0; give at least one more, or weights of 0 to the terms"
            )


def _latent(
    document: Document, key: KeyPath, named: str | None, topology: Topology
) -> tuple[Path, BinaryNetwork] | None:
    """Read what another training has learnt, if it is asked for."""
    if named is None:
        return None
    path = Path(document.file_of(key)).parent / named
    with placed(document, key):
        return path, load_latent(path, topology)


def check_target(task: Task, target: Path) -> None:
    """Refuse to write over what the training was read from."""
    read = set(map(os.path.realpath, task.inputs))
    for suffix in OUTPUTS:
        output = target.with_name(target.name + suffix)
        if os.path.realpath(output) in read:
            raise InputError(
                f"{output}: the training reads this file and would write over it; use another --output"
            )


def check_own_target(target: Path, name: str) -> None:
    """Refuse to write over files that no training of that name left, where no target was asked for.

    Raises
    ------
    InputError
        Naming the first of them.
    """
    there = [path for suffix in OUTPUTS if os.path.lexists(path := target.with_name(target.name + suffix))]
    if there and not is_log_of(target.with_name(f"{target.name}.jsonl"), name):
        raise InputError(f"{there[0]}: is there already, and not from a training `{name}`; give --output")


def _place(document: Document, training: Training, split: Split) -> Path:
    return Path(document.file_of(("data", split))).parent / getattr(training.data, split)


def _images(document: Document, path: Path, split: Split, network: Network) -> Images:
    """Read one split, which has to have labels."""
    with placed(document, ("data", split)):
        if path.suffix == ".npz":
            images = load_images(path, network)
        else:
            pixels, labels = read_data_set(path, split)
            images = checked_images(path, {"x": pixels, "y": labels}, network)
        if images.y is None:
            raise InputError(f"{path}: no labels (`y`); training needs them")
        if split == "train" and len(images) < LEAST_IMAGES:
            raise InputError(f"{path}: {len(images)} image; training needs {LEAST_IMAGES} at least")
    return images
