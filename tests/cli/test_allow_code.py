"""However a command comes to a Python file: without consent it does not run, and the line names it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.commands import Command, Done, call, commands, having
from tests.network.samples import write_tiny

CODE = """\
from pathlib import Path
Path(__file__).with_name("ran").touch()

from o3sim.extend import Policy

class Mine(Policy):
    def pick(self, view):
        yield from filter(view.ready, view.entries)

class Writer:
    def __init__(self, stream, layer): ...
    def see(self, event): ...
    def close(self): ...
"""
FILES = {
    "code/evil.py": CODE,
    "code/chip.yaml": 'extends: small\nname: chip\nscheduler: {policy: "evil.py:Mine"}\n',
    "heir.yaml": "extends: code/chip.yaml\nname: heir\n",
    "pipe.yaml": "extends: code/chip.yaml\nname: pipe\norganization: layer_pipelined\nstages: [{}, {}, {}]\n",
    "plain.yaml": "name: s\narchitectures: [code/chip.yaml]\nworkloads: [tiny.yaml]\n"
    "axes: {pe.count: [8, 9]}\n",
    "axis.yaml": "name: s\narchitectures: [small]\nworkloads: [tiny.yaml]\n"
    'axes: {scheduler.policy: [lockstep, "code/evil.py:Mine"]}\n',
    "search.yaml": "name: e\narchitecture: heir.yaml\nworkload: tiny.yaml\nparameters: {pe.count: [8, 9]}\n"
    "objectives: {cycles: minimise}\ntrials: 2\nsampler: random\n",
    "values.yaml": "name: e\narchitecture: small\nworkload: tiny.yaml\nparameters:\n"
    '  scheduler.policy: ["code/evil.py:Mine"]\n  pe.count: [8, 9]\n'
    "objectives: {cycles: minimise}\ntrials: 2\nsampler: random\n",
}
WAYS = {
    "architecture": "run code/chip.yaml tiny.yaml",
    "what it extends": "run heir.yaml tiny.yaml",
    "stages": "run pipe.yaml tiny.yaml",
    "an option": "run small tiny.yaml --set scheduler.policy=code/evil.py:Mine",
    "beside another": "run small tiny.yaml --compare heir.yaml",
    "dry": "run heir.yaml tiny.yaml --dry-run",
    "by workers": "run heir.yaml tiny.yaml --images 2 --jobs 2",
    "sweep": "sweep plain.yaml -o out",
    "sweep by workers": "sweep plain.yaml -o out --jobs 2",
    "axis": "sweep axis.yaml -o out",
    "dry sweep": "sweep axis.yaml --dry-run",
    "search": "explore search.yaml -o out",
    "value of a search": "explore values.yaml -o out",
    "explain": "explain heir.yaml tiny.yaml",
    "explain by workers": "explain heir.yaml tiny.yaml --jobs 2",
    "trace": "trace heir.yaml tiny.yaml --layer 0 -o t.txt",
    "format": "trace small tiny.yaml --layer 0 --format code/evil.py:Writer -o t.txt",
    "golden": "golden record out heir.yaml tiny.yaml",
    "manifest": "golden check recorded",
    "occupancy": "plot occupancy heir.yaml tiny.yaml --layer 0 -o o.png",
    "timeline": "plot timeline heir.yaml tiny.yaml --layer 0 -o t.png",
}
RUNS_NOTHING = {"dry sweep"}
"""With consent neither: points are counted only."""

CUSTOM_ONLY = ["validate code/chip.yaml heir.yaml plain.yaml axis.yaml search.yaml", "show heir.yaml"]

Run = Callable[[str], Done]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write_tiny(folder)
    (folder / "code").mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Path()


@pytest.fixture
def run(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return lambda command: call(monkeypatch, capsys, *command.split())


def prepare(way: str, run: Run) -> None:
    """Record a golden of a shipped machine, and have its manifest name code, as one that is handed on may."""
    if way in ("search", "value of a search"):
        pytest.importorskip("optuna", reason="needs the extra `search`")
    if way != "manifest":
        return
    assert run("golden record recorded small tiny.yaml").status == 0
    (path,) = Path("recorded").glob("*/manifest.json")
    manifest = json.loads(path.read_text())
    manifest["architecture"] |= {"changes": {"scheduler.policy": "code/evil.py:Mine"}}
    path.write_text(json.dumps(manifest))


def ran() -> bool:
    return Path("code/ran").exists()


@pytest.mark.parametrize("way", WAYS)
def test_nothing_runs_without_consent(way: str, run: Run) -> None:
    prepare(way, run)
    before = sorted(Path().rglob("*"))
    status, out, err = run(WAYS[way])
    sha256 = hashlib.sha256(CODE.encode()).hexdigest()
    assert (status, out) == (2, "")
    (line,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert line.startswith(f"error: code/evil.py (SHA-256 {sha256}): would run ")
    assert "--allow-code" in line
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize("way", WAYS)
def test_it_runs_with_consent(way: str, run: Run) -> None:
    prepare(way, run)
    done = run(f"{WAYS[way]} --allow-code")
    assert done.status == (1 if way == "manifest" else 0)  # not the machine that was recorded
    assert ran() == (way not in RUNS_NOTHING)


def test_consent_ends_with_the_command(run: Run) -> None:
    assert run("run heir.yaml tiny.yaml --allow-code").status == 0
    assert run("run heir.yaml tiny.yaml").status == 2


def test_kept_consent_lasts_until_the_code_changes(run: Run, tmp_path: Path) -> None:
    sha256 = hashlib.sha256(CODE.encode()).hexdigest()
    kept = tmp_path / "config" / "o3sim" / "allowed-code"
    done = run("allow code/evil.py")
    assert done == (0, f"allowed code/evil.py (SHA-256 {sha256})\nkept in {kept}\n", "")
    assert not ran()
    for way in ("architecture", "sweep by workers", "format"):
        assert run(WAYS[way]).status == 0
    Path("code/evil.py").write_text(CODE + "\n")
    assert run(WAYS["architecture"]).status == 2


@pytest.mark.parametrize("command", CUSTOM_ONLY)
def test_what_runs_nothing_asks_for_nothing(command: str, run: Run) -> None:
    assert run(command).status == 0
    assert not ran()


def test_every_file_has_its_line(run: Run) -> None:
    shutil.copy("code/evil.py", "other.py")
    done = run("trace heir.yaml tiny.yaml --layer 0 --format other.py:Writer -o t.txt")
    assert [line.partition(" (")[0] for line in done.err.splitlines()] == ["error: code/evil.py", "other.py"]


def test_a_sweep_whose_code_changes_under_way_does_not_run_it(run: Run) -> None:
    text = CODE + "\nPath(__file__).write_text(CHANGED)\n"
    changed = CODE.replace('"ran"', '"changed"')
    Path("code/evil.py").write_text(f"CHANGED = {changed!r}\n{text}")
    done = run("sweep plain.yaml -o out --jobs 2 --allow-code")
    assert done.status == 2
    assert "changed meanwhile" in done.err
    assert not Path("code/changed").exists()


@pytest.mark.parametrize("command", commands(), ids=str)
def test_every_command_that_takes_a_machine_and_runs_it_has_the_option(command: Command) -> None:
    machines = {"ARCH", "ARCH,...", "RESULT.json|ARCH", "SWEEP.yaml", "EXPLORE.yaml"}
    runs_none = "show", "area", "rtl"  # of which the last refuses what has code of its own
    runs = {each.metavar for each in command.arguments()} & machines and str(command) not in runs_none
    assert bool(command.option("--allow-code")) == (bool(runs) or str(command) == "golden check")


def test_there_are_such_commands() -> None:
    assert {str(command) for command in having("--allow-code")} >= {"run", "sweep", "golden check"}
