"""What scripts and notebooks call."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import o3sim
from o3sim.errors import ConfigError, InputError
from o3sim.results.result_table import load_results
from tests.network.samples import write_tiny

SWEEP = {
    "name": "small",
    "architectures": ["small"],
    "workloads": ["tiny.yaml"],
    "images": {"count": 2},
    "axes": {"issue_queue.depth_ops": {"from": 1, "to": 3, "step": 1}},
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_tiny(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_run_is_typed_and_turns_into_a_frame(here: Path) -> None:
    pytest.importorskip("pandas", reason="needs the extra `frames`")
    result = o3sim.simulate("small", here / "tiny.yaml", images=2)
    frame = result.to_frame()
    assert list(frame["layer"]) == [layer.name for layer in result.layers]
    assert frame["cycles"].sum() == result.cycles
    assert frame["edges.total"].sum() == result.edges.total


def test_engines_agree(here: Path) -> None:
    assert o3sim.simulate("small", "tiny.yaml", engine="simpy") == o3sim.simulate("small", "tiny.yaml")


def test_a_sweep_from_a_mapping_is_that_of_a_file(here: Path) -> None:
    pytest.importorskip("pandas", reason="needs the extra `frames`")
    outcome = o3sim.sweep(SWEEP)
    kept = o3sim.sweep(SWEEP, here / "out")
    assert outcome.rows == kept.rows
    assert [int(row["cycles"]) for row in load_results(here / "out").rows] == list(
        outcome.to_frame()["cycles"]
    )
    assert len(outcome.layers_frame()) == len(outcome.layers)


def test_a_mapping_is_checked_like_a_file() -> None:
    with pytest.raises(ConfigError, match=r"sweep.yaml:\d+:\d+: axis: unknown key .*did you mean `axes`"):
        o3sim.sweep({"axis": {}, **SWEEP})


def test_no_images_are_refused(here: Path) -> None:
    with pytest.raises(InputError, match="0 images"):
        o3sim.simulate("small", "tiny.yaml", images=0)


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, o3sim; assert not {'numpy', 'numba', 'pydantic'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute `nothing`"):
        _ = o3sim.nothing
