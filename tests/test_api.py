"""What scripts and notebooks call."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import o3sim
from o3sim.errors import ConfigError, InputError
from o3sim.network.load import load_network, load_workload, workload_images
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
    for frame in (outcome.to_frame(), outcome.layers_frame()):
        assert "object" not in {str(dtype) for dtype in frame.dtypes}


def test_a_mapping_is_checked_like_a_file() -> None:
    with pytest.raises(ConfigError, match=r"^sweep: axis: unknown key .*did you mean `axes`"):
        o3sim.sweep({"axis": {}, **SWEEP})


def test_no_images_are_refused(here: Path) -> None:
    with pytest.raises(InputError, match="0 images"):
        o3sim.simulate("small", "tiny.yaml", images=0)


def test_a_machine_is_read_and_changed(here: Path) -> None:
    made = o3sim.architecture("small", {"pe.count": 4})
    assert isinstance(made, o3sim.Architecture)
    assert made == o3sim.architecture("small").with_({"pe": {"count": 4}})
    (here / "mine.yaml").write_text("extends: small\nname: mine\n")
    assert o3sim.architecture(here / "mine.yaml").name == o3sim.architecture("mine.yaml").name == "mine"
    with pytest.raises(InputError, match=r"no architecture key `pe.cuont` \(did you mean `pe.count`"):
        o3sim.architecture("small", {"pe.cuont": 4})


def test_a_control_is_derived_from_the_machine_that_is_given(here: Path) -> None:
    machine = o3sim.architecture("small", {"pe.count": 4})
    assert o3sim.control(machine, "dense").pe == machine.pe
    assert o3sim.control("small", "in-order") == o3sim.control(o3sim.architecture("small"), "in-order")
    with pytest.raises(InputError, match=r"no control `dens` \(did you mean `dense`\?\)"):
        o3sim.control(machine, "dens")
    with pytest.raises(InputError, match=r"^control: expected its name, found 3"):
        o3sim.control(machine, 3)  # type: ignore[arg-type]  # what is refused


def test_a_changed_machine_is_the_one_that_runs(here: Path) -> None:
    few = o3sim.simulate(o3sim.architecture("small", {"pe.count": 1}), "tiny.yaml")
    assert few.configuration["pe"]["count"] == 1
    assert few.cycles > o3sim.simulate("small", "tiny.yaml").cycles
    point = {**SWEEP, "axes": {"pe.count": [1]}, "images": {"count": 1}}
    assert o3sim.sweep(point).rows[0]["cycles"] == few.cycles


def test_a_machine_that_is_not_valid_does_not_run(here: Path) -> None:
    broken = o3sim.architecture("small")
    object.__setattr__(broken.pe, "count", 0)
    with pytest.raises(InputError, match=r"pe\.count: expected a number >= 1"):
        o3sim.simulate(broken, "tiny.yaml")
    with pytest.raises(InputError, match="scheduler: required, but absent"):
        o3sim.simulate(o3sim.Architecture.model_construct(name="x"), "tiny.yaml")


def test_arrays_are_run_as_files_are(here: Path) -> None:
    files = load_workload("tiny.yaml")
    network = load_network(files)
    images = workload_images(files, network, count=2)
    labels = None if images.y is None else images.y.tolist()
    whole = o3sim.simulate("small", "tiny.yaml", images=2)
    assert o3sim.simulate("small", network, images.x, labels=labels) == whole
    assert o3sim.simulate("small", "tiny.yaml", images.x, labels=labels, jobs=2) == whole
    assert o3sim.simulate("small", network, 2, image_file=here / "images.npz") == whole


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            {"architecture": 7},
            "architecture: expected a name, a path or one of `o3sim.architecture`, found 7",
        ),
        ({"workload": 7}, "workload: expected a name, a path or a Network, found 7"),
        ({"images": "4"}, "images: expected a whole number or an array of images, found '4'"),
        ({"images": 2.0}, "images: expected a whole number"),
        ({"images": True}, "images: expected a whole number"),
        ({"images": -1}, "-1 images asked for"),
        ({"images": np.zeros((2, 8, 8))}, "x: expected uint8 images"),
        ({"images": np.zeros((2, 3, 3), np.uint8)}, "x: expected uint8 images"),
        ({"labels": [1]}, "labels: of images in an array only"),
        ({"image_file": 7}, "image_file: expected a name or a path, found 7"),
        ({"image_file": "none.npz"}, "none.npz"),
        ({"jobs": 0}, "0 jobs asked for"),
        ({"jobs": "2"}, "jobs: expected a whole number, found '2'"),
        ({"engine": "simpi"}, "no engine `simpi`"),
        ({"engine": ["simpy"]}, "engine: expected its name"),
    ],
)
def test_what_simulate_is_given_is_checked(here: Path, arguments: dict[str, Any], says: str) -> None:
    given: dict[str, Any] = {"architecture": "small", "workload": "tiny.yaml", **arguments}
    with pytest.raises(InputError, match=says):
        o3sim.simulate(**given)


def test_arrays_and_networks_are_checked(here: Path) -> None:
    network = load_network(load_workload("tiny.yaml"))
    images = np.zeros((2, *network.input_shape), np.uint8)
    for arguments, says in (
        ({"labels": [1]}, "expected integers"),
        ({"labels": [1, 99]}, "labels from 1 to 99"),
        ({"labels": [[1], [1, 2]]}, "labels: "),
        ({"image_file": "images.npz"}, "given as an array already"),
    ):
        with pytest.raises(InputError, match=says):
            o3sim.simulate("small", network, images, **arguments)
    with pytest.raises(InputError, match="a Network comes without"):
        o3sim.simulate("small", network, 2)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"what": 7}, "sweep: expected a name, a path or a mapping, found 7"),
        ({"output": 7}, "output: expected a name or a path"),
        ({"jobs": 0}, "0 jobs asked for"),
        ({"jobs": 1.0}, "jobs: expected a whole number"),
        ({"resume": True}, "resume: there is nothing to go on with"),
        ({"what": {**SWEEP, "name": object()}}, "no value that a file can state"),
    ],
)
def test_what_sweep_is_given_is_checked(here: Path, arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        o3sim.sweep(**{"what": SWEEP, **arguments})


def test_a_mapping_takes_values_of_scripts(here: Path) -> None:
    depths = {"issue_queue.depth_ops": np.arange(1, 4)}
    made = o3sim.sweep({**SWEEP, "axes": depths, "workloads": (here / "tiny.yaml",)})
    assert made.rows == o3sim.sweep(SWEEP).rows


def test_what_is_public_is_there() -> None:
    assert set(o3sim.__all__) <= set(dir(o3sim))
    for name in o3sim.__all__:
        assert getattr(o3sim, name).__doc__


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, o3sim; assert not {'numpy', 'numba', 'pydantic'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute `nothing`"):
        _ = o3sim.nothing


def test_problems_of_a_mapping_name_its_keys_and_no_file(tmp_path: Path) -> None:
    from o3sim import sweep

    base = {"name": "x", "architectures": ["small"], "workloads": ["fashion-vgg"]}
    for axes in ({"pe.cnt": [1]}, {"pe.count": [0]}):
        with pytest.raises(InputError) as caught:
            sweep({**base, "axes": axes})
        assert str(caught.value).startswith("sweep: axes.pe.c")
    with pytest.raises(InputError, match=r"^sweep: nosuch: unknown key"):
        sweep({**base, "nosuch": 1})
