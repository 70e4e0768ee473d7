"""The strict model of an outcome takes all that machines of any kind give, as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from o3sim.config.architecture import Architecture
from o3sim.config.catalog import names
from o3sim.config.load import load_architecture
from o3sim.profile.ordering.calls import choose_bound
from o3sim.profile.ordering.samples import sample_layers
from o3sim.profile.ordering.workload import with_calls
from o3sim.runs.case import load_case, stored_case, with_words
from o3sim.runs.tasks import PointTask, evaluate
from o3sim.studies.outcome_model import outcome_of
from tests.network.samples import write_tiny

STAGES = "organization: layer_pipelined\nstages: [{pe: {count: 2}}, {}, {}]\n"
MACHINES = {
    "pipe": STAGES,
    "calling": "pruning: {speculative: true}\n",
    "calling-pipe": f"pruning: {{speculative: true}}\n{STAGES}",
}


def _called(folder: Path) -> Path:
    """Write the tiny workload with bounds to call outcomes by."""
    case = load_case(write_tiny(folder))
    calls = {
        samples.layer.name: choose_bound(samples, 32, 0.1)
        for samples in sample_layers(case.network, list(case.images.x))
    }
    with_calls(case.files, calls, folder / "called").write(folder / "called")
    return folder / "called.yaml"


def _taken_as_it_was(architecture: Architecture, folder: Path, images: int) -> None:
    case = load_case(_called(folder), count=images)
    kind = architecture.pruning.speculative
    stored = with_words(stored_case(case, folder / "profiles", [kind]), case, [architecture])
    outcome = evaluate(PointTask(3, architecture, stored))
    assert outcome.error == ""
    assert outcome_of(json.loads(json.dumps(vars(outcome)))) == outcome


SHIPPED = [name for name in names("architecture") if not load_architecture(name).stages]
"""Without those whose stages are for a network of nine layers."""


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_machines(tmp_path: Path, name: str) -> None:
    _taken_as_it_was(load_architecture(name), tmp_path, 2)


@pytest.mark.parametrize("images", [1, 3])
@pytest.mark.parametrize("name", MACHINES)
def test_pipelines_and_machines_that_call_outcomes(tmp_path: Path, name: str, images: int) -> None:
    (tmp_path / "m.yaml").write_text(f"extends: small\nname: m\n{MACHINES[name]}")
    _taken_as_it_was(load_architecture(tmp_path / "m.yaml"), tmp_path, images)
