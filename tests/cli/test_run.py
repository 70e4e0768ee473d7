"""`o3sim run`: the report, the JSON, comparisons, and what it refuses."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from o3sim.cli import app as cli
from o3sim.files import save_npz
from o3sim.network.heartbeat import SWITCH
from tests.sample_runs import images, network

TINY = """\
name: tiny
classes: [a, b, c]
input: {height: 8, width: 8, channels: 1, encoding: {type: binary, threshold: 128}}
layers:
  - {name: conv1, type: conv, channels: 6, kernel: 3, padding_pixels: 1, padding: -1,
     pool: {size: 2, stride: 2}}
  - {name: dense2, type: dense, features: 10}
  - {name: scores, type: dense, features: 3, scores: true}
parameters: tiny.npz
images: {file: images.npz}
"""


class Done(NamedTuple):
    status: int | str | None
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def workload(tmp_path: Path) -> str:
    """A workload of four images in files of its own."""
    arrays: dict[str, Any] = {}
    for layer in network().layers:
        arrays[f"{layer.name}_weights"] = layer.weights
        if layer.theta is not None:
            arrays[f"{layer.name}_theta"] = layer.theta
    save_npz(tmp_path / "tiny.npz", arrays)
    save_npz(tmp_path / "images.npz", {"x": images(4), "y": np.array([0, 1, 2, 0])})
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return str(path)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call `o3sim run` in this process."""

    def call(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["o3sim", "run", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Done(ended.value.code, *capsys.readouterr())

    return call


def test_report(run: Run, workload: str) -> None:
    done = run("o3bnn", workload, "--images", "3", "--compare", "dense, in-order")
    assert done.status == 0
    assert done.err == ""
    assert done.out.startswith("o3bnn on tiny, 3 images\noutputs exact: yes\n")
    for name in (
        "conv1",
        "dense2",
        "scores",
        "operand_stall",
        "activation_buffer",
        "o3bnn",
        "dense",
        "in-order",
    ):
        assert re.search(rf"^ {name} ", done.out, re.MULTILINE), name
    assert "\x1b" not in done.out


def test_json_file(run: Run, workload: str, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    assert run("o3bnn", workload, "--compare", "dense", "--json", str(target)).status == 0
    document = json.loads(target.read_text())
    assert (document["architecture"], document["workload"], document["images"]) == ("o3bnn", "tiny", 1)
    assert document["outputs_exact"] is True
    assert [other["architecture"] for other in document["compare"]] == ["dense"]
    dense = document["compare"][0]
    assert dense["speed_up"] == dense["latency_us"] / document["latency_us"]
    assert dense["edges"]["executed"] == dense["edges"]["total"]
    assert str(tmp_path) not in target.read_text()
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".npz", ".npz", ".yaml"]


def test_json_on_standard_output_is_nothing_else(run: Run, workload: str, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    run("o3bnn", workload, "--json", str(target))
    assert run("o3bnn", workload, "--json", "-").out == target.read_text()


def test_own_images_without_labels(run: Run, workload: str, tmp_path: Path) -> None:
    own = tmp_path / "own.npz"
    save_npz(own, {"x": images(2, seed=7)})
    done = run("o3bnn", workload, "--images", "2", "--image-file", str(own), "--json", "-")
    document = json.loads(done.out)
    assert (document["images"], document["accuracy"]) == (2, None)
    assert len(document["classes"]) == 2


def test_own_energy_table_beside_the_architecture(run: Run, workload: str, tmp_path: Path) -> None:
    (tmp_path / "cheap.yaml").write_text(
        "extends: ./table.yaml\nname: cheap\ndram:\n  transfer: {pj: 0, per: 64 bits, source: none}\n"
    )
    shipped = Path(cli.__file__).parents[1] / "energy" / "tables" / "asic-45nm.yaml"
    (tmp_path / "table.yaml").write_text(shipped.read_text())
    (tmp_path / "mine.yaml").write_text("extends: o3bnn\nenergy: {table: ./cheap.yaml}\n")
    document = json.loads(run(str(tmp_path / "mine.yaml"), workload, "--json", "-").out)
    assert document["energy_pj"]["dram"] == 0
    assert document["configuration"]["energy"] == {"table": "cheap"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--images", "0"], "--images 0: expected at least 1"),
        (["--images", "-2"], "--images -2: expected at least 1"),
        (["--images", "5"], "5 images asked for, 1 to 4 available"),
        (["--images", "many"], "valid integer"),
        (["--compare", "dense,dense"], "`dense` is in this run already"),
        (["--compare", "o3bnn"], "`o3bnn` is in this run already"),
        (["--compare", "densse"], "did you mean `dense`"),
        (["--controls", "densse"], "no control `densse` (did you mean `dense`?); there are dense, "),
        (["--controls", "dense,dense"], "`o3bnn-dense` is in this run already"),
        (
            ["--set", "pe.count=65536", "--set", "pe.contexts=2", "--controls", "dense"],
            "control dense: architecture o3bnn: ",
        ),
        (["--json", "no/such/folder.json"], "no folder no/such"),
        (["--json", "."], "is a folder"),
        (["--image-file", "absent.npz"], "absent.npz"),
    ],
)
def test_refusals(run: Run, workload: str, arguments: list[str], message: str) -> None:
    done = run("o3bnn", workload, *arguments)
    assert done.status == 2
    assert done.out == ""
    assert message in done.err
    assert "Traceback" not in done.err


def test_unknown_names(run: Run) -> None:
    assert "no architecture `o3bn`" in run("o3bn").err
    assert "no workload `fashion`" in run("o3bnn", "fashion").err


def test_network_that_does_not_fit(run: Run, workload: str, tmp_path: Path) -> None:
    (tmp_path / "tiny-chip.yaml").write_text(
        "extends: o3bnn\npe: {width_edges: 1024}\nweight_buffer: {size_kbit: 1, resident_kbit: 0, banks: 1}\n"
    )
    done = run(str(tmp_path / "tiny-chip.yaml"), workload)
    assert (done.status, done.out) == (2, "")
    assert "tiny-chip: " in done.err


def test_interrupted_run_leaves_no_file(
    run: Run, workload: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import o3sim.compiled.run

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(o3sim.compiled.run, "simulate_image", interrupt)
    before = sorted(tmp_path.iterdir())
    done = run("o3bnn", workload, "--json", str(tmp_path / "out.json"))
    assert done.status not in (0, None)
    assert sorted(tmp_path.iterdir()) == before


def test_a_terminal_has_a_bar(run: Run, workload: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SWITCH)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    done = run("o3bnn", workload, "--json", "-")
    assert done.err != ""
    assert json.loads(done.out)["outputs_exact"]


def test_the_default_job_end_to_end(tmp_path: Path) -> None:
    """Both in fresh processes: same bytes, exact outputs, conservation in every layer."""
    command = [sys.executable, "-c", "from o3sim.cli.app import main; main()", "run", "--json"]
    texts = []
    for name in ("one.json", "two.json"):
        done = subprocess.run(
            [*command, str(tmp_path / name)], capture_output=True, text=True, check=True, timeout=300
        )
        assert "outputs exact: yes" in done.stdout
        assert done.stderr == ""
        texts.append((tmp_path / name).read_text())
    assert texts[0] == texts[1]
    document = json.loads(texts[0])
    assert (document["architecture"], document["workload"]) == ("o3bnn", "fashion-vgg")
    assert (document["classes"], document["accuracy"]) == ([9], 1.0)
    for part in (document, *document["layers"]):
        edges = part["edges"]
        assert edges["executed"] + sum(edges["pruned"].values()) == edges["total"]
        pe_count = document["configuration"]["pe"]["count"]
        assert sum(part["pe_cycles"].values()) == pe_count * part["cycles"]


def test_dry_run_estimates_and_writes_nothing(run: Run, workload: str, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    asked = ["--images", "4", "--compare", "dense", "--jobs", "2", "--json", str(tmp_path / "out.json")]
    done = run("o3bnn", workload, *asked, "--dry-run")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(
        "tiny, 4 images: estimated, not run; nothing is written\nedges before pruning: "
    )
    for name in ("o3bnn", "dense"):
        assert re.search(rf"^ {name} +[\d,]+ +[\d,.]+ +[\d,]+ +[\d,.]+ *$", done.out, re.MULTILINE), name
    assert re.search(r"^wall time: about .* in 2 processes \(inference ", done.out, re.MULTILINE)
    assert re.search(r"^memory: about [\d,]+ MB$", done.out, re.MULTILINE)
    assert sorted(tmp_path.iterdir()) == before
    assert "o3bnn: all layers run fast" in done.out
    assert "banked: all layers run fast" in run("banked", workload, "--dry-run").out
    late = ["--set", "scheduler.select_cycles=1"]
    assert "no layer runs fast: scheduler.select_cycles" in run("banked", workload, *late, "--dry-run").out
    assert "ideal: all layers run fast" in run("ideal", workload, "--dry-run").out
    assert "carousel: all layers run fast" in run("carousel", workload, "--dry-run").out
    assert "fast" not in run("ideal", workload, "--dry-run", "--engine", "simpy").out


def test_engines_give_the_same_bytes(run: Run, workload: str) -> None:
    texts = {run("small", workload, "--json", "-", "--engine", name).out for name in ("compiled", "simpy")}
    assert len(texts) == 1
    assert "no engine `fast`: there are compiled, simpy" in run("small", workload, "--engine", "fast").err
    assert "--jobs 0: expected at least 1" in run("small", workload, "--jobs", "0").err


def test_controls_are_derived_from_the_machine_that_is_given(run: Run, workload: str) -> None:
    asked = ["--set", "pe.count=16", "--controls", "dense, in-order", "--json", "-"]
    document = json.loads(run("o3bnn-64pe", workload, *asked, "--compare", "dense-64pe").out)
    dense, in_order, larger = document["compare"]
    names = [other["architecture"] for other in document["compare"]]
    assert names == ["o3bnn-64pe-dense", "o3bnn-64pe-in-order", "dense-64pe"]
    assert dense["configuration"]["pe"] == in_order["configuration"]["pe"] == document["configuration"]["pe"]
    assert [other["peak_ratio"] for other in document["compare"]] == [1, 1, 4]
    assert dense["edges"]["executed"] == dense["edges"]["total"]
    assert dense["speed_up"] > larger["speed_up"]
    assert dense["speed_up_spread"]["least"] == dense["speed_up_spread"]["most"] == dense["speed_up"]


def test_a_machine_that_is_its_own_control_is_as_fast(run: Run, workload: str) -> None:
    document = json.loads(run("dense-64pe", workload, "--controls", "dense", "--json", "-").out)
    (same,) = document["compare"]
    assert (same["speed_up"], same["energy_ratio"], same["on_chip_energy_ratio"]) == (1, 1, 1)


def test_a_comparison_has_its_details_when_asked_for(run: Run, workload: str) -> None:
    asked = [workload, "--images", "2", "--controls", "dense"]
    short, wide = run("o3bnn", *asked).out, run("o3bnn", *asked, "--wide").out
    assert "in detail" in wide
    assert "in detail" not in short
    assert re.search(r"^ o3bnn-dense +[\d.]+ +\d\.\d\d +\d\.\d\d +\d\.\d\d ", short, re.MULTILINE)


def test_different_peaks_are_told(run: Run, workload: str) -> None:
    assert "small has 0.25 times the peak of o3bnn" in run("o3bnn", workload, "--compare", "small").out
    assert "times the peak" not in run("o3bnn", workload, "--controls", "dense").out


def test_a_dry_run_counts_the_controls(run: Run, workload: str) -> None:
    assert re.search(
        r"^ o3bnn-dense ", run("o3bnn", workload, "--controls", "dense", "--dry-run").out, re.MULTILINE
    )
