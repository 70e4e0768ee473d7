"""A small training on disk, and images that a network of a few channels can learn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from o3sim.files import save_npz

FIXED = {"type": "fixed", "bits": 8, "signed": False, "fraction_bits": 0, "range": [0, 255]}
SIGNED = {"type": "fixed", "bits": 6, "signed": True, "fraction_bits": 4, "range": [-1.5, 1.5]}
BINARY = {"type": "binary", "threshold": 100}
POOL = {"size": 2, "stride": 2}


def topology(
    encoding: dict[str, Any] = FIXED, padding: str = "-1", pool: dict[str, int] = POOL
) -> dict[str, Any]:
    """A pooled and a plain convolution, one more with a pool, a dense layer and three classes."""
    conv = {"type": "conv", "kernel": 3, "padding_pixels": 1, "padding": padding}
    return {
        "name": "small",
        "classes": ["a", "b", "c"],
        "input": {"height": 9, "width": 8, "channels": 2, "encoding": encoding},
        "layers": [
            {"name": "conv1", **conv, "channels": 4, "pool": pool},
            {"name": "conv2", **conv, "channels": 6, "stride": 1},
            {"name": "conv3", **conv, "channels": 5, "pool": pool},
            {"name": "dense1", "type": "dense", "features": 9},
            {"name": "scores", "type": "dense", "features": 3, "scores": True},
        ],
        "parameters": {"synthetic": {"seed": 1, "ones": 0.5}},
    }


def images(count: int, seed: int = 1) -> dict[str, NDArray[Any]]:
    """Bars of noise: the label says where the bright one is."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, count)
    pixels = random.integers(0, 160, (count, 9, 8, 2))
    for image, label in zip(pixels, labels, strict=True):
        image[3 * label : 3 * label + 3] += 90
    return {"x": pixels.astype(np.uint8), "y": labels}


def training(**changes: Any) -> dict[str, Any]:
    """The keys of a training of three epochs; a change of None takes a key out."""
    keys: dict[str, Any] = {
        "name": "small",
        "family": "tests",
        "topology": "topology.yaml",
        "order": "bn_pool",
        "data": {"train": "train.npz", "test": "test.npz"},
        "epochs": 3,
        "batch_images": 16,
        "learning_rate": 0.02,
        "images_profiled": 4,
    }
    keys.update(changes)
    return {key: value for key, value in keys.items() if value is not None}


def write_training(folder: Path, shape: dict[str, Any] | None = None, **changes: Any) -> Path:
    """Write a training with its topology and 80 + 20 images; return the path of its file."""
    save_npz(folder / "train.npz", images(80))
    save_npz(folder / "test.npz", images(20, seed=2))
    (folder / "topology.yaml").write_text(yaml.safe_dump(shape or topology()))
    path = folder / "training.yaml"
    path.write_text(yaml.safe_dump(training(**changes)))
    return path
