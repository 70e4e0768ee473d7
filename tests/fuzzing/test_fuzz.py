"""The project's fuzzer: many cases end as they should, and what must not happen is noticed when it does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import numpy as np
import pytest

from o3sim.errors import InputError
from scripts.fuzzing import runner
from scripts.fuzzing.cases import Case, prepare
from scripts.fuzzing.kinds import KINDS, OPTIONS
from scripts.fuzzing.mutate import CHANGES
from scripts.fuzzing.places import misplace
from scripts.fuzzing.runner import run_case
from scripts.fuzzing.verdicts import MOST_MEMORY_BYTES, Ending, faults

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_500_damaged_files_and_calls_end_as_they_should(tmp_path: Path) -> None:
    def half(first: int) -> subprocess.CompletedProcess[str]:
        words = ["--seed", "1", "--first", str(first), "--cases", "250", "-o", str(tmp_path)]
        return subprocess.run(
            [sys.executable, "-m", "scripts.fuzzing", *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=900,
        )

    with ThreadPoolExecutor(2) as pool:
        for done in pool.map(half, (0, 250)):
            assert done.returncode == 0, done.stdout
            counted = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("all ")]
            assert counted == ["250", "250"], "by what is damaged, and by command"


def ended(folder: Path, call: Callable[[], object], limit_s: float = 20) -> Ending:
    (folder / "files").mkdir()
    return run_case(call, folder, limit_s)


def refuse() -> None:
    print("error: tiny.yaml: no such file", file=sys.stderr)
    sys.exit(2)


def test_a_refusal_in_a_line_is_no_fault(tmp_path: Path) -> None:
    ending = ended(tmp_path, refuse)
    assert (ending.status, ending.err) == (2, "error: tiny.yaml: no such file\n")
    assert faults(["run"], ending) == []


def test_a_traceback_is_one(tmp_path: Path) -> None:
    def call() -> None:
        raise KeyError("cycles")

    ending = ended(tmp_path, call)
    assert ending.status == 1
    assert faults(["run"], ending) == ["exit 1", "traceback"]


def test_an_error_that_nothing_tells_is_one(tmp_path: Path) -> None:
    assert faults(["run"], ended(tmp_path, lambda: sys.exit(2))) == ["silence"]


def test_a_hang_is_one_and_is_ended(tmp_path: Path) -> None:
    began = time.monotonic()
    ending = ended(tmp_path, lambda: time.sleep(60), limit_s=0.5)
    assert time.monotonic() - began < 30
    assert faults(["run"], ending) == ["hang"]
    assert "in call" in ending.err or "lambda" in ending.err, "it tells where"


def test_a_signal_is_one(tmp_path: Path) -> None:
    assert faults(["run"], ended(tmp_path, lambda: os.kill(os.getpid(), signal.SIGKILL))) == ["signal 9"]


def test_memory_is_limited_and_measured(tmp_path: Path) -> None:
    ending = ended(tmp_path, lambda: np.ones(2**35, np.uint8))
    assert "memory" in faults(["run"], ending)
    assert faults(["run"], Ending(0, "", "", memory_bytes=MOST_MEMORY_BYTES + 1)) == ["memory"]


@pytest.mark.parametrize(
    "name", [".out.json.ab3x_12z.tmp", ".golden.ab3x_12z.old", ".8716a4eb.1234", "o3sim-12-ab3x_12z/owner"]
)
def test_temporary_files_are_faults_and_others_are_not(tmp_path: Path, name: str) -> None:
    def call() -> None:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
        Path("out.json").touch()

    (fault,) = faults(["run"], ended(tmp_path, call))
    assert fault.startswith("leftover files/")
    assert name.split("/", maxsplit=1)[0] in fault


def test_temporary_files_of_the_system_are_looked_for_too(tmp_path: Path) -> None:
    def call() -> None:
        import tempfile

        tempfile.mkdtemp(prefix="pymp-")

    (fault,) = faults(["run"], ended(tmp_path, call))
    assert fault.startswith("leftover temporary/pymp-")


def test_workers_and_their_files_are_gone_at_the_end(tmp_path: Path) -> None:
    def call() -> None:
        from o3sim.workers.pool import worker_pool

        with worker_pool(2) as pool:
            assert pool.submit(abs, -3).result() == 3

    assert faults(["run"], ended(tmp_path, call)) == []


def test_a_process_that_goes_on_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "GONE_S", 0.5)

    def call() -> None:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)

    assert faults(["run"], ended(tmp_path, call)) == ["process left"]


@pytest.mark.parametrize(
    ("err", "fault"),
    [
        ("error: " + "x" * 30_000, "flood"),
        ("error: \x1b[31m", "control characters"),
        ("/x/numpy.py:12: RuntimeWarning: overflow\nerror: x", "raw warning"),
    ],
)
def test_what_is_printed_is_looked_at(err: str, fault: str) -> None:
    assert faults(["run"], Ending(2, "", err)) == [fault]


def test_only_some_commands_may_say_that_something_differs() -> None:
    assert faults(["diff", "a", "b"], Ending(1, "", "")) == []
    assert faults(["golden", "check", "x"], Ending(1, "", "")) == []
    assert faults(["golden", "record", "x"], Ending(1, "", "")) == ["exit 1"]
    assert faults(["sweep", "x"], Ending(3, "", "")) == []
    assert faults(["run"], Ending(3, "", "")) == ["exit 3"]


def test_a_child_raises_nothing_in_its_parent_and_leaves_its_folder(tmp_path: Path) -> None:
    def call() -> None:
        raise InputError("seen as a traceback: the command line is what catches it")

    before = Path.cwd()
    assert ended(tmp_path, call).status == 1
    assert Path.cwd() == before


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    """A few of the real ones: what changes are tried on."""
    from scripts.fuzzing.seeds import write_texts

    (tmp_path / "seeds").mkdir()
    write_texts(tmp_path / "seeds")
    return tmp_path / "seeds"


def content(case: Case, folder: Path) -> tuple[Case, dict[str, bytes]]:
    return case, {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_name_is_a_case_and_another_name_another(seeds: Path, tmp_path: Path) -> None:
    made = []
    for place, name in enumerate(("1:5", "1:5", "1:6")):
        files = tmp_path / str(place)
        made.append(content(prepare(name, "architecture", seeds, files), files))
    assert made[0] == made[1]
    assert made[0] != made[2]


def test_a_case_damages_one_file(seeds: Path, tmp_path: Path) -> None:
    whole = {path.name: path.read_bytes() for path in seeds.iterdir()}
    for number in range(30):
        files = tmp_path / str(number)
        prepare(f"1:{number}", "workload", seeds, files)
        for name, raw in whole.items():
            assert name == "tiny.yaml" or (files / name).read_bytes() == raw


def test_command_lines_are_of_every_command(seeds: Path, tmp_path: Path) -> None:
    first = {
        prepare(f"1:{number}", OPTIONS, seeds, tmp_path / str(number)).words[:1] for number in range(150)
    }
    assert {("run",), ("trace",), ("golden",), ("plot",), ("import",), ("sweep",)} <= first


@pytest.mark.parametrize("end", sorted({".yaml", ".json", ".csv", ".npz"} & set(CHANGES)))
def test_changes_change(seeds: Path, end: str) -> None:
    raw = {
        ".yaml": (seeds / "tiny.yaml").read_bytes(),
        ".json": b'{"a": [1, 2, {"b": "text"}], "c": null}',
        ".csv": b"a,b\n1,2\n3,4\n",
        ".npz": (seeds / "tiny.npz").read_bytes(),
    }[end]
    changed = {CHANGES[end](raw, Random(number)) for number in range(40)}
    assert len(changed) > 20


def test_files_are_misplaced(tmp_path: Path) -> None:
    found = set()
    for number in range(60):
        path = tmp_path / f"file-{number}"
        path.write_text("x")
        found.add(misplace(path, Random(number)))
    assert {"nothing", "folder", "pipe", "circle", "endless", "empty"} <= found


def test_every_kind_is_damaged_at_least_once_in_what_ci_runs() -> None:
    """As often as its weight, of which there are about a hundred."""
    assert min(each.weight for each in KINDS) * 500 / sum(each.weight for each in KINDS) > 3
