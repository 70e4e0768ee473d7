"""The topology of a training: that of a workload, as wide as asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from o3sim.config.catalog import resolve
from o3sim.config.load import load_document
from o3sim.config.workload import OwnInput, Workload
from o3sim.errors import InputError
from o3sim.network.load import input_spec, layer_shapes, load_workload
from o3sim.network.parameters import Shapes
from o3sim.network.preprocess import InputSpec

TOPOLOGY_KEYS = ("classes", "input", "layers")
WIDTH_KEYS = ("channels", "features")
MOST_CHANNELS = 65_536
"""Of a layer: the limit of a workload's keys."""


@dataclass(frozen=True)
class Topology:
    """What a network looks like, before it has parameters.

    Attributes
    ----------
    keys : dict
        ``classes``, ``input`` and ``layers`` as a workload has them.
    """

    keys: dict[str, Any]
    shapes: Shapes
    spec: InputSpec
    input_shape: tuple[int, int, int]
    classes: tuple[str, ...]


def load_topology(name_or_path: str, width_factor: float) -> Topology:
    """Read the topology of a workload; its parameters and images are left aside.

    Parameters
    ----------
    width_factor : float
        Multiplies channels and features of all layers but the scores, rounded, at least 1.

    Raises
    ------
    InputError
        If there is no such workload, something in it is wrong, it is no chain of layers that ends in scores,
        or a layer gets too wide.
    """
    found = load_workload(name_or_path)  # reports everything that is wrong with it, with its place
    layers = found.workload.layers
    apart = next((layer.name for layer in layers if isinstance(layer.input, OwnInput)), None)
    if apart is not None or found.workload.classes is None:
        why = "it has no classes" if apart is None else f"layer {apart} has an input of its own"
        raise InputError(f"{found.path}: cannot be trained: {why}")
    data = load_document(resolve("workload", name_or_path)).data
    keys = {key: data[key] for key in TOPOLOGY_KEYS}
    keys["layers"] = [_scaled(layer, width_factor) for layer in keys["layers"]]
    values = {"name": "topology", **keys, "parameters": "none.npz"}
    for conflict in Workload.cross_field_problems(values):
        raise InputError(f"{found.path}: with width_factor {width_factor}: {conflict.what}")
    workload = Workload.model_validate(values)
    image = workload.input
    shape = (image.height, image.width, image.channels)
    return Topology(keys, layer_shapes(workload), input_spec(image), shape, workload.class_names)


def _scaled(layer: dict[str, Any], factor: float) -> dict[str, Any]:
    if layer.get("scores"):
        return layer
    return {
        key: _width(layer["name"], value * factor) if key in WIDTH_KEYS else value
        for key, value in layer.items()
    }


def _width(name: str, wanted: float) -> int:
    if wanted > MOST_CHANNELS:
        raise InputError(
            f"layer {name} would be {wanted:,.0f} wide with width_factor; {MOST_CHANNELS:,} at most"
        )
    return max(1, round(wanted))
