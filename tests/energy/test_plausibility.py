"""Absolute figures of a busy dense machine, beside published silicon (docs/energy.md)."""

from __future__ import annotations

import pytest

from o3sim.config.architecture import Architecture
from o3sim.config.load import load_architecture
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.results.result import RunResult
from o3sim.runs.simulation import simulate_all

PUBLISHED_ASICS_FJ_PER_OP = 4.3, 21.6
PUBLISHED_FPGA_FJ_PER_OP = 4600


@pytest.fixture(scope="module")
def runs() -> dict[str, RunResult]:
    """The default workload on the dense machine, under both tables."""
    data = load_architecture("dense").model_dump()
    machines = [
        Architecture.model_validate({**data, "name": table, "energy": {"table": table}})
        for table in ("asic-45nm", "fpga-28nm")
    ]
    files = load_workload("fashion-vgg")
    network = load_network(files)
    images = workload_images(files, network, count=1)
    return {run.architecture: run for run in simulate_all(machines, network, images.x)}


def test_pe_alone_is_among_published_chips(runs: dict[str, RunResult]) -> None:
    asic = runs["asic-45nm"]
    low, high = PUBLISHED_ASICS_FJ_PER_OP
    assert low <= asic.energy_pj["pe"] * 1000 / asic.edges.total / 2 <= high


def test_whole_chip_is_above_them_for_stated_reasons(runs: dict[str, RunResult]) -> None:
    per_op = (runs["asic-45nm"].on_chip_fj_per_edge or 0) / 2
    assert PUBLISHED_ASICS_FJ_PER_OP[1] < per_op < 60 * PUBLISHED_ASICS_FJ_PER_OP[0]


def test_fpga_is_near_the_published_one(runs: dict[str, RunResult]) -> None:
    per_op = (runs["fpga-28nm"].on_chip_fj_per_edge or 0) / 2
    assert 0.5 * PUBLISHED_FPGA_FJ_PER_OP < per_op < 3 * PUBLISHED_FPGA_FJ_PER_OP


def test_fpga_is_far_above_asic(runs: dict[str, RunResult]) -> None:
    asic, fpga = (runs[name].on_chip_fj_per_edge or 0 for name in ("asic-45nm", "fpga-28nm"))
    assert 20 < fpga / asic < 1000
