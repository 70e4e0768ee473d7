"""Read a data set, whatever format it is in."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.formats.datasets import arrays, cifar_binary, cifar_python, idx, png_strips
from o3sim.formats.datasets.source import Source, listed
from o3sim.formats.datasets.split import Split

FORMATS: tuple[ModuleType, ...] = (idx, cifar_binary, cifar_python, png_strips, arrays)
"""Each tells by file names whether it is there (``found``), and reads it (``read``)."""


def read_data_set(path: Path, split: Split) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read one split of a data set.

    Parameters
    ----------
    path : Path
        A folder, or a tar archive, that holds the files of one of the :data:`FORMATS`.
    split : {"train", "test"}

    Returns
    -------
    images : ndarray of uint8, shape (images, height, width, channels)
    labels : ndarray of int64, shape (images,)

    Raises
    ------
    InputError
        If no format is found, files are damaged, or images and labels do not fit together.
    """
    source = Source(path)
    for form in FORMATS:
        if form.found(source, split):
            images, labels = form.read(source, split)
            if len(images) != len(labels) or not len(images):
                raise InputError(f"{path}: {len(images):,} {split} images but {len(labels):,} labels")
            return images, labels
    raise InputError(
        f"{path}: no {split} split of a known format (IDX, CIFAR-10 binary, Python or PNG strips,"
        f" x_{split}.npy); there are {listed(source.names)}"
    )
