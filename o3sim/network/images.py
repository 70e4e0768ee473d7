"""Images: pixels ``x`` and, if known, labels ``y``; how they are read from NPZ files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.files import load_npz
from o3sim.network.network import Network


@dataclass(frozen=True, eq=False)
class Images:
    """Images with their labels.

    Attributes
    ----------
    x : ndarray of uint8, shape (images, height, width, channels)
    y : ndarray of int64, shape (images,), or None
        The right classes, if the file says.
    synthetic : bool
        Whether they were made and show nothing.
    """

    x: NDArray[np.uint8]
    y: NDArray[np.int64] | None
    synthetic: bool = False

    def __len__(self) -> int:
        """Count the images."""
        return len(self.x)

    def first(self, count: int) -> Images:
        """Return the first ``count`` images.

        Raises
        ------
        InputError
            If there are fewer, or ``count`` is below 1.
        """
        if not 1 <= count <= len(self.x):
            raise InputError(f"{count} images asked for, 1 to {len(self.x)} available")
        return Images(self.x[:count], None if self.y is None else self.y[:count], self.synthetic)

    def digest(self) -> str:
        """Return the SHA-256, in hexadecimal, of the pixels and the shape."""
        digest = hashlib.sha256(repr(self.x.shape).encode())
        digest.update(np.ascontiguousarray(self.x).tobytes())
        return digest.hexdigest()


def load_images(path: Path, network: Network) -> Images:
    """Read images that a network can take.

    Parameters
    ----------
    path : Path
        NPZ file with ``x``, uint8 of shape (N, H, W) or (N, H, W, C), and optionally ``y``,
        integers of shape (N,), each a class.

    Raises
    ------
    InputError
        If the file is unusable, an array has a wrong shape, dtype or value, or there is no image.
    """
    return checked_images(path, load_npz(path), network)


def checked_images(path: Path, arrays: dict[str, NDArray[Any]], network: Network) -> Images:
    """Return arrays read from a file as images that a network can take.

    Parameters and errors are those of :func:`load_images`; ``path`` is only named.
    """
    if "x" not in arrays:
        raise InputError(f"{path}: no array `x` (images); found {_listed(arrays)}")
    pixels = arrays["x"]
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    height, width, channels = network.input_shape
    if pixels.dtype != np.uint8 or pixels.shape[1:] != (height, width, channels):
        raise InputError(
            f"{path}: x: expected uint8 images [N, {height}, {width}, {channels}],"
            f" found {arrays['x'].dtype} {list(arrays['x'].shape)}"
        )
    if len(pixels) == 0:
        raise InputError(f"{path}: x: there are no images in it")
    return Images(pixels, _labels(path, arrays, len(pixels), len(network.classes)))


def _labels(
    path: Path, arrays: dict[str, NDArray[Any]], count: int, classes: int
) -> NDArray[np.int64] | None:
    if "y" not in arrays:
        return None
    labels = arrays["y"]
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise InputError(
            f"{path}: y: expected integers [{count}], one for each image,"
            f" found {labels.dtype} {list(labels.shape)}"
        )
    if not classes:
        raise InputError(f"{path}: y: the network has no classes; leave the labels out")
    if labels.min() < 0 or labels.max() >= classes:
        raise InputError(
            f"{path}: y: labels from {labels.min()} to {labels.max()}, but the classes are 0 to {classes - 1}"
        )
    return labels.astype(np.int64)


def _listed(arrays: dict[str, NDArray[Any]]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(arrays)) or "nothing"
