"""CIFAR-10, Python version: pickled dictionaries with `data` and `labels`.

The format is described at https://www.cs.toronto.edu/~kriz/cifar.html. A pickle can run code, so
only the few names that these files need are let in.
"""

from __future__ import annotations

import io
import pickle
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.formats.datasets.labels import CIFAR_CLASSES, check_labels
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
    except Exception as error:  # a damaged pickle raises nearly anything
        what = str(error).split("\n", maxsplit=1)[0]
        raise InputError(f"{source.path}: {name}: not a CIFAR-10 batch: {what}") from None
    if images.dtype != np.uint8 or images.ndim != 2 or images.shape != (len(labels), 3 * 32 * 32):
        raise InputError(
            f"{source.path}: {name}: expected one uint8 row of 3,072 for each of {len(labels)} labels,"
            f" found {images.dtype} {list(images.shape)}"
        )
    check_labels(f"{source.path}: {name}", labels, CIFAR_CLASSES)
    return images.reshape(-1, *SHAPE).transpose(0, 2, 3, 1), labels


def _content(raw: bytes) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Unpickle images and labels; nothing is converted that may be larger than it looks."""
    with warnings.catch_warnings():
        # Arrays out of Python 2 have numbers for flags, of which newer NumPy warns.
        warnings.simplefilter("ignore")
        batch = _ArraysOnly(io.BytesIO(raw), encoding="bytes").load()
    images, labels = batch[b"data"], batch[b"labels"]
    if not isinstance(images, np.ndarray):
        raise ValueError("`data` is no array")
    if not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise ValueError("`labels` are no list of whole numbers")
    return images, np.array(labels, np.int64)


class _ArraysOnly(pickle.Unpickler):
    """Unpickles arrays, and refuses every other class or function."""

    def find_class(self, module: str, name: str) -> Any:
        """Return one of the names that arrays are made of."""
        if (module, name) in (
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "_reconstruct"),
        ):
            return np.zeros(0).__reduce__()[0]
        if (module, name) in (("numpy", "ndarray"), ("numpy", "dtype")):
            return getattr(np, name)
        if (module, name) == ("_codecs", "encode"):
            import codecs

            return codecs.encode
        raise pickle.UnpicklingError(f"it would load {module}.{name}")
