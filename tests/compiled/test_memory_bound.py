"""Memory is bounded by a layer: so many bytes an op while it runs, and next to none for the next image."""

from __future__ import annotations

import gc
import tracemalloc
from functools import cache

import pytest

from o3sim.compiled.carousel.run import run_layers as run_carousel
from o3sim.compiled.fast.memory import _shape_of
from o3sim.compiled.run import run_layers
from o3sim.config.dispatch import CAROUSEL
from o3sim.config.load import load_architecture
from o3sim.config.workload import ParameterRecipe
from o3sim.contract.plan import cut_layers
from o3sim.contract.program_order import window_members
from o3sim.contract.task_lists import _task_lists
from o3sim.contract.word_addresses import word_addresses
from o3sim.network.layer import Geometry
from o3sim.network.preprocess import BinaryInput
from o3sim.network.synthetic_images import synthetic_images
from o3sim.network.synthetic_parameters import synthetic_layers
from o3sim.profile.profile import LayerProfile, profile_layer

SIDE, IN_CHANNELS, OUT_CHANNELS = 32, 16, 64
OPS = SIDE * SIDE * OUT_CHANNELS
"""Of a layer without a pool, each of whose ops is a window, and a task."""


@cache
def profile() -> LayerProfile:
    geometry = Geometry("conv", SIDE, SIDE, IN_CHANNELS, OUT_CHANNELS, 3, 3, 1, 1, "-1", 1)
    shape, spec = (SIDE, SIDE, IN_CHANNELS), BinaryInput(128)
    recipe = ParameterRecipe(seed=1, ones=0.5, calibration_images=1)
    (layer,) = synthetic_layers(recipe, spec, shape, [("conv", geometry, False)])
    return profile_layer(layer, spec.encode(synthetic_images(1, 1, shape)[0]))


@pytest.mark.parametrize(
    ("machine", "most_bytes", "most_kept_bytes"),
    [
        ("ideal", 9, 1),
        ("o3bnn-64pe", 15, 1),
        ("window-64pe", 15, 1),
        ("group-64pe", 22, 5),  # each task is listed with the group that it is bound to
        ("carousel-64pe", 22, 1),
    ],
)
def test_an_op_takes_a_few_bytes(machine: str, most_bytes: int, most_kept_bytes: int) -> None:
    arch = load_architecture(machine)
    cuts = cut_layers(arch, [profile()])
    run = run_carousel if arch.scheduler.dispatch == CAROUSEL else run_layers
    run(arch, cuts, [profile()])  # loads what is loaded once
    for known in (_shape_of, _task_lists, window_members, word_addresses):
        known.cache_clear()
    gc.collect()
    tracemalloc.start()
    try:
        run(arch, cuts, [profile()])
        gc.collect()
        kept_bytes, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < most_bytes * OPS
    assert kept_bytes < most_kept_bytes * OPS
