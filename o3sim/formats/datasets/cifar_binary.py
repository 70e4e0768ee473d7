"""CIFAR-10, binary version: records of a label byte and 3 x 32 x 32 bytes, red first.

The format is described at https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.formats.datasets.labels import CIFAR_CLASSES, check_labels
from o3sim.formats.datasets.source import Source
from o3sim.formats.datasets.split import Split

FILES: dict[Split, tuple[str, ...]] = {
    "train": tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
    "test": ("test_batch.bin",),
}
SHAPE = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32


def found(source: Source, split: Split) -> bool:
    """Return whether the files are there."""
    return source.has(*FILES[split])


def read(source: Source, split: Split) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read images [N, 32, 32, 3] and labels [N]."""
    records = np.concatenate([_records(source, name) for name in FILES[split]])
    images = records[:, 1:].reshape(-1, *SHAPE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), records[:, 0].astype(np.int64)


def _records(source: Source, name: str) -> NDArray[np.uint8]:
    raw = source.read(name)
    if len(raw) == 0 or len(raw) % RECORD:
        raise InputError(
            f"{source.path}: {name}: {len(raw):,} bytes are not records of {RECORD:,}; cut short?"
        )
    records = np.frombuffer(raw, np.uint8).reshape(-1, RECORD)
    check_labels(f"{source.path}: {name}", records[:, 0], CIFAR_CLASSES)
    return records
