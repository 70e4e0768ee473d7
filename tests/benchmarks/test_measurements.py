"""What the benchmark and the study are built of; their figures are no tests."""

from __future__ import annotations

from typing import Any

import pytest

from o3sim.config.load import load_architecture
from scripts.benchmarks.bench import row
from scripts.benchmarks.fast import measure_fast
from scripts.benchmarks.measure import convolution_case, kernel_words_per_s, simpy_rates, timings
from scripts.benchmarks.memory import measure_all_memory, measure_memory
from scripts.benchmarks.sweeps import measure_sweep
from scripts.benchmarks.zc706 import ARRAYS, CLOCKS_MHZ, DRAM_BITS, PUBLISHED, load_case, part_of, variants


def test_layers_are_timed_fast_and_on_the_general_engine_but_a_carousel() -> None:
    wanted = ["ideal", "small", "window of 64 edges", "carousel-64pe"]
    found = measure_fast("tfc", 1, wanted)
    assert [key.removeprefix("shipped: ") for key in found["machines"]] == ["ideal", "window of 64 edges"] + [
        name for name in sorted(found["shares"]) if name in wanted
    ]
    assert found["shares"]["window"] == found["shares"]["carousel"] == found["shares"]["banked"] == 1
    assert found["shares"]["finn-cnv"] == 0


def test_memory_is_measured_again_where_kernels_were_compiled() -> None:
    asked: list[str] = []

    def apart(task: str, repeats: int) -> dict[str, Any]:
        asked.append(task)
        figures = measure_memory(*task.removeprefix("memory:").split(" ", 1))
        return {**figures, "compiled": len(asked) == 1}

    found = measure_all_memory("tfc", apart)
    assert [task.removeprefix("memory:tfc ") for task in asked] == ["ideal", *found]
    assert all(0 < figures["loaded_mb"] <= figures["peak_mb"] for figures in found.values())


def test_a_convolution_is_measured_in_every_way() -> None:
    case = convolution_case(8, 16)
    assert case.edges() == 8 * 8 * 16 * 9 * 16
    figures = timings(case, 1)
    assert figures.keys() >= {
        "dense_s",
        "profile_s",
        "ideal_s",
        "banked_s",
        "compiled_edges_per_s",
        "peak_rss_mb",
    }
    assert all(value > 0 for value in figures.values())
    assert kernel_words_per_s(case, 1) > 0
    assert all(rate > 0 for rate in simpy_rates(case, load_architecture("ideal")).values())
    assert "147,456" in row("tiny", figures)


def test_the_variants_of_the_study_are_architectures() -> None:
    labels = [label for label, _ in variants(load_architecture("o3bnn-r"))]
    assert len(set(labels)) == len(ARRAYS) + len(CLOCKS_MHZ) + len(DRAM_BITS) + 1


def test_one_variant_of_each_kind_is_o3bnn_r_itself() -> None:
    base = load_architecture("o3bnn-r")
    assert sum(architecture == base for _, architecture in variants(base)) == 3


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_parts_of_a_network(name: str) -> None:
    case = load_case(name)
    parts = [part_of(case, layer) for layer in range(len(case.network.layers))]
    assert list(dict.fromkeys(parts)) == ["first layer (8 bit planes)", "binary convolutions", "dense layers"]


@pytest.mark.slow
def test_a_sweep_is_measured_with_one_process_and_with_two() -> None:
    figures = measure_sweep("fashion-vgg", 4)
    assert figures["points"] == 4
    assert all(figures[key] > 0 for key in ("sweep_1_job_s", "sweep_2_jobs_s", "sweep_cpu_s", "engine_cpu_s"))
