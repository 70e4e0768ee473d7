"""Standard output closed or on a full disk: one line and status 2; standard error is never missed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from o3sim.cli.app import app
from o3sim.config.catalog import folder
from o3sim.results.document import to_json
from tests.cli.test_app import O3SIM
from tests.cli.test_synthetic_runs import WORKLOAD
from tests.report.plot.tables import write_tables
from tests.sample_runs import result

FULL = Path("/dev/full")
COMMANDS = [
    "--help",
    "--version",
    "list",
    "show small",
    f"validate {folder('architecture') / 'small.yaml'}",
    "schema sweep",
    "run small made.yaml",
    "run small made.yaml --json -",
    "run small made.yaml --dry-run",
    "profile made.yaml",
    "profile made.yaml --json -",
    "explain small made.yaml",
    "trace small made.yaml --layer 0 --cycles 0:9 -o -",
    "diff a.json b.json",
    "sweep sweep.yaml --dry-run",
    "report tables",
]
NAMES = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]
HELP = [f"{name} --help" for name in NAMES]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("streams")
    (path / "made.yaml").write_text(WORKLOAD)
    (path / "sweep.yaml").write_text(
        "name: s\narchitectures: [small]\nworkloads: [made.yaml]\naxes: {pe.count: [8]}\n"
    )
    (path / "a.json").write_text(to_json(result()))
    (path / "b.json").write_text(to_json(result(scale=3)))
    (path / "tables").mkdir()
    write_tables(path / "tables")
    return path


def called(files: Path, command: str, redirection: str) -> subprocess.CompletedProcess[str]:
    shell = f'"$@" {redirection}'
    words = ["sh", "-c", shell, "sh", *O3SIM, *command.split()]
    return subprocess.run(words, cwd=files, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_standard_output(files: Path, command: str) -> None:
    done = called(files, command, ">/dev/full")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] in (
        "error: standard output: No space left on device",
        "error: -: cannot be written: No space left on device",
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("command", [*COMMANDS, *HELP])
def test_a_closed_standard_output(files: Path, command: str) -> None:
    done = called(files, command, ">&-")
    assert done.returncode == 2
    assert done.stderr.startswith("error: standard output is closed: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
@pytest.mark.parametrize("command", ["list", "run small made.yaml --json -", "show nothing", "trace small"])
def test_standard_error_that_takes_nothing(files: Path, redirection: str, command: str) -> None:
    if "full" in redirection and not FULL.exists():
        pytest.skip("no /dev/full here")
    done, usual = called(files, command, redirection), called(files, command, "")
    assert (done.returncode, done.stdout) == (usual.returncode, usual.stdout)
    assert done.stderr == ""


def test_progress_on_a_full_terminal_is_not_missed(files: Path) -> None:
    done = called(files, "trace small made.yaml --layer 0 -o t.txt", "2>/dev/full")
    assert done.returncode == 0
    assert (files / "t.txt").read_text().startswith("# o3sim canonical trace")


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_letters_that_the_terminal_lacks(files: Path, encoding: str) -> None:
    (files / "é.yaml").write_text(WORKLOAD.replace("name: made", "name: Netz für Wörter 日本"))
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run(
        [*O3SIM, "run", "small", "é.yaml"], cwd=files, capture_output=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Netz für".encode(encoding, "backslashreplace") in done.stdout


@pytest.mark.parametrize(
    "name", ["\x1b[2Jgone.yaml", "a\rb.yaml", "\u202eyaml.x", os.fsdecode(b"half\xed\xa0\x80.yaml")]
)
def test_names_of_files_are_told_without_what_a_terminal_obeys(tmp_path: Path, name: str) -> None:
    done = subprocess.run(
        [*O3SIM, "validate", name], cwd=tmp_path, capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 2
    text = done.stderr.decode("utf-8")
    assert text.count("\n") == 2
    assert all(letter == "\n" or letter.isprintable() for letter in text)


def test_text_of_files_does_not_reach_the_terminal_as_control(files: Path) -> None:
    document = json.loads((files / "a.json").read_text())
    document["layers"][0]["name"] = "\x1b]0;title\x07"
    (files / "odd.json").write_text(json.dumps(document))
    (files / "odd.yaml").write_text(WORKLOAD.replace("name: made", 'name: "\\e[31mred"'))
    for command in ("diff a.json odd.json", "plot stack odd.json -o x.svg", "run small odd.yaml"):
        done = called(files, command, "")
        assert done.returncode == 2
        assert "\x1b" not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_python_itself_is_not_left_without_streams() -> None:
    code = (
        "import sys; from o3sim.cli.streams import prepare_streams; prepare_streams(); print(sys.stdout.name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in ("<stdout>", "1")


def test_a_line_on_standard_error_has_an_end(files: Path) -> None:
    word = "/".join(["long"] * 30_000)
    (files / "endless.yaml").write_text(
        f"name: s\narchitectures: [{word}]\nworkloads: [made.yaml]\naxes: {{pe.count: [8]}}\n"
    )
    ended = called(files, "validate endless.yaml", "")
    assert ended.returncode == 2
    assert "characters left out" in ended.stderr
    assert "no such file" in ended.stderr
    assert len(ended.stderr) < 2_000
