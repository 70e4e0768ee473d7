"""MNIST and everything in its format: IDX files of images and labels, gzipped or not.

The format is LeCun's (http://yann.lecun.com/exdb/mnist/): two zero bytes, a type (8: unsigned byte),
the number of dimensions, each dimension as 32 bits big-endian, then the values.
"""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.formats.datasets.source import Source
from o3sim.formats.datasets.split import Split

UNSIGNED_BYTE = 8
PREFIXES: dict[Split, str] = {"train": "train", "test": "t10k"}


def _names(split: Split) -> tuple[str, str]:
    return f"{PREFIXES[split]}-images-idx3-ubyte", f"{PREFIXES[split]}-labels-idx1-ubyte"


def found(source: Source, split: Split) -> bool:
    """Return whether the files are there."""
    return source.has(*_names(split))


def read(source: Source, split: Split) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read grey images [N, H, W, 1] and labels [N]."""
    images, labels = (
        _array(source, name, dimensions) for name, dimensions in zip(_names(split), (3, 1), strict=True)
    )
    return images[..., None], labels.astype(np.int64)


def _array(source: Source, name: str, dimensions: int) -> NDArray[np.uint8]:
    raw = source.read(name)
    head = 4 + 4 * dimensions
    if len(raw) < head or raw[:3] != bytes((0, 0, UNSIGNED_BYTE)) or raw[3] != dimensions:
        raise InputError(f"{source.path}: {name}: not an IDX file of bytes in {dimensions} dimensions")
    shape = tuple(int(length) for length in np.frombuffer(raw, ">u4", dimensions, 4))
    if len(raw) - head != prod(shape):
        raise InputError(
            f"{source.path}: {name}: {list(shape)} values declared, {len(raw) - head:,} there; cut short?"
        )
    return np.frombuffer(raw, np.uint8, offset=head).reshape(shape)
