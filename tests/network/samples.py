"""A tiny workload on disk, and NumPy inference that shares no code with the package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.files import save_npz
from o3sim.network.bits.packing import pack_bits

TINY = """\
name: tiny
classes: [a, b, c]
input: {height: 6, width: 6, channels: 2, encoding: {type: binary, threshold: 100}}
layers:
  - {name: conv, type: conv, channels: 5, kernel: 3, padding_pixels: 1, padding: exclude,
     pool: {size: 2, stride: 2}}
  - {name: dense, type: dense, features: 7}
  - {name: scores, type: dense, features: 3, scores: true}
parameters: tiny.npz
images: {file: images.npz}
"""


def tiny_arrays() -> dict[str, NDArray[Any]]:
    """Parameters for :data:`TINY`."""
    random = np.random.default_rng(1)
    return {
        "conv_weights": pack_bits(random.integers(0, 2, (5, 18))),
        "conv_theta": random.integers(-4, 5, 5),
        "dense_weights": pack_bits(random.integers(0, 2, (7, 45))),
        "dense_theta": random.integers(-4, 5, 7).astype(np.int32),
        "scores_weights": pack_bits(random.integers(0, 2, (3, 7))),
    }


def tiny_images(count: int = 4) -> dict[str, NDArray[Any]]:
    """Images for :data:`TINY`."""
    random = np.random.default_rng(2)
    return {
        "x": random.integers(0, 256, (count, 6, 6, 2), np.uint8),
        "y": random.integers(0, 3, count),
    }


def write_tiny(folder: Path, text: str = TINY, **changed: NDArray[Any] | None) -> Path:
    """Write :data:`TINY` with its files; ``changed`` arrays are replaced, or left out if None."""
    arrays = {**tiny_arrays(), **changed}
    save_npz(folder / "tiny.npz", {key: value for key, value in arrays.items() if value is not None})
    save_npz(folder / "images.npz", tiny_images())
    (folder / "tiny.yaml").write_text(text)
    return folder / "tiny.yaml"


class DecodedNet:
    """A net in the layout of the ``decoded`` folder, evaluated with matrix products."""

    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as archive:
            self.arrays = {name: archive[name] for name in archive.files}
        self.meta = json.loads(str(self.arrays["meta"]))

    def scores(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the scores of images given as values [N, H, W, C] (or [N, features])."""
        last = len(self.meta["layers"]) - 1
        for number, layer in enumerate(self.meta["layers"]):
            shape = self.arrays[f"L{number}_shape"]
            pad = layer.get("pad", 0)
            if len(shape) == 4 and pad:
                fill = 0.0 if layer["first_fixed_point"] else -1.0
                values = np.pad(values, ((0, 0), (pad, pad), (pad, pad), (0, 0)), constant_values=fill)
            dot = self._dot(number, values)
            if number == last:
                return self._scaled(dot)
            fan_in = int(np.prod(shape[1:]))
            reached = dot if layer.get("first_fixed_point") else (dot + fan_in) / 2
            bits = reached >= self.arrays[f"L{number}_t"]
            if layer.get("pool2x2_after"):
                bits = bits[:, 0::2, 0::2] | bits[:, 1::2, 0::2] | bits[:, 0::2, 1::2] | bits[:, 1::2, 1::2]
            values = np.where(bits, np.float32(1), np.float32(-1))
        raise AssertionError("a net has a last layer")

    def _dot(self, number: int, values: NDArray[np.float32]) -> NDArray[np.float32]:
        shape = self.arrays[f"L{number}_shape"]
        fan_in = int(np.prod(shape[1:]))
        octets = self.arrays[f"L{number}_w"].view(np.uint8)
        weights = np.unpackbits(octets, axis=1, bitorder="little")[:, :fan_in].astype(np.float32) * 2 - 1
        if len(shape) == 2:
            return values.reshape(len(values), -1) @ weights.T
        kernel = int(shape[2])
        windows = np.lib.stride_tricks.sliding_window_view(values, (kernel, kernel), axis=(1, 2))
        patches = windows.transpose(0, 1, 2, 4, 5, 3)  # (image, y, x, ky, kx, c)
        return patches.reshape(*patches.shape[:3], fan_in) @ weights.T

    def _scaled(self, dot: NDArray[np.float32]) -> NDArray[np.float64]:
        if "out_scale" not in self.arrays:
            return dot.astype(np.float64)
        scaled: NDArray[np.float64] = (
            dot.astype(np.float64) * self.arrays["out_scale"] + self.arrays["out_bias"]
        )
        return scaled

    def classes(self, values: NDArray[np.float32], batch: int = 50) -> NDArray[np.int64]:
        """Return the class of each image."""
        parts = [self.scores(values[start : start + batch]) for start in range(0, len(values), batch)]
        classes: NDArray[np.int64] = np.concatenate(parts).argmax(axis=1)
        return classes
