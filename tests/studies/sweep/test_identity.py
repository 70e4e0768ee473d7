"""A sweep goes on only if all that its points are made from is as it was; otherwise nothing is touched."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from o3sim.errors import InputError
from o3sim.files import load_npz, save_npz
from o3sim.studies.sweep.expand import load_sweep
from o3sim.studies.sweep.run import Plan, plan_sweep, run_sweep
from tests.studies.sweep.samples import snapshot, write_sweep

SWEEP = """\
name: custom
architectures: [chip.yaml]
workloads: [tiny.yaml]
images: {count: 2}
axes: {issue_queue.depth_ops: [2, 4]}
"""
FILES = {
    "chip.yaml": """\
extends: small
scheduler: {policy: "policy.py:Mine"}
pe: {unit: "pe.py:Mine"}
energy: {table: lab.yaml}
""",
    "policy.py": """\
from o3sim.machine.policies import Policy
class Mine(Policy):
    def pick(self, view):
        import sys
        for op in view.entries:
            if view.ready(op):
                yield op
""",
    "pe.py": "from o3sim.machine.pe import PE\nclass Mine(PE): ...\n",
    "lab.yaml": "extends: base.yaml\n",
    "base.yaml": "extends: asic-45nm\nname: base\n",
}


def plan_of(folder: Path) -> Plan:
    return plan_sweep(load_sweep(folder / "sweep.yaml"))


@pytest.fixture
def swept(tmp_path: Path) -> Path:
    """A folder with a sweep of a machine of its own files, run into ``out``."""
    folder = tmp_path / "here"
    folder.mkdir()
    write_sweep(folder, SWEEP)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    run_sweep(plan_of(folder), folder / "out")
    return folder


def _text(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    return change


def _array(name: str, key: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        arrays = load_npz(folder / name)
        arrays[key] = np.roll(arrays[key], 1, axis=-1) if key != "y" else (arrays[key] + 1) % 3
        save_npz(folder / name, arrays)

    return change


CHANGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "policy": (
        _text("policy.py", "yield op\n", "yield op\n                return\n"),
        "points changed (policy.py)",
    ),
    "unit": (_text("pe.py", "...", "pass"), "points changed (pe.py)"),
    "table": (_text("lab.yaml", "base.yaml", "fpga-28nm"), "points changed (lab.yaml"),
    "extended table": (_text("base.yaml", "asic-45nm", "fpga-28nm"), "points changed (base.yaml"),
    "machine": (_text("chip.yaml", "extends: small", "extends: small\nclock_mhz: 7"), "points changed;"),
    "axis": (_text("sweep.yaml", "[2, 4]", "[2, 8]"), "points changed;"),
    "weights": (_array("tiny.npz", "conv_theta"), "workload changed;"),
    "images": (_array("images.npz", "x"), "images changed;"),
    "labels": (_array("images.npz", "y"), "labels changed;"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_refused_and_the_folder_left_as_it_was(swept: Path, what: str) -> None:
    change, message = CHANGES[what]
    before = snapshot(swept / "out")
    change(swept)
    with pytest.raises(InputError, match=re.escape(f"of another sweep or search: {message}")):
        run_sweep(plan_of(swept), swept / "out", resume=True)
    assert snapshot(swept / "out") == before


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("journal.jsonl", "{}\n", "of another sweep"),
        ("journal.jsonl", "nothing\n", "damaged"),
        ("journal.jsonl", None, "damaged"),
        ("profiles", None, "remove .* to make it again"),
    ],
)
def test_a_damaged_folder_is_refused_and_left_as_it_was(
    swept: Path, file: str, content: str | None, message: str
) -> None:
    out = swept / "out"
    if content is not None:
        (out / file).write_text(content)
    elif file == "profiles":
        (index,) = out.glob("profiles/*/index.json")
        index.write_text("{")
    else:
        (out / file).write_text((out / file).read_text() + "{}\n")
    before = snapshot(out)
    with pytest.raises(InputError, match=message):
        run_sweep(plan_of(swept), out, resume=True)
    assert snapshot(out) == before


def test_files_that_moved_are_the_same(swept: Path) -> None:
    before = (swept / "out" / "results.csv").read_text()
    there = swept.with_name("there")
    shutil.move(swept, there)
    shutil.move(there / "policy.py", there / "renamed.py")
    _text("chip.yaml", "policy.py", "renamed.py")(there)
    _text("chip.yaml", "extends", "name: chip\ndescription: a remark\nextends")(there)
    run_sweep(plan_of(there), there / "out", resume=True)
    after = (there / "out" / "results.csv").read_text()
    assert _column(before, "architecture_sha256") == _column(after, "architecture_sha256")


def _column(table: str, name: str) -> list[str]:
    header, *rows = (line.split(",") for line in table.splitlines())
    return [row[header.index(name)] for row in rows]


def test_machines_that_compute_the_same_are_one_point(swept: Path) -> None:
    for name in ("one", "two"):
        shutil.copy(swept / "lab.yaml", swept / f"{name}.yaml")
    tables = [str(swept / f"{name}.yaml") for name in ("one", "two")]
    _text("sweep.yaml", "[2, 4]", f"[2, 4]\n  energy.table: {tables}")(swept)
    _text("sweep.yaml", "axes: {", "axes:\n  ")(swept)
    _text("sweep.yaml", "]}", "]")(swept)
    expansion = plan_of(swept).expansion
    assert (len(expansion.points), expansion.repeated) == (2, 2)


def test_a_policy_that_changes_under_way_ends_the_sweep_before_its_points_count(swept: Path) -> None:
    out = swept / "new"

    def edit(_what: str, done: int, _total: int) -> None:
        if out.joinpath("journal.jsonl").exists() and done == 0:
            _text("policy.py", "yield op\n", "yield op\n                return\n")(swept)

    with pytest.raises(
        InputError, match=r"policy\.py: changed meanwhile; change it back and go on with --resume"
    ):
        run_sweep(plan_of(swept), out, progress=edit)
    assert (out / "journal.jsonl").read_bytes().count(b"\n") == 1
    assert not (out / "results.csv").exists()
    (swept / "policy.py").write_text(FILES["policy.py"])
    run_sweep(plan_of(swept), out, resume=True)
    assert (out / "results.csv").read_bytes() == (swept / "out" / "results.csv").read_bytes()


def test_a_table_changed_between_two_sweeps_of_a_process_is_read_again(swept: Path) -> None:
    _text("base.yaml", "asic-45nm", "fpga-28nm")(swept)
    run_sweep(plan_of(swept), swept / "new")
    tables = [(swept / folder / "results.csv").read_text() for folder in ("out", "new")]
    assert _column(tables[0], "cycles") == _column(tables[1], "cycles")
    assert _column(tables[0], "energy_pj.pe") != _column(tables[1], "energy_pj.pe")
