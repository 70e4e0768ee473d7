"""Every case has a golden of its own, in the same folder wherever the checkout is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from o3sim.checks.golden.case import Case
from o3sim.checks.golden.check import check, golden_folders
from o3sim.checks.golden.filing import golden_folder, record_in, recorded_folder
from o3sim.checks.golden.record import load_inputs
from tests.checks.golden.workload import write_workload

CHIP = "extends: o3bnn\npe: {count: 8, width_edges: 2}\n"


@pytest.fixture
def case(tmp_path: Path) -> Case:
    (tmp_path / "chip.yaml").write_text(CHIP)
    return Case(str(tmp_path / "chip.yaml"), str(write_workload(tmp_path)), images=2)


def _others(case: Case, folder: Path) -> Iterator[Case]:
    yield replace(case, images=1)
    yield replace(case, cycles=16)
    yield replace(case, layers=("conv1",))
    yield replace(case, layers=("conv1", "scores"))
    yield replace(case, image_file=str(folder / "images.npz"))
    yield replace(case, test="test_x.py::test_x[8]")
    for name in ("other.yaml", "sub/chip.yaml"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("name: chip\n" + CHIP.replace("8", "16"))
        yield replace(case, architecture=str(folder / name))


def test_different_cases_have_different_folders(case: Case, tmp_path: Path) -> None:
    cases = [case, *_others(case, tmp_path)]
    folders = [golden_folder(tmp_path / "goldens", each) for each in cases]
    assert all(one != other for one, other in combinations(folders, 2))
    assert {record_in(tmp_path / "goldens", load_inputs(each)) for each in cases} == set(folders)
    assert golden_folders(tmp_path / "goldens") == sorted(folders)
    assert [check(folder) for folder in folders] == [[]] * len(folders)


def test_the_order_of_layers_makes_no_other_case(case: Case, tmp_path: Path) -> None:
    names = [("conv1", "scores"), ("scores", "conv1"), ("scores", "conv1", "conv1")]
    assert len({golden_folder(tmp_path, replace(case, layers=layers)) for layers in names}) == 1


def test_what_inputs_hold_makes_no_other_case(case: Case, tmp_path: Path) -> None:
    folder = record_in(tmp_path / "goldens", load_inputs(case))
    (tmp_path / "chip.yaml").write_text("name: renamed\n" + CHIP.replace("8", "7"))
    (tmp_path / "tiny.yaml").write_text((tmp_path / "tiny.yaml").read_text().replace("name: tiny", "name: t"))
    assert recorded_folder(tmp_path / "goldens", load_inputs(case)) == folder
    report = check(folder)
    assert "  input changed: architecture (name, sha256)" in report
    assert "  input changed: workload (name)" in report


def test_it_does_not_depend_on_where_the_checkout_is(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = golden_folder(tmp_path / "goldens", case).name
    there = tmp_path / "there"
    there.mkdir()
    for name in ("chip.yaml", "tiny.yaml", "tiny.npz", "images.npz"):
        shutil.copy(tmp_path / name, there)
    monkeypatch.chdir(there)
    moved = replace(case, architecture="chip.yaml", workload="tiny.yaml")
    assert golden_folder(Path("goldens"), moved).name == here


def test_temporary_files_are_known_by_name_and_test(case: Case, tmp_path: Path) -> None:
    names = set()
    for run in ("run1", "run2"):
        (tmp_path / run).mkdir()
        shutil.copy(case.architecture, tmp_path / run / "chip.yaml")
        made = replace(
            case,
            architecture=str(tmp_path / run / "chip.yaml"),
            test="test_a",
            scratch=(str(tmp_path / run),),
        )
        names.add(golden_folder(tmp_path / "goldens", made).name)
    folder = record_in(tmp_path / "goldens", load_inputs(made))
    assert names == {folder.name}
    assert "run2" not in (folder / "manifest.json").read_text()


def test_one_layer_more_is_a_change_of_a_golden_of_all_layers(case: Case, tmp_path: Path) -> None:
    folder = record_in(tmp_path / "goldens", load_inputs(case))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["traces"]["layers"].remove("dense2")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "trace-01-dense2.txt.gz").unlink()
    assert check(folder)[1:] == ["  input changed: traces (layers)", "  layer dense2: no trace was recorded"]


def as_recorded_before(folder: Path, name: str) -> Path:
    """Turn a golden into one of manifest version 1, in a folder named as it was then."""
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    manifest["o3sim_golden"] = 1
    del manifest["o3sim_version"], manifest["traces"]["all_layers"]
    manifest["architecture"]["sha256"] = "of names too"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder.rename(folder.with_name(name))


def test_goldens_of_an_earlier_version_are_read_and_replaced(case: Case, tmp_path: Path) -> None:
    goldens, inputs = tmp_path / "goldens", load_inputs(case)
    older = as_recorded_before(record_in(goldens, inputs), "chip-tiny")
    assert check(older) == []
    assert recorded_folder(goldens, inputs) == older
    for other in _others(case, tmp_path):
        if not other.test:
            assert recorded_folder(goldens, load_inputs(other)) is None
    (tmp_path / "chip.yaml").write_text(CHIP.replace("8", "7"))
    report = check(older)
    assert report[1].startswith("  recorded by o3sim of a version that did not say, run by o3sim ")
    assert "    configuration.pe.count: 8 -> 7 (-12.50 %)" in report
    assert record_in(goldens, inputs).name.startswith("chip-tiny-")
    assert not older.exists()


def test_a_broken_golden_of_that_name_is_in_nobodys_way(case: Case, tmp_path: Path) -> None:
    goldens, inputs = tmp_path / "goldens", load_inputs(case)
    (goldens / "chip-tiny").mkdir(parents=True)
    (goldens / "chip-tiny" / "manifest.json").write_text("{")
    assert recorded_folder(goldens, inputs) is None
    assert record_in(goldens, inputs).is_dir()
    assert (goldens / "chip-tiny" / "manifest.json").read_text() == "{"
