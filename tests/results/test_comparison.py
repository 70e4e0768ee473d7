"""A run beside another: ratios of machines, of single images, and of their peaks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from o3sim.config.load import load_architecture
from o3sim.results.comparison import RatioSpread, compare
from o3sim.results.images import ImageResult
from o3sim.results.result import RunResult
from o3sim.runs.simulation import simulate
from tests.runs.pipeline.samples import images as pipeline_images
from tests.runs.pipeline.samples import network as pipeline_network
from tests.runs.pipeline.samples import pipelined
from tests.sample_runs import images, network, pipeline_result, result


def with_images(*images: tuple[int, float | None], clock_mhz: float = 200.0) -> RunResult:
    """The base result with other cycles and chip energies of its images."""
    base = result()
    per_image = tuple(ImageResult(cycles, 0, on_chip_pj=energy) for cycles, energy in images)
    configuration = {**base.configuration, "clock_mhz": clock_mhz}
    return replace(base, images=len(images), per_image=per_image, configuration=configuration)


def test_the_spread_is_of_the_same_image_on_both_machines() -> None:
    ours = with_images((100, 10.0), (200, 20.0), (100, 10.0))
    theirs = with_images((150, 5.0), (240, 10.0), (200, 20.0))
    found = compare(ours, theirs)
    assert found.speed_up_spread == RatioSpread(1.2, 1.5, 2.0)
    assert found.on_chip_energy_ratio_spread == RatioSpread(0.5, 0.5, 2.0)


def test_the_clock_of_each_counts() -> None:
    found = compare(with_images((100, 1.0)), with_images((100, 1.0), clock_mhz=100))
    assert found.speed_up_spread == RatioSpread(2.0, 2.0, 2.0)
    assert found.peak_ratio == 0.5


def test_images_without_energy_have_no_ratio() -> None:
    assert compare(with_images((1, None)), with_images((1, None))).on_chip_energy_ratio_spread is None
    assert compare(with_images((1, 0.0)), with_images((1, 1.0))).on_chip_energy_ratio_spread is None
    free = compare(with_images((1, 1.0)), with_images((1, 0.0))).on_chip_energy_ratio_spread
    assert free == RatioSpread(0.0, 0.0, 0.0)


def test_the_peak_is_that_of_all_stages() -> None:
    assert result().peak_edges_per_cycle == 64 * 32
    assert pipeline_result().peak_edges_per_cycle == 2 * 64 * 32
    assert compare(result(), pipeline_result()).peak_ratio == 2


def test_images_have_their_part_of_the_energy() -> None:
    whole = simulate(load_architecture("o3bnn"), network(), images(3))
    singles = [simulate(load_architecture("o3bnn"), network(), images(3)[n : n + 1]) for n in range(3)]
    found = [image.on_chip_pj for image in whole.per_image]
    assert found == pytest.approx([single.on_chip_pj for single in singles])
    assert sum(energy or 0 for energy in found) == pytest.approx(whole.on_chip_pj)


def test_images_of_a_pipeline_are_priced_stage_by_stage() -> None:
    wide = {"pe": {"count": 7}, "weight_buffer": {"size_kbit": 900}}
    whole = simulate(pipelined(({}, wide, {}, {})), pipeline_network(), pipeline_images(3))
    assert sum(image.on_chip_pj or 0 for image in whole.per_image) == pytest.approx(whole.on_chip_pj)
