"""`o3sim trace`, `o3sim diff` and `o3sim golden`: what they write, their exit status, what they refuse."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from o3sim.cli import app as cli
from o3sim.trace import registry
from tests.checks.golden.workload import write_workload


class Done(NamedTuple):
    status: int | str | None
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Call `o3sim` in this process, in a folder with the small workload."""
    write_workload(tmp_path)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["o3sim", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Done(ended.value.code, *capsys.readouterr())

    return call


TRACE = ("trace", "o3bnn", "tiny.yaml", "--layer")


@pytest.mark.parametrize("format_name", registry.format_names())
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_every_format_is_written(run: Run, tmp_path: Path, format_name: str, suffix: str) -> None:
    done = run(*TRACE, "conv1", "--format", format_name, "-o", f"out{suffix}", "--cycles", "0:60")
    assert (done.status, done.out) == (0, "")
    assert done.err.startswith("wrote ")
    assert (tmp_path / f"out{suffix}").read_bytes().startswith(b"\x1f\x8b") == (suffix == ".gz")


def test_windows_layers_images_and_engines(run: Run, tmp_path: Path) -> None:
    texts = {}
    for name, arguments in {
        "name": ("conv1",),
        "number": ("0",),
        "simpy": ("0", "--engine", "simpy"),
        "image": ("0", "--image", "3"),
        "own": ("0", "--image-file", "images.npz"),
        "ops": ("0", "--ops", "3:9"),
        "scores": ("scores",),
    }.items():
        assert run(*TRACE, *arguments, "-o", name).status == 0
        texts[name] = (tmp_path / name).read_text()
    assert texts["name"] == texts["number"] == texts["simpy"] == texts["own"]
    assert texts["image"] != texts["name"]
    ops = {line.split()[2] for line in texts["ops"].splitlines() if line.split()[1] in ("dispatch", "retire")}
    assert ops == {"3", "4", "5", "6", "7", "8"}
    assert texts["scores"].splitlines()[2] == "0 layer_start 2 scores"


def test_standard_output_gets_the_trace_alone() -> None:
    """Of the shipped network, in a process of its own."""
    code = "from o3sim.cli.app import main; main()"
    arguments = ["trace", "o3bnn", "fashion-vgg", "--layer", "scores", "-o", "-"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("# o3sim canonical trace 1\n")
    assert done.stdout.endswith(" events\n")
    assert done.stderr.startswith("wrote ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("conv9", "-o", "x"),
            "no layer `conv9` (did you mean `conv1`?); there are 0 conv1, 1 dense2",
        ),
        (("7", "-o", "x"), "no layer `7`"),
        (("0", "-o", "x", "--format", "vdc"), "--format vdc: no trace format `vdc` (did you mean `vcd`?)"),
        (("0", "-o", "x", "--ops", "9:3"), "--ops 9:3: nothing from 9 to below 3"),
        (("0", "-o", "x", "--ops", "384:"), "has 384 ops"),
        (("0", "-o", "x", "--cycles", "3"), "--cycles 3: expected A:B, A: or :B"),
        (("0", "-o", "x", "--cycles", "90000:"), "nothing happens in that window"),
        (("0", "-o", "x", "--image", "4"), "5 images asked for, 1 to 4 available"),
        (("0", "-o", "x", "--image", "-1"), "images count from 0"),
        (("0", "-o", "x", "--image-file", "no.npz"), "no.npz"),
        (("0", "-o", "x", "--engine", "gem5"), "no engine `gem5`"),
        (("0", "-o", "no/x"), "no folder no"),
        (("0", "-o", "."), "is a folder"),
        (("0",), "--output"),
    ],
)
def test_what_trace_refuses(run: Run, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    before = sorted(tmp_path.iterdir())
    done = run(*TRACE, *arguments)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert "Traceback" not in done.err
    assert sorted(tmp_path.iterdir()) == before


def test_diff_of_traces_and_of_results(run: Run, tmp_path: Path) -> None:
    for name in ("o3bnn", "dense"):
        run("trace", name, "tiny.yaml", "--layer", "0", "-o", f"{name}.txt.gz")
        run("run", name, "tiny.yaml", "--json", f"{name}.json")
    (tmp_path / "unpacked.txt").write_bytes(gzip.decompress((tmp_path / "o3bnn.txt.gz").read_bytes()))
    assert run("diff", "o3bnn.txt.gz", "unpacked.txt") == (0, "", "")
    assert run("diff", "o3bnn.json", "o3bnn.json") == (0, "", "")
    traces = run("diff", "o3bnn.txt.gz", "dense.txt.gz")
    assert (traces.status, traces.err) == (1, "")
    assert traces.out.startswith("A: o3bnn.txt.gz\nB: dense.txt.gz\nfirst difference in cycle ")
    results = run("diff", "o3bnn.json", "dense.json")
    assert (results.status, results.err) == (1, "")
    assert "first difference in layer conv1\n" in results.out


def test_diff_refuses(run: Run, tmp_path: Path) -> None:
    run(*TRACE, "0", "-o", "a.txt")
    run("run", "o3bnn", "tiny.yaml", "--json", "a.json")
    for other, message in (("a.json", "is a result: there is nothing to compare"), ("no", "No such file")):
        done = run("diff", "a.txt", other)
        assert (done.status, done.out) == (2, "")
        assert message in done.err


def test_golden_record_check_move(run: Run, tmp_path: Path) -> None:
    (tmp_path / "chip.yaml").write_text("extends: o3bnn\n")
    done = run("golden", "record", "goldens", "chip.yaml", "tiny.yaml", "--layers", "conv1", "--cycles", "50")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("recorded goldens/chip-tiny-")
    assert run("golden", "record", "goldens", "dense", "tiny.yaml", "--images", "2").status == 0
    chip, dense = sorted(path.name for path in (tmp_path / "goldens").iterdir())
    assert run("golden", "check", "goldens") == (0, f"{chip}: as recorded\n{dense}: as recorded\n", "")
    (tmp_path / "chip.yaml").write_text("extends: o3bnn\npe: {latency_cycles: 4}\n")
    moved = run("golden", "check", "goldens")
    assert (moved.status, moved.err) == (1, "")
    assert moved.out.startswith("chip on tiny: not as recorded\n  input changed: architecture (sha256)\n")
    assert f"{dense}: as recorded\n1 not as recorded." in moved.out
    (tmp_path / "chip.yaml").write_text("extends: o3bnn\nenergy: {table: fpga-28nm}\n")
    assert run("golden", "check", "goldens").status == 1
    relaxed = ("--without", "energy", "--without", "traces", "--tolerance", "0.01")
    assert run("golden", "check", "goldens", *relaxed).status == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "nowhere"), "no golden in it"),
        (("check", "tiny.yaml"), "no golden in it"),
        (("record", "tiny.yaml", "o3bnn", "tiny.yaml"), "is no folder"),
        (("record", "new", "o3bnn", "tiny.yaml", "--layers", "x"), "no layer `x`"),
        (("record", "new", "o3bn", "tiny.yaml"), "did you mean `o3bnn`"),
        (("record", "new", "o3bnn", "tiny.yaml", "--images", "0"), "--images 0: expected at least 1"),
        (
            ("record", "new", "o3bnn", "tiny.yaml", "--cycles", "9" * 20),
            "--cycles",
        ),
        (("check", "new", "--tolerance", "1"), "tolerance 1.0: expected a share from 0 to below 1"),
        (("check", "new", "--tolerance", "nan"), "tolerance nan: expected a share"),
        (("check", "new", "--without", "power"), "without power: expected energy or traces"),
    ],
)
def test_what_golden_refuses(run: Run, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    done = run("golden", *arguments)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert not (tmp_path / "new").exists()
