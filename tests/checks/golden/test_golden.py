"""Goldens of users: recorded, checked, moved, broken."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from o3sim.checks.golden.case import Case, case_of, read_manifest
from o3sim.checks.golden.check import check, golden_folders
from o3sim.checks.golden.filing import record_in
from o3sim.checks.golden.record import load_inputs, record
from o3sim.compiled.run import Engine
from o3sim.errors import InputError
from o3sim.files import save_npz
from tests.checks.golden.workload import write_workload
from tests.sample_runs import images

CHIP = "extends: o3bnn\npe: {count: 8, width_edges: 2}\n"


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A machine and a network in files."""
    (tmp_path / "chip.yaml").write_text(CHIP)
    return Case(str(tmp_path / "chip.yaml"), str(write_workload(tmp_path)), ("conv1", "2"), images=2)


@pytest.fixture
def golden(case: Case, tmp_path: Path) -> Path:
    """Its golden, in a folder of folders."""
    return record_in(tmp_path / "goldens", load_inputs(case))


def test_what_is_recorded_is_as_recorded(golden: Path) -> None:
    assert golden_folders(golden.parent) == golden_folders(golden) == [golden]
    assert check(golden) == []


def test_files_are_small_and_say_nothing_of_this_machine(golden: Path, tmp_path: Path) -> None:
    names = sorted(path.name for path in golden.iterdir())
    assert names == ["manifest.json", "result.json", "trace-00-conv1.txt.gz", "trace-02-scores.txt.gz"]
    for path in golden.iterdir():
        raw = path.read_bytes()
        text = gzip.decompress(raw) if path.suffix == ".gz" else raw
        assert str(tmp_path).encode() not in text
        assert len(raw) < 20_000
    manifest = json.loads((golden / "manifest.json").read_text())
    assert manifest["architecture"]["source"] == "../../chip.yaml"
    assert manifest["traces"] == {"layers": ["conv1", "scores"], "all_layers": False, "cycles": 128}
    assert manifest["o3sim_version"] == version("o3sim")


def test_recording_again_gives_the_same_bytes_and_clears_old_traces(case: Case, golden: Path) -> None:
    before = {path.name: path.read_bytes() for path in golden.iterdir()}
    (golden / "trace-07-old.txt.gz").write_bytes(b"")
    (golden / "NOTES.md").write_text("why")
    record(load_inputs(case), golden)
    assert {path.name: path.read_bytes() for path in golden.iterdir()} == {**before, "NOTES.md": b"why"}
    assert list(golden.parent.iterdir()) == [golden]


@pytest.mark.parametrize("failing", ["write_atomic", "open_trace"])
def test_a_recording_that_fails_leaves_the_old_one_whole(
    case: Case, golden: Path, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_bytes() for path in golden.iterdir()}

    def full(*_: object) -> None:
        raise InputError("No space left on device")

    monkeypatch.setattr(f"o3sim.checks.golden.record.{failing}", full)
    with pytest.raises(InputError, match="No space left"):
        record(load_inputs(case), golden)
    assert {path.name: path.read_bytes() for path in golden.iterdir()} == before
    assert list(golden.parent.iterdir()) == [golden]


KILLED = """\
import os, signal, sys
from pathlib import Path
from o3sim.checks.golden import record as recording
from o3sim.checks.golden.case import Case

def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)

recording.write_atomic = kill
recording.record(recording.load_inputs(Case(*sys.argv[1:3], images=2)), Path(sys.argv[3]))
"""


def test_a_recording_that_is_killed_leaves_the_old_one_whole(case: Case, golden: Path) -> None:
    before = {path.name: path.read_bytes() for path in golden.iterdir()}
    command = [sys.executable, "-c", KILLED, case.architecture, case.workload, str(golden)]
    assert subprocess.run(command, check=False, timeout=120).returncode == -signal.SIGKILL
    assert {path.name: path.read_bytes() for path in golden.iterdir()} == before
    assert len(list(golden.parent.iterdir())) == 2
    assert golden_folders(golden.parent) == [golden]
    assert check(golden) == []
    record(load_inputs(case), golden)
    assert list(golden.parent.iterdir()) == [golden]


def test_every_image_is_run_once(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    run_layer = Engine.run_layer

    def noting(self: Engine, *arguments: Any) -> Any:
        ran.append(arguments[0].name)
        return run_layer(self, *arguments)

    monkeypatch.setattr(Engine, "run_layer", noting)
    record(load_inputs(case), tmp_path / "golden")
    assert ran == ["conv1", "dense2", "scores"] * 2


def test_goldens_hold_wherever_the_checkout_is(
    golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = tmp_path.with_name(tmp_path.name + "-moved")
    os.rename(tmp_path, moved)
    monkeypatch.chdir(moved / "goldens")
    try:
        assert check(Path(golden.name)) == []
        monkeypatch.chdir("/")
        assert check(moved / "goldens" / golden.name) == []
    finally:
        os.rename(moved, tmp_path)


def test_a_machine_that_moved(golden: Path, tmp_path: Path) -> None:
    (tmp_path / "chip.yaml").write_text(CHIP.replace("8", "7"))
    report = check(golden)
    assert report[0] == "chip on tiny: not as recorded"
    assert "  input changed: architecture (sha256)" in report
    assert "    configuration.pe.count: 8 -> 7 (-12.50 %)" in report
    at = report.index("  layer conv1:")
    assert report[at + 1].startswith("    cycles: ")
    assert report[at + 1].endswith(" %)")
    traces = [line for line in report if ": trace differs" in line]
    assert traces[0].startswith("  layer conv1, cycle ")
    assert any(line.startswith("      A ") for line in report)


def test_a_result_that_moved_while_the_inputs_did_not(golden: Path) -> None:
    """As after a change of the simulator: here the record is changed in its place."""
    result = json.loads((golden / "result.json").read_text())
    result["layers"][1]["cycles"] += 100
    (golden / "result.json").write_text(json.dumps(result))
    report = check(golden)
    assert report[1] == "  layer dense2:"
    assert report[2].startswith("    cycles: ")
    assert len(report) == 3


def test_a_trace_that_moved(golden: Path) -> None:
    path = golden / "trace-00-conv1.txt.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b" pe3 1\n", b" pe3 0\n", 1)))
    report = check(golden)
    assert report[1].startswith("  layer conv1, cycle ")
    assert "trace differs (A: recorded, B: now)" in report[1]


def test_changed_images_are_named(golden: Path, tmp_path: Path) -> None:
    save_npz(tmp_path / "images.npz", {"x": images(4, seed=9)})
    assert "  input changed: images (sha256)" in check(golden)


def test_own_images(case: Case, tmp_path: Path) -> None:
    save_npz(tmp_path / "own.npz", {"x": images(1, seed=9)})
    own = Case(case.architecture, case.workload, (), 1, str(tmp_path / "own.npz"), 16)
    record(load_inputs(own), tmp_path / "golden")
    manifest = read_manifest(tmp_path / "golden")
    assert manifest["images"]["file"] == "../own.npz"
    assert case_of(manifest, tmp_path / "golden").image_file == str(tmp_path / "own.npz")
    assert check(tmp_path / "golden") == []


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("manifest.json", "", "is no manifest of a golden"),
        ("manifest.json", "[]", "is no manifest of a golden of version 1"),
        ("manifest.json", '{"o3sim_golden": 3}', "of version 1 to 2, but of 3"),
        ("manifest.json", '{"o3sim_golden": 1}', "is incomplete: 'images'"),
        ("result.json", '{"schema', "is cut off or no JSON"),
        ("trace-00-conv1.txt.gz", "# o3sim", "is cut off within this line"),
    ],
)
def test_broken_goldens(golden: Path, file: str, content: str, message: str) -> None:
    (golden / file).write_text(content)
    with pytest.raises(InputError, match=message):
        check(golden)


def test_missing_files(golden: Path, tmp_path: Path) -> None:
    (golden / "trace-00-conv1.txt.gz").unlink()
    assert "  layer conv1: no trace was recorded" in check(golden)
    (golden / "result.json").unlink()
    with pytest.raises(InputError, match=r"result\.json: cannot be read"):
        check(golden)
    (tmp_path / "chip.yaml").unlink()
    with pytest.raises(InputError, match="no such file"):
        check(golden)
    with pytest.raises(InputError, match="no golden in it; make one with `o3sim golden record`"):
        golden_folders(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layers": ("conv9",)}, "no layer `conv9`"),
        ({"cycles": 0}, "0 cycles of trace asked for, expected 1 to 1,000,000,000"),
        ({"cycles": 99999999999999999999}, "99,999,999,999,999,999,999 cycles of trace"),
        ({"images": 9}, "9 images"),
    ],
)
def test_cases_that_cannot_be(case: Case, changes: dict[str, object], message: str) -> None:
    from dataclasses import replace

    with pytest.raises(InputError, match=message):
        load_inputs(replace(case, **changes))  # type: ignore[arg-type]
