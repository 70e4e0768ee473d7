"""A folder of plain arrays: `x_train.npy`, `y_train.npy`, `x_test.npy`, `y_test.npy`."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.formats.datasets.labels import check_labels
from o3sim.formats.datasets.source import Source
from o3sim.formats.datasets.split import Split


def found(source: Source, split: Split) -> bool:
    """Return whether the files are there."""
    return source.has(f"x_{split}.npy", f"y_{split}.npy")


def read(source: Source, split: Split) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read images [N, H, W] or [N, H, W, C] of bytes, and labels [N]."""
    images, labels = (_array(source, f"{letter}_{split}.npy") for letter in "xy")
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise InputError(
            f"{source.path}: x_{split}.npy: expected uint8 [N, H, W] or [N, H, W, C],"
            f" found {images.dtype} {list(images.shape)}"
        )
    if labels.dtype.kind not in "iu" or labels.shape != images.shape[:1]:
        raise InputError(
            f"{source.path}: y_{split}.npy: expected {len(images)} integers,"
            f" found {labels.dtype} {list(labels.shape)}"
        )
    check_labels(f"{source.path}: y_{split}.npy", labels)
    pixels = images.astype(np.uint8)
    return pixels if pixels.ndim == 4 else pixels[..., None], labels.astype(np.int64)


def _array(source: Source, name: str) -> NDArray[np.generic]:
    raw = source.read(name)
    try:
        array = np.load(io.BytesIO(raw), allow_pickle=False)
        if not isinstance(array, np.ndarray):
            raise ValueError("it is an archive of arrays")
    except Exception as error:  # a damaged header raises nearly anything
        what = str(error).split("\n", maxsplit=1)[0]
        raise InputError(f"{source.path}: {name}: not a plain NumPy array: {what}") from None
    return array
