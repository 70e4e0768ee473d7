"""The small network of the tests as a workload in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from o3sim.files import save_npz
from tests.sample_runs import images, network

TINY = """\
name: tiny
classes: [a, b, c]
input: {height: 8, width: 8, channels: 1, encoding: {type: binary, threshold: 128}}
layers:
  - {name: conv1, type: conv, channels: 6, kernel: 3, padding_pixels: 1, padding: -1,
     pool: {size: 2, stride: 2}}
  - {name: dense2, type: dense, features: 10}
  - {name: scores, type: dense, features: 3, scores: true}
parameters: tiny.npz
images: {file: images.npz}
"""


def write_workload(folder: Path) -> Path:
    """Write the network and four images; return the path of the YAML file."""
    arrays: dict[str, Any] = {}
    for layer in network().layers:
        arrays[f"{layer.name}_weights"] = layer.weights
        if layer.theta is not None:
            arrays[f"{layer.name}_theta"] = layer.theta
    save_npz(folder / "tiny.npz", arrays)
    save_npz(folder / "images.npz", {"x": images(4), "y": np.array([0, 1, 2, 0])})
    path = folder / "tiny.yaml"
    path.write_text(TINY)
    return path
