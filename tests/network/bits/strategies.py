"""Hypothesis strategies: small layers of every kind with inputs that fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from numpy.typing import NDArray

from o3sim.network.bits.packing import pack_bits
from o3sim.network.edge_order import EdgeOrder
from o3sim.network.layer import Geometry, Layer, Padding, Pool

POOLS = (None, Pool(2, 2), Pool(3, 2))
PADDINGS: tuple[Padding, ...] = ("exclude", "-1", "+1")
Case = tuple[Layer, NDArray[np.int64]]


@st.composite
def geometries(draw: st.DrawFn) -> Geometry:
    """Draw a layer shape: word borders inside kernels, strides, paddings, pools, planes."""
    planes = draw(st.sampled_from([1, 1, 1, 2, 3, 8]))
    outputs = draw(st.integers(1, 9))
    if draw(st.integers(0, 4)) == 0:
        return Geometry("dense", 1, 1, draw(st.integers(1, 200)), outputs, planes=planes)
    geometry = Geometry(
        "conv",
        draw(st.integers(1, 7)),
        draw(st.integers(1, 7)),
        draw(st.sampled_from([1, 2, 3, 5, 16, 22, 63, 64, 65])),
        outputs,
        draw(st.integers(1, 3)),
        draw(st.integers(1, 3)),
        draw(st.integers(1, 3)),
        draw(st.integers(0, 2)),
        draw(st.sampled_from(PADDINGS)),
        planes,
        draw(st.sampled_from(POOLS)),
    )
    grown = 2 * geometry.padding_pixels
    assume(geometry.in_height + grown >= geometry.kernel_height)
    assume(geometry.in_width + grown >= geometry.kernel_width)
    assume(geometry.pooled_height > 0 and geometry.pooled_width > 0)
    return geometry


@st.composite
def reordered(draw: st.DrawFn, geometry: Geometry) -> Geometry:
    """Leave a layer in natural order, or give it an order of edges or words, shared or not."""
    if geometry.planes > 1 or draw(st.booleans()):
        return geometry
    granule = draw(st.sampled_from([1, 1, 3, 8, 16]))
    orders = draw(st.integers(1, geometry.out_channels))
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    granules = [chance.permutation(-(-geometry.fan_in // granule)) for _ in range(orders)]
    rows = chance.integers(0, orders, geometry.out_channels)
    order = EdgeOrder(np.array(granules, np.int32), rows.astype(np.int32), granule, geometry.fan_in)
    return replace(geometry, edge_order=order)


@st.composite
def layers_with_input(draw: st.DrawFn) -> Case:
    """Draw a layer with random weights, thresholds up to beyond both ends, and input codes."""
    geometry = draw(geometries().flatmap(reordered))
    planes = geometry.planes
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    reach = geometry.fan_in * (2**planes - 1) + 3
    spread = draw(st.sampled_from([reach, max(1, reach // 8)]))
    theta = random.integers(-spread, spread + 1, geometry.out_channels)
    offset = draw(st.sampled_from([-1, 2**planes - 1])) if planes > 1 else 0
    shape = (geometry.in_height, geometry.in_width, geometry.in_channels)
    weights = pack_bits(random.integers(0, 2, (geometry.out_channels, geometry.fan_in)))
    codes = random.integers(0, 2**planes, shape)
    return Layer("layer", geometry, weights, theta, input_offset=offset), codes
