"""The published CIFAR-10 network ships trained, at its full width, and prunes what its logs say."""

from __future__ import annotations

import json

import pytest

from o3sim.config.catalog import folder
from o3sim.network.load import layer_shapes, load_workload
from o3sim.profile.survey import survey
from o3sim.runs.case import load_case
from tests.shared_data import data_folder

NAMES = [f"cifar-vgg-{order}{kind}" for order in ("bn-pool", "pool-bn") for kind in ("", "-regularised")]
WORD_EDGES = 32


@pytest.mark.parametrize("name", NAMES)
def test_it_is_the_topology_by_that_name_with_parameters(name: str) -> None:
    topology = [shape[1] for shape in layer_shapes(load_workload("vgg-like-cifar10").workload)]
    shapes = [shape[1] for shape in layer_shapes(load_workload(name).workload)]
    assert shapes == topology
    assert load_workload(name).parameters == folder("workload") / f"{name}.npz"


@pytest.mark.parametrize("name", NAMES)
def test_it_prunes_what_its_log_says(name: str) -> None:
    """On the same test images to the last digit of the log, so these are the parameters that it is of."""
    logged = json.loads((folder("workload") / "training" / f"{name}.jsonl").read_text().splitlines()[-1])
    images = data_folder() / "images" / "cifar10_test500.npz"
    case = load_case(name, images, logged["images_profiled"])
    total = survey(case.network, case.images, (WORD_EDGES,)).total
    found = 100 * (1 - total.both[WORD_EDGES] / total.edges)
    assert found == pytest.approx(logged["pruned_percent"], abs=1e-6)
