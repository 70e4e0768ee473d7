"""Whole networks by topology: their edges are the published ones."""

from __future__ import annotations

import numpy as np
import pytest

from o3sim.config.catalog import names
from o3sim.network.layer import Geometry
from o3sim.network.load import layer_shapes, load_workload

MILLION = 1e6
PUBLISHED = {
    "vgg-like-cifar10": (613, 0.74),
    "alexnet": (1_321, 0.62),
    "alexnet-group": (732, 0.49),
    "vgg16": (15_384, 0.51),
    "cnv": (57.9, 0.75),
}
"""Millions of binary edges an image, and the share of them in layers that feed a pool."""


def binary_layers(name: str) -> list[Geometry]:
    shapes = layer_shapes(load_workload(name).workload)
    return [geometry for _, geometry, _ in shapes if geometry.planes == 1]


def edges(geometry: Geometry) -> int:
    """Edges that a machine computes: leftovers of a pool are not among them."""
    positions = geometry.n_edges_map()[geometry.pooled_mask()]
    return int(positions.sum(dtype=np.int64)) * geometry.out_channels


@pytest.mark.parametrize(("name", "published"), PUBLISHED.items())
def test_binary_edges_are_the_published_ones(name: str, published: tuple[float, float]) -> None:
    millions, pooled_share = published
    layers = binary_layers(name)
    total = sum(map(edges, layers))
    assert total / MILLION == pytest.approx(millions, abs=0.05 if millions < 100 else 0.5)
    pooled = sum(edges(layer) for layer in layers if layer.pool is not None)
    assert pooled / total == pytest.approx(pooled_share, abs=0.005)


def test_lfc_has_its_784_1024_1024_1024_10() -> None:
    assert [layer.fan_in for layer in binary_layers("lfc")] == [784, 1024, 1024, 1024]
    assert binary_layers("lfc")[-1].out_channels == 10


@pytest.mark.parametrize("name", [*PUBLISHED, "lfc"])
def test_descriptions_say_synthetic(name: str) -> None:
    assert name in names("workload")
    assert "synthetic parameters" in load_workload(name).workload.description
