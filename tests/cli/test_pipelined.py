"""Pipelines of layers from the command line: what `o3sim run` says of them, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from o3sim.cli import app as cli

O3SIM = Callable[..., tuple[int, str, str]]


@pytest.fixture
def o3sim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> O3SIM:
    """Call the command line in this process."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["o3sim", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


def test_a_run_says_rate_latency_and_what_is_published(o3sim: O3SIM, tmp_path: Path) -> None:
    status, out, _ = o3sim("run", "finn-cnv", "cnv", "--images", "4", "--json", str(tmp_path / "f.json"))
    assert status == 0
    assert "initiation interval: 32,768 cycles; 6,104 images/s at 200 MHz" in out
    assert "latency of the first image: 139,234 cycles, 696.2 us" in out
    assert "published for FINN's CNV on a ZC706: 283 us, 21,906 images/s" in out
    document = json.loads((tmp_path / "f.json").read_text())
    assert document["pipeline"]["initiation_interval_cycles"] == 32_768
    assert len(document["configuration"]["stages"]) == 9


def test_one_image_has_a_latency_and_no_interval(o3sim: O3SIM) -> None:
    _, out, _ = o3sim("run", "finn-cnv", "cnv")
    assert "initiation interval: - (takes two images); 1,436 images/s" in out


def test_processes_change_nothing(o3sim: O3SIM) -> None:
    asked = "run", "finn-cnv", "cnv", "--images", "2", "--compare", "o3bnn", "--json", "-"
    assert o3sim(*asked, "--jobs", "2") == o3sim(*asked)


def test_a_dry_run_knows_the_slowest_stage(o3sim: O3SIM) -> None:
    status, out, _ = o3sim("run", "finn-cnv", "cnv", "--images", "4", "--dry-run")
    row = next(line for line in out.splitlines() if "finn-cnv (between images)" in line)
    assert row.split()[3:5] == ["32,768", "32,768"]
    assert status == 0


def test_a_network_of_other_layers_is_refused(o3sim: O3SIM) -> None:
    status, _, err = o3sim("run", "finn-cnv", "fashion-vgg")
    assert status == 2
    assert "9 for a network of" in err


def test_what_a_stage_cannot_state_is_refused_where_it_stands(o3sim: O3SIM, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "extends: dense\nname: mine\norganization: layer_pipelined\nstages:\n"
        "  - {pe: {count: 3}, issue_queue: {depth_ops: 2}}\n"
        "  - {pe: {coutn: 4}, dram: {latency_cycles: 3}}\n"
    )
    status, _, err = o3sim("validate", str(file))
    assert status == 2
    assert f"{file}:5:47: stages[0].issue_queue.depth_ops: 2 cannot hold a lockstep group" in err
    assert f"{file}:6:11: stages[1].pe.coutn: unknown key (did you mean `count`?)" in err
    assert f"{file}:6:22: stages[1].dram: unknown key" in err


def test_stages_are_of_a_pipeline_only(o3sim: O3SIM, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("extends: o3bnn\nstages:\n  - {pe: {count: 3}}\n")
    status, _, err = o3sim("validate", str(file))
    assert status == 2
    assert "stages: are of organization layer_pipelined only" in err
