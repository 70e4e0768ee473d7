"""Options in the spellings of before: taken as what they are called now, with one line that says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from o3sim.cli.schema_files import schema_files
from tests.cli.commands import Done, call, write_samples

Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    write_samples(tmp_path)
    monkeypatch.chdir(tmp_path)
    return lambda *words: call(monkeypatch, capsys, *words)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("made.*")}


@pytest.mark.parametrize("command", ["order", "speculate"])
@pytest.mark.parametrize(
    ("old", "note"),
    [
        (
            ("--images", "images.npz", "--count", "3"),
            "note: --images images.npz --count 3 is spelt --image-file images.npz --images 3 now\n",
        ),
        (
            ("--count=3", "--images=images.npz"),
            "note: --count 3 --images images.npz is spelt --images 3 --image-file images.npz now\n",
        ),
        (
            ("--images", "images.npz", "--images", "3"),
            "note: --images images.npz is spelt --image-file images.npz now\n",
        ),
        (("--image-file", "images.npz", "--count", "3"), "note: --count 3 is spelt --images 3 now\n"),
    ],
)
def test_images_and_their_file(
    run: Run, command: str, old: tuple[str, ...], note: str, tmp_path: Path
) -> None:
    now = run(command, "tiny.yaml", "--image-file", "images.npz", "--images", "3", "-o", "made")
    assert (now.status, now.err) == (0, "")
    assert now.out.startswith("on 3 calibration images")
    written = files(tmp_path)
    assert run(command, "tiny.yaml", *old, "-o", "made") == (0, now.out, note)
    assert files(tmp_path) == written


@pytest.mark.parametrize("command", ["order", "speculate"])
def test_what_is_neither_a_number_nor_a_file_is_refused(run: Run, command: str) -> None:
    done = run(command, "tiny.yaml", "--images", "many", "-o", "made")
    assert (done.status, done.out) == (2, "")
    assert done.err.splitlines()[0] == "note: --images many is spelt --image-file many now"
    assert done.err.splitlines()[1] == "error: many: cannot be read: No such file or directory"
    assert run(command, "tiny.yaml", "-o", "made", "--images", "3").err.endswith(
        "Error: Missing option '--image-file'.\n"
    )
    assert "requires an argument" in run(command, "tiny.yaml", "-o", "made", "--images").err


def test_folders_of_figures_and_schemas(run: Run, tmp_path: Path) -> None:
    done = run("schema", "--output-dir", "schemas")
    assert (done.status, done.err) == (0, "note: --output-dir schemas is spelt --output schemas now\n")
    assert {path.name for path in (tmp_path / "schemas").iterdir()} == schema_files().keys()
    refused = run("reproduce", "--output-dir=file")
    assert refused.err.splitlines()[1] == "error: --output file: is a file"


def golden_in(folder: Path) -> Path:
    """Return the folder of the one golden that was recorded."""
    (golden,) = folder.iterdir()
    return golden


def test_a_number_of_cycles_of_a_golden_stays(run: Run, tmp_path: Path) -> None:
    made = []
    for folder, cycles in (("a", "40"), ("b", ":40"), ("c", "0:40")):
        done = run("golden", "record", folder, "o3bnn", "tiny.yaml", "--cycles", cycles)
        assert (done.status, done.err) == (0, "")
        made.append({path.name: path.read_bytes() for path in golden_in(tmp_path / folder).iterdir()})
    assert made[0] == made[1] == made[2]
    refused = run("golden", "record", "new", "o3bnn", "tiny.yaml", "--cycles", "5:40")
    says = "--cycles 5:40: goldens keep traces from the first cycle on; expected :B"
    assert refused == (2, "", f"error: {says}\n")
    assert not (tmp_path / "new").exists()


def test_layers_of_a_golden_are_named_one_by_one_or_in_a_list(run: Run, tmp_path: Path) -> None:
    spellings = (
        ("--layers", "conv1,scores"),
        ("--layer", "conv1", "--layer", "2"),
        ("--layers", "0", "--layer", "2"),
    )
    made = []
    for number, layers in enumerate(spellings):
        assert run("golden", "record", f"g{number}", "o3bnn", "tiny.yaml", *layers).status == 0
        folder = golden_in(tmp_path / f"g{number}")
        made.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert made[0] == made[1] == made[2]
    assert {"trace-00-conv1.txt.gz", "trace-02-scores.txt.gz"} <= made[0].keys()
    assert len(made[0]) == 4


def test_words_after_two_dashes_are_no_options(run: Run) -> None:
    done = run("order", "--image-file", "images.npz", "-o", "made", "--", "--count")
    assert "no workload `--count`" in done.err
    assert "note" not in done.err
