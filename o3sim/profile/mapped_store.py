"""Profiles and exact outputs on disk, computed once, mapped into memory by every process.

Arrays are plain ``.npy`` files in the dtypes that the engines read, so that mapping them costs
nothing and all processes of a machine share one copy.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.files import write_atomic
from o3sim.network.images import Images
from o3sim.network.layer import Layer
from o3sim.network.network import EDGE_ORDER, Network
from o3sim.profile.classes import ClassRace
from o3sim.profile.profile import LayerProfile, undecided

LAYOUT = 2
"""Of the folder; goes up when its files change their meaning."""

INDEX = "index.json"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class StoredWorkload:
    """A workload's profiles in a folder, as small as a name: what is handed to workers.

    Attributes
    ----------
    folder : str
    name : str
    network_sha256, images_sha256 : str
    classes : tuple of int
        Class of each image.
    labels : tuple of int or None
    synthetic : tuple of str
    """

    folder: str
    name: str
    network_sha256: str
    images_sha256: str
    classes: tuple[int, ...]
    labels: tuple[int, ...] | None
    synthetic: tuple[str, ...]

    def profiles(self, image: int, shapes: tuple[Layer, ...]) -> Iterator[LayerProfile]:
        """Yield the profiles of an image, layer by layer, mapped."""
        for number, layer in enumerate(shapes):
            if layer.scores:
                yield undecided(layer.name, layer.geometry, self._race(image, number, layer))
                continue
            decision, outcome = (mapped(self.folder, image, number, what) for what in ("decision", "outcome"))
            yield LayerProfile(layer.name, layer.geometry, decision, outcome, layer.geometry.n_edges_map())

    def _race(self, image: int, number: int, layer: Layer) -> ClassRace | None:
        if layer.fixed_point:
            return None
        rank, beaten = (mapped(self.folder, image, number, what) for what in ("rank", "beaten_after"))
        return ClassRace(rank, beaten)

    def bits(self, image: int, layer: int) -> NDArray[np.uint8]:
        """Return a layer's exact output bits, mapped."""
        return mapped(self.folder, image, layer, "bits")


@lru_cache(maxsize=4096)
def mapped(folder: str, image: int, layer: int, what: str) -> NDArray[Any]:
    """Map an array of the store, read-only; mappings are kept, since every point reads the same."""
    path = _path(Path(folder), image, layer, what)
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {error}; remove {folder} to make it again") from None
    return array


def store_workload(
    folder: Path, network: Network, images: Images, progress: Progress | None = None
) -> StoredWorkload:
    """Compute profiles and outputs of all images into a folder, or take those that are there.

    Parameters
    ----------
    folder : Path
        Of all workloads; each gets a folder of its own, named by what it was made from. It appears
        whole or not at all.

    Raises
    ------
    InputError
        If it cannot be written or read.
    """
    network_sha256, images_sha256 = network.digest(), images.digest()
    target = folder / f"{network_sha256[:16]}-{images_sha256[:16]}"
    if not (target / INDEX).is_file():
        part = folder / f".{target.name}.{os.getpid()}"
        try:
            part.mkdir(parents=True)
            _fill(part, network, images, progress)
            shutil.rmtree(target, ignore_errors=True)
            part.rename(target)
        except OSError as error:
            raise InputError(f"{part}: cannot be written: {error.strerror or error}") from None
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return _opened(target, network, images)


def _fill(folder: Path, network: Network, images: Images, progress: Progress | None) -> None:
    """Write all arrays, then the index that says they are complete."""
    from o3sim.network.infer import infer
    from o3sim.profile.profile import profile_layers

    classes = []
    for number, image in enumerate(images.x):
        if progress is not None:
            progress(f"profiles of {network.name}", number, len(images))
        truth = infer(network, image)
        classes.append(truth.predicted)
        for layer, (profile, _) in enumerate(profile_layers(network, image)):
            if not profile.scores:
                np.save(_path(folder, number, layer, "decision"), profile.decision)
                np.save(_path(folder, number, layer, "outcome"), profile.outcome)
                np.save(_path(folder, number, layer, "bits"), truth.bits[layer])
            elif profile.race is not None:
                np.save(_path(folder, number, layer, "rank"), profile.race.rank)
                np.save(_path(folder, number, layer, "beaten_after"), profile.race.beaten_after)
    index = {"layout": LAYOUT, "edge_order": EDGE_ORDER, "classes": classes}
    write_atomic(folder / INDEX, json.dumps(index) + "\n")


def _opened(folder: Path, network: Network, images: Images) -> StoredWorkload:
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        if index["layout"] != LAYOUT or index["edge_order"] != EDGE_ORDER:
            raise ValueError("made by another version")
        classes = tuple(int(found) for found in index["classes"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / INDEX}: {error}; remove {folder} to make it again") from None
    labels = None if images.y is None else tuple(int(label) for label in images.y)
    made_up = network.synthetic_parts(images.synthetic)
    return StoredWorkload(
        str(folder), network.name, network.digest(), images.digest(), classes, labels, made_up
    )


def shapes_of(network: Network) -> Network:
    """Return a network without its parameters: what timing needs, small enough to send to workers."""
    nothing = np.zeros((0, 0), np.uint64)
    layers = tuple(Layer(layer.name, layer.geometry, nothing, None, layer.scores) for layer in network.layers)
    return Network(
        network.name, network.input, network.input_shape, layers, network.classes, network.synthetic
    )


def _path(folder: Path, image: int, layer: int, what: str) -> Path:
    return folder / f"i{image:06d}_l{layer:03d}_{what}.npy"
