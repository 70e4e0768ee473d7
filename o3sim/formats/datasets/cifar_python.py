"""CIFAR-10, Python version: pickled dictionaries with `data` and `labels`.

The format is described at https://www.cs.toronto.edu/~kriz/cifar.html. A pickle can run code, so
:mod:`o3sim.formats.datasets.pickled` reads these.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.formats.datasets.labels import CIFAR_CLASSES, check_labels
from o3sim.formats.datasets.pickled import unpickled
from o3sim.formats.datasets.pickled_array import PickledArray
from o3sim.formats.datasets.source import Source
from o3sim.formats.datasets.split import Split

FILES: dict[Split, tuple[str, ...]] = {
    "train": tuple(f"data_batch_{number}" for number in range(1, 6)),
    "test": ("test_batch",),
}
SHAPE = (3, 32, 32)


def found(source: Source, split: Split) -> bool:
    """Return whether the files are there."""
    return source.has(*FILES[split])


def read(source: Source, split: Split) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read images [N, 32, 32, 3] and labels [N]."""
    parts = [_batch(source, name) for name in FILES[split]]
    images = np.concatenate([images for images, _ in parts])
    return np.ascontiguousarray(images), np.concatenate([labels for _, labels in parts])


def _batch(source: Source, name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    raw = source.read(name)
    try:
        images, labels = _content(raw)
        rows = images.as_bytes() if _is_rows(images, len(labels)) else None
    except Exception as error:  # a damaged pickle raises nearly anything
        what = str(error).split("\n", maxsplit=1)[0]
        raise InputError(f"{source.path}: {name}: not a CIFAR-10 batch: {what}") from None
    if rows is None:
        raise InputError(
            f"{source.path}: {name}: expected one uint8 row of 3,072 for each of {len(labels)} labels,"
            f" found {images.dtype_name} {list(images.shape)}"
        )
    check_labels(f"{source.path}: {name}", labels, CIFAR_CLASSES)
    return rows.reshape(-1, *SHAPE).transpose(0, 2, 3, 1), labels


def _is_rows(images: PickledArray, count: int) -> bool:
    return images.dtype_name == "uint8" and images.shape == (count, 3 * 32 * 32)


def _content(raw: bytes) -> tuple[PickledArray, NDArray[np.int64]]:
    """Unpickle images and labels; nothing is converted that may be larger than it looks."""
    batch = unpickled(raw)
    images, labels = PickledArray.of(batch[b"data"]), batch[b"labels"]
    if images is None:
        raise ValueError("`data` is no array")
    if not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise ValueError("`labels` are no list of whole numbers")
    return images, np.array(labels, np.int64)
