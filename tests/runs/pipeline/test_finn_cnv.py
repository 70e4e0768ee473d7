"""FINN's CNV: every unit takes exactly its folded cycles, and the slowest sets the rate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from o3sim.config.load import load_architecture
from o3sim.formats.importers.bnn_pynq import import_bnn_pynq
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.network.network import Network
from o3sim.results.result import RunResult
from o3sim.runs.simulation import simulate
from tests.shared_data import data_folder

PE = 16, 32, 16, 16, 4, 1, 1, 1, 4
SIMD = 3, 32, 32, 32, 32, 32, 4, 8, 1
"""As the BNN-PYNQ repository ships cnvW1A1; the first layer takes SIMD pixel values of 8 bits a cycle."""


def folded_cycles(network: Network) -> list[int]:
    """``(fan_in / SIMD) * (channels / PE) * pixels``, rounded up where 10 classes meet 4 PEs."""
    shapes = [layer.geometry for layer in network.layers]
    return [
        -(-g.fan_in // simd) * -(-g.out_channels // pe) * g.out_height * g.out_width
        for g, pe, simd in zip(shapes, PE, SIMD, strict=True)
    ]


def check(result: RunResult, network: Network) -> None:
    expected = folded_cycles(network)
    assert result.outputs_exact
    assert result.pipeline is not None
    assert [stage.work_cycles_per_image for stage in result.pipeline.stages] == expected
    assert [stage.pe_count for stage in result.pipeline.stages] == list(PE)
    assert result.pipeline.initiation_interval_cycles == max(expected) == 32_768
    assert result.images_per_s == pytest.approx(200e6 / 32_768)
    for layer, pes in zip(result.layers, PE, strict=True):
        assert layer.pe_cycles_total == pes * layer.cycles


def test_the_units_of_the_shipped_topology() -> None:
    files = load_workload("cnv")
    network = load_network(files)
    assert folded_cycles(network) == [32_400, 28_224, 20_736, 28_800, 20_736, 18_432, 32_768, 32_768, 1_536]
    result = simulate(load_architecture("finn-cnv"), network, workload_images(files, network, None, 3).x)
    check(result, network)


@pytest.fixture
def trained(tmp_path: Path) -> Network:
    source = data_folder() / "bnn-pynq" / "cifar10" / "cnvW1A1"
    topology, _ = import_bnn_pynq(source, "cnv", "cnv").write(tmp_path / "cnv")
    return load_network(load_workload(str(topology)))


@pytest.fixture
def pictures() -> Any:
    with np.load(data_folder() / "images" / "cifar10_test500.npz") as archive:
        return archive["x"][:3]


def test_the_units_of_the_trained_network(trained: Network, pictures: Any) -> None:
    check(simulate(load_architecture("finn-cnv"), trained, pictures), trained)


def test_pruned_stages_of_the_same_size_are_faster(trained: Network, pictures: Any) -> None:
    folded, pruned = (
        simulate(load_architecture(name), trained, pictures) for name in ("finn-cnv", "o3bnn-pipelined")
    )
    assert pruned.outputs_exact
    assert pruned.images_per_s > folded.images_per_s
    assert pruned.edges.executed < folded.edges.executed == folded.edges.total
