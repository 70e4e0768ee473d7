"""Small networks that are graphs, with random parameters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.network.bits.packing import pack_bits
from o3sim.network.layer import Addend, Geometry, Layer, SumRule
from o3sim.network.network import Network
from o3sim.network.preprocess import FixedInput


def layer(chance: np.random.Generator, name: str, geometry: Geometry, theta: Any = None) -> Layer:
    """Make a layer with random weights, thresholds near 0, and constants if it makes sums."""
    channels = geometry.out_channels
    weights = pack_bits(chance.integers(0, 2, (channels, geometry.fan_in), dtype=np.uint8))
    sums = None
    if geometry.makes_sums:
        numbers = (
            chance.integers(1, 5, channels),
            chance.integers(-9, 9, channels),
            chance.integers(-3, 4, channels) if geometry.addend is not None else np.ones(channels, np.int64),
        )
        sums = SumRule(*numbers)
    thresholds = chance.integers(-5, 6, channels) if theta is None else np.full(channels, theta)
    offset = -1 if geometry.planes > 1 else 0
    return Layer(name, geometry, weights, thresholds, input_offset=offset, sums=sums)


def residual(seed: int = 0, theta: int | None = None) -> Network:
    """Return a stem, a block that adds sums, a shortcut of weights, one that adds bits, and one that pools.

    ``theta`` are the thresholds of the last layer.
    """
    chance = np.random.default_rng(seed)

    def conv(side: int, channels: int, out: int, kernel: int = 3, **more: Any) -> Geometry:
        pad: dict[str, Any] = {"padding_pixels": kernel // 2, "padding": "exclude"}
        return Geometry("conv", side, side, channels, out, kernel, kernel, **{**pad, **more})

    shapes = {
        "stem": conv(6, 2, 4, planes=4, sum_bits=16),
        "a": conv(6, 4, 4, addend=Addend("stem", 6, 6, 4, 16), sum_bits=32),
        "short": conv(6, 4, 8, 1, stride=2, sum_bits=32, padding_pixels=0),
        "b": conv(6, 4, 8, stride=2, source="a", addend=Addend("short", 3, 3, 8, 32)),
        "c": conv(3, 8, 8, addend=Addend("a", 6, 6, 4, 32, stride=2)),
        "last": conv(3, 8, 8, addend=Addend("b", 3, 3, 8, 1)),
    }
    layers = tuple(
        layer(chance, name, shape, theta if name == "last" else None) for name, shape in shapes.items()
    )
    spec = FixedInput(4, True, 3, -1.0, 1.0)
    layers = (replace(layers[0], input_offset=spec.offset), *layers[1:])
    return Network("residual", spec, (6, 6, 2), layers, ())


def images(network: Network, count: int = 3) -> NDArray[np.uint8]:
    """Make random images."""
    return np.random.default_rng(1).integers(0, 256, (count, *network.input_shape), dtype=np.uint8)
