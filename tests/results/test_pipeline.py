"""Figures of a pipeline: their formulas, from what its stages counted."""

from __future__ import annotations

import pytest

from o3sim.results.result import RunResult
from o3sim.runs.simulation import simulate
from tests.runs.pipeline.samples import images, network, pipelined

STAGES = ({"pe": {"count": 3}}, {}, {"pe": {"count": 2}}, {})
PES = 3, 4, 2, 4


def run(count: int) -> RunResult:
    return simulate(pipelined(STAGES), network(), images(count))


def test_rate_and_latency_are_those_of_the_stream() -> None:
    result = run(4)
    figures = result.pipeline
    assert figures is not None
    assert figures.initiation_interval_cycles is not None
    assert result.cycles == figures.stream_cycles
    assert result.cycles_per_image == result.cycles / 4
    assert result.latency_us == figures.latency_cycles / 200
    assert result.images_per_s == pytest.approx(200e6 / figures.initiation_interval_cycles)
    assert figures.latency_cycles + 3 * figures.initiation_interval_cycles == figures.stream_cycles


def test_images_overlap_and_each_takes_from_its_entry_to_its_end() -> None:
    result = run(4)
    figures = result.pipeline
    assert figures is not None
    cycles = [image.cycles for image in result.per_image]
    assert cycles[0] == figures.latency_cycles
    assert max(cycles) < figures.stream_cycles < sum(cycles)
    assert result.spread.worst == max(cycles)


def test_one_image_has_no_interval() -> None:
    result = run(1)
    figures = result.pipeline
    assert figures is not None
    assert figures.initiation_interval_cycles is None
    assert result.images_per_s == pytest.approx(1e6 / result.latency_us)
    assert figures.stream_cycles == figures.latency_cycles
    assert run(3).pipeline.latency_cycles == figures.latency_cycles  # type: ignore[union-attr]  # it is a pipeline


def test_work_is_what_is_left_of_the_cycles_without_waits_for_rows() -> None:
    result = run(3)
    figures = result.pipeline
    assert figures is not None
    for stage, layer, pes in zip(figures.stages, result.layers, PES, strict=True):
        assert stage.pe_count == pes
        assert layer.pe_cycles_total == pes * layer.cycles
        waits = layer.pe_cycles["input_wait"] / pes
        assert stage.work_cycles_per_image == pytest.approx((layer.cycles - waits) / 3)
    most = max(figures.stages, key=lambda stage: stage.work_cycles_per_image)
    assert figures.slowest_stage == most.name


def test_weights_are_not_streamed_and_rows_are_held() -> None:
    result = run(2)
    figures = result.pipeline
    assert figures is not None
    assert result.events["dram_bits"] == 0 == result.energy_pj["dram"]
    assert figures.stages[0].rows_held == 0
    row_bits = 4 * 6  # of the second stage's input
    assert figures.stages[1].rows_held > 0
    assert figures.stages[1].row_buffer_kbit == figures.stages[1].rows_held * row_bits / 1024
    assert result.energy_pj["total"] == pytest.approx(
        sum(layer.energy_pj["total"] for layer in result.layers)
    )
