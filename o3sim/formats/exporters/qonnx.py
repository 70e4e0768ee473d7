"""Write a network as QONNX: binary weights, integer thresholds, nothing left to fold.

Every layer is ``[Pad] Conv|MatMul MultiThreshold [MaxPool]`` on values -1 and +1. Thresholds are the
workload's integers (times the scale of a fixed-point input), so that an import finds the same network.
A layer that adds has its scale, its shift and its addend before the threshold
(:mod:`o3sim.formats.exporters.sums`).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.files import write_atomic
from o3sim.formats.exporters.inputs import input_nodes, level_scale
from o3sim.formats.exporters.model import Model
from o3sim.formats.exporters.sums import FLOAT, Outputs, check_squares, reaches, sum_nodes
from o3sim.network.bits.packing import unpack_bits
from o3sim.network.flow import CODES, sources_of
from o3sim.network.layer import Layer
from o3sim.network.network import Network
from o3sim.network.preprocess import BinaryInput, InputSpec

MOST_BYTES = 2**31 - 2**20
"""A protobuf file ends at 2 GB."""

Shape = tuple[int, int, int]


def export_qonnx(network: Network, path: Path) -> None:
    """Write a network as a QONNX model that takes pixel values 0..255, NCHW, and gives scores.

    Parameters
    ----------
    path : Path
        Written whole or not at all; the same bytes for the same network.

    Raises
    ------
    InputError
        If parameters are synthetic, layers have inputs of their own, there are no classes, floats do not
        hold averages or QONNX cannot say the input encoding exactly, the model exceeds 2 GB, the extra
        `onnx` is missing, or the file cannot be written.
    """
    if network.last is not None:
        raise InputError(
            f"{network.name}: its last layers are float layers of the host, which are not exported"
        )
    if network.synthetic:
        raise InputError(
            f"{network.name}: its parameters are synthetic; a model of them would pass for a trained network"
        )
    if not network.classes or any(layer.geometry.own_input for layer in network.layers):
        raise InputError(
            f"{network.name}: does not lead from one input to scores, which is what a model does"
        )
    check_squares(network)
    if sum(4 * len(layer.weights) * layer.geometry.fan_in for layer in network.layers) > MOST_BYTES:
        raise InputError(f"{network.name}: exceeds the 2 GB that an ONNX file can have")
    try:
        import onnx  # noqa: F401 - only to see whether it is there
    except ImportError:
        raise InputError("ONNX files need the package onnx: pip install 'o3sim[onnx]'") from None
    write_atomic(path, _content(network))


def _content(network: Network) -> bytes:
    model = Model()
    model.number("one", 1.0)
    input_nodes(model, network)
    made = {CODES: Outputs(model.last, network.input_shape, False, network.binary_input)}
    reach, sources = reaches(network), sources_of(network.layers)
    for layer, source in zip(network.layers, sources, strict=True):
        taken = made[source]
        model.last = taken.bits
        if layer.geometry.kind == "conv":
            _convolution(model, layer, taken.spec)
        else:
            _product(model, layer, taken.shape, taken.flat)
        made[layer.name] = _end(model, layer, level_scale(taken.spec), made, reach, layer.name in sources)
    return model.finished(network.name, version("o3sim"), network.input_shape, network.classes)


def _signs(layer: Layer) -> NDArray[np.float32]:
    """Return the weights as -1 and +1, shape (outputs, edges)."""
    bits = unpack_bits(layer.weights, layer.geometry.fan_in)
    return bits.astype(np.float32) * 2 - 1


def _weights(model: Model, layer: Layer, values: NDArray[np.float32]) -> str:
    stored = model.constant(f"{layer.name}_weights", values)
    return model.made("BipolarQuant", f"{layer.name}_signs", stored, "one")


def _convolution(model: Model, layer: Layer, spec: InputSpec) -> None:
    geometry = layer.geometry
    side = geometry.padding_pixels
    if side and geometry.padding != "exclude":
        sides = model.constant(f"{layer.name}_sides", np.array([0, 0, side, side] * 2, np.int64))
        value = model.number(f"{layer.name}_padding", _padded_value(spec, geometry.padding == "+1"))
        model.node("Pad", f"{layer.name}_pad", sides, value, mode="constant")
        side = 0
    height, width = geometry.kernel_height, geometry.kernel_width
    kernels = _signs(layer).reshape(-1, height, width, geometry.in_channels).transpose(0, 3, 1, 2)
    attributes: dict[str, Any] = {"kernel_shape": [height, width], "strides": [geometry.stride] * 2}
    model.node("Conv", layer.name, _weights(model, layer, kernels), pads=[side] * 4, **attributes)


def _padded_value(spec: InputSpec, greatest: bool) -> float:
    if isinstance(spec, BinaryInput):
        return 1.0 if greatest else -1.0
    level = spec.least + (2**spec.bits - 1 if greatest else 0)
    return level * level_scale(spec)


def _product(model: Model, layer: Layer, shape: Shape, flat: bool) -> None:
    """Add a dense layer; a map before it is flattened as c, y, x, and so are its weights."""
    signs = _signs(layer)
    if not flat:
        model.node("Flatten", f"{layer.name}_flatten", axis=1)
        signs = signs.reshape(-1, *shape).transpose(0, 3, 1, 2).reshape(len(signs), -1)
    model.node("MatMul", layer.name, _weights(model, layer, signs.T))


def _end(
    model: Model,
    layer: Layer,
    scale: float,
    made: Mapping[str, Outputs],
    reach: Mapping[str, int],
    read: bool,
) -> Outputs:
    """Add sums, thresholds and pool, or the scale and bias of scores.

    Parameters
    ----------
    scale : float
        Value of a step of the dots.
    read : bool
        Whether a layer takes the bits.
    """
    g, sums, wide = layer.geometry, "", False
    if layer.sums is not None:
        wide, scale = sum_nodes(model, layer, made, scale, reach[layer.name]), 1.0
        sums = model.last
    if layer.theta is not None and (read or not g.sum_bits):
        _threshold(model, layer, layer.theta * scale, wide)
    if g.pool is not None:
        model.node(
            "MaxPool", f"{layer.name}_pool", kernel_shape=[g.pool.size] * 2, strides=[g.pool.stride] * 2
        )
    if layer.score_scale is not None and layer.score_bias is not None:
        model.node("Mul", f"{layer.name}_scaled", model.constant(f"{layer.name}_scale", layer.score_scale))
        model.node("Add", f"{layer.name}_biased", model.constant(f"{layer.name}_bias", layer.score_bias))
    shape = (g.pooled_height, g.pooled_width, g.out_channels)
    # Levels are -1 and +1 from the first threshold on.
    return Outputs(model.last, shape, g.kind == "dense", BinaryInput(0), sums, wide)


def _threshold(model: Model, layer: Layer, bounds: NDArray[np.floating], wide: bool) -> None:
    """Compare with a bound for each channel; of doubles give floats again."""
    # Whole numbers and halvings of them: float32 holds all that a float32 sum can reach.
    exact = bounds.astype(np.float32)
    held = not wide and bool((exact == bounds).all())
    stored = model.constant(f"{layer.name}_theta", (exact if held else bounds)[:, None])
    name = f"{layer.name}_threshold"
    model.node("MultiThreshold", name, stored, out_scale=2.0, out_bias=-1.0, out_dtype="BIPOLAR")
    if wide:
        model.node("Cast", f"{layer.name}_bits", to=FLOAT)
