"""Made-up counters and results for the tests of energy, results and reports."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.area.clock import Clock
from o3sim.area.pieces import Taken
from o3sim.config.architecture import Architecture
from o3sim.config.load import load_architecture
from o3sim.contract.counters import PE_CYCLE_CAUSES, LayerCounters
from o3sim.energy.model import EnergyModel
from o3sim.energy.table import load_table
from o3sim.network.layer import Geometry, Layer, Pool
from o3sim.network.network import Network
from o3sim.network.preprocess import BinaryInput
from o3sim.results.area import area_figures
from o3sim.results.images import ImageResult
from o3sim.results.pipeline import PipelineFigures, StageFigures
from o3sim.results.resident import ResidentFigures
from o3sim.results.result import RunResult, Subject, run_result


def architecture(name: str = "o3bnn", **changes: dict[str, Any]) -> Architecture:
    """The shipped ``o3bnn-64pe`` under a name, its weights streamed, with changed keys by unit."""
    data = load_architecture("o3bnn-64pe").with_({"weight_buffer.resident_kbit": 0}).model_dump()
    for unit, keys in changes.items():
        data[unit] = {**data[unit], **keys}
    return Architecture.model_validate({**data, "name": name})


def counters(name: str = "conv1", scale: int = 1, pes: int = 64) -> LayerCounters:
    """Counters that keep the invariants, all of different size."""
    filled = LayerCounters(
        name,
        cycles=1000 * scale,
        ops=200 * scale,
        dispatched=190 * scale,
        issued=180 * scale,
        retired=150 * scale,
        squashed_sequencer=10 * scale,
        squashed_queue=10 * scale,
        squashed_pe=30 * scale,
        edges_total=115_200 * scale,
        edges_executed=90_000 * scale,
        edges_wasted=9_000 * scale,
        edges_pruned_threshold=5_200 * scale,
        edges_pruned_pooling=20_000 * scale,
        words_executed=1_500 * scale,
        activation_reads=1_400 * scale,
        line_buffer_reads=0,
        weight_reads=300 * scale,
        activation_requests=1_500 * scale,
        weight_requests=1_500 * scale,
        threshold_reads=180 * scale,
        queue_writes=190 * scale,
        queue_reads=180 * scale,
        scoreboard_reads=200 * scale,
        scoreboard_writes=150 * scale,
        threshold_compares=1_500 * scale,
        addend_words=70 * scale,
        sums=150 * scale,
        output_bits=50 * scale,
        sum_bits=2_400 * scale,
        constant_bits=5_760 * scale,
        dram_bits=18_432 * scale,
        order_bits=700 * scale,
    )
    filled.pe_cycles.update({cause: 100 * scale + i for i, cause in enumerate(PE_CYCLE_CAUSES)})
    filled.pe_cycles["drain"] += pes * filled.cycles - sum(filled.pe_cycles.values())
    return filled


def result(name: str = "o3bnn", scale: int = 1, labels: tuple[int, ...] | None = (9, 2)) -> RunResult:
    """A result of two layers on two images, ``scale`` times as long as the base one."""
    machine = architecture(name)
    model = EnergyModel(machine, load_table(machine.energy.table))
    first, second = labels or (None, None)
    images = (
        ImageResult(1000 * scale, 9, first, (0.0, 2.5), 300.0 * scale),
        ImageResult(2000 * scale, 3, second, (1.0, -1.0), 500.0 * scale),
    )
    subject = Subject("fashion-vgg", "0123abcd", images)
    layers = [counters("conv1", scale), counters("scores", 2 * scale)]
    return run_result(machine, model, subject, layers, [True, True])


def with_area(run: RunResult) -> RunResult:
    """The run of a machine of 1,500 look-up tables."""
    return replace(
        run, area=area_figures(Taken(1500, 90, 4.5), Clock(40.0, "select"), run.images_per_s, run.clock_mhz)
    )


def pipeline_result() -> RunResult:
    """The base result as if its two layers were stages of a pipeline."""
    stages = (StageFigures("conv1", 64, 32, 900.0, 0, 0.0), StageFigures("scores", 64, 32, 1900.0, 3, 1.5))
    return replace(result(), pipeline=PipelineFigures(3500, 2000.0, 5500, "scores", stages))


def resident_result() -> RunResult:
    """The base result as if the weights of its second layer stayed on the chip."""
    return replace(result(), resident=ResidentFigures(("scores",), 77, 18_432, 1234.5))


def network(seed: int = 1) -> Network:
    """A small network with random weights: binary input, a pooled convolution, three classes."""
    random = np.random.default_rng(seed)
    conv = Geometry("conv", 8, 8, 1, 6, 3, 3, padding_pixels=1, pool=Pool(2, 2))
    dense = Geometry("dense", 1, 1, 96, 10)
    scores = Geometry("dense", 1, 1, 10, 3)
    return Network(
        name="tiny",
        input=BinaryInput(128),
        input_shape=(8, 8, 1),
        layers=(
            Layer("conv1", conv, _weights(random, conv), random.integers(-3, 4, 6)),
            Layer("dense2", dense, _weights(random, dense), random.integers(-9, 10, 10)),
            Layer("scores", scores, _weights(random, scores), None, scores=True),
        ),
        classes=("a", "b", "c"),
    )


def images(count: int, seed: int = 2) -> NDArray[np.uint8]:
    """Images for :func:`network`, all of noise."""
    return np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 1), np.uint8)


def _weights(random: np.random.Generator, geometry: Geometry) -> NDArray[np.uint64]:
    bits = np.zeros((geometry.out_channels, geometry.words_per_neuron * 64), np.uint8)
    bits[:, : geometry.fan_in] = random.integers(0, 2, (geometry.out_channels, geometry.fan_in))
    return np.packbits(bits, axis=1, bitorder="little").view("<u8").astype(np.uint64)
