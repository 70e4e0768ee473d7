"""`o3sim area --synthesize`: counts beside estimates, what takes long, and what is refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from o3sim.area import synthesis as yosys
from o3sim.area.synthesis import Cells
from o3sim.cli import app as cli
from o3sim.cli import synthesis

FOUR_PES = [
    "small", "--set", "pe.count=4", "--set", "issue_queue.depth_ops=8", "--set", "sequencer.width_ops=2",
    "--set", "scheduler.issue_width_ops=2",
]  # fmt: skip


@pytest.fixture
def area(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["o3sim", "area", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have every module take 100 LUTs, 10 flip-flops and half a block, and note what is asked for."""
    modules: list[str] = []

    def count(unit: str, sizes: Mapping[str, int]) -> Cells:
        modules.append(unit)
        return Cells(100, 10, 0.5)

    monkeypatch.setattr(synthesis, "check_yosys", lambda: None)
    monkeypatch.setattr(synthesis, "synthesize_elsewhere", count)
    return modules


def test_counts_stand_beside_estimates(area: Any, asked: list[str]) -> None:
    status, out, err = area(
        *FOUR_PES, "--synthesize", "--unit", "placement", "--unit", "verdicts", "--json", "-"
    )
    document = json.loads(out)
    units = document["synthesized"]["units"]
    assert status == 0
    assert sorted(asked) == ["held_outcomes", "placement"]
    assert units["placement"] == {"lut": 100, "ff": 10, "bram36": 0.5}
    assert units["verdicts"] == {"lut": 400, "ff": 40, "bram36": 2.0}
    assert units["pe"] is None
    for module, counted in zip(document["modules"], document["synthesized"]["modules"], strict=True):
        assert (counted is None) == (module["module"] not in asked)
    assert "Yosys counts 2 modules, about " in err
    shown = area(*FOUR_PES, "--synthesize", "--unit", "verdicts")[1]
    estimated = document["units"]["verdicts"]["lut"]
    assert f"{estimated:,}" in shown
    assert f"400 {100 * (estimated / 400 - 1):+.1f}" in " ".join(shown.split())
    assert "all synthesised" in shown


def test_a_module_is_counted_once_a_size(area: Any, asked: list[str]) -> None:
    assert area(*FOUR_PES, "--synthesize", "--set", "weight_buffer.banks=16")[0] == 0
    assert len(asked) == len(set(asked)) + 3  # arbiters and crossbars of two sizes, memories of two buffers


def test_what_takes_long_is_named_and_left_out_unless_it_is_chosen(area: Any, asked: list[str]) -> None:
    _, out, err = area("o3bnn-64pe", "--synthesize")
    assert "left out, Yosys would take about " in err
    assert "issue_queue (depth " in err
    assert "--unit issue_queue" in err
    assert "issue_queue" not in asked
    assert "all synthesised" in out
    asked.clear()
    assert "left out" not in area("o3bnn-64pe", "--synthesize", "--unit", "issue_queue")[2]
    assert asked == ["issue_queue"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["small", "--unit", "pe"], "--unit: chooses what --synthesize counts"),
        (["small", "--synthesize", "--unit", "selekt"], "no such unit (did you mean `select`?)"),
        (
            ["small", "--synthesize", "--set", "pruning.argmax=true"],
            "pruning.argmax: compares by precomputed",
        ),
        (["small", "--synthesize", "--set", "pe.latency_cycles=1"], "pe.latency_cycles: 1 would need"),
        (["o3bnn-pipelined", "--synthesize", "--workload", "fashion-vgg"], "organization: `layer_pipelined`"),
    ],
)
def test_what_cannot_be_counted_is_refused(
    area: Any, asked: list[str], arguments: list[str], said: str
) -> None:
    status, out, err = area(*arguments)
    assert (status, out, asked) == (2, "", [])
    assert said in err
    assert err.count("\n") == 1


def test_a_missing_yosys_is_named(area: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yosys, "find_spec", lambda _: None)
    status, out, err = area("small", "--synthesize")
    assert (status, out) == (2, "")
    assert err == "error: pyosys is not installed; it comes with the extra `rtl`: pip install 'o3sim[rtl]'\n"


def test_a_yosys_that_dies_is_told(area: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthesis, "check_yosys", lambda: None)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    status, _, err = area(*FOUR_PES, "--synthesize", "--unit", "placement")
    assert status == 2
    assert "error: Yosys died at placement" in err.splitlines()[-1]


@pytest.mark.slow
def test_yosys_counts_memories_by_the_shapes_that_the_rule_has() -> None:
    pytest.importorskip("pyosys", reason="needs the extra `rtl`")
    assert yosys.synthesize_elsewhere("memory", {"WORDS": 1152, "WIDTH": 32}).bram36 == 1.5
    assert yosys.synthesize_elsewhere("memory", {"WORDS": 64, "WIDTH": 32}).lut == 44


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGKILL, -signal.SIGKILL)],
)
def test_yosys_ends_with_the_command(number: int, status: int) -> None:
    pytest.importorskip("pyosys", reason="needs the extra `rtl`")
    # A shell's background jobs begin with ctrl-C ignored, and so would this one.
    program = (
        "import signal; signal.signal(2, signal.default_int_handler); from o3sim.cli.app import main; main()"
    )
    command = [sys.executable, "-c", program, "area", "small", "--synthesize", "--unit", "issue_queue"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "O3SIM_PROGRESS": "always"}
    ) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if line.startswith("Yosys, module 1 of 1: issue_queue (depth"):
                break
        (started,) = until(lambda: children_of(running.pid))
        running.send_signal(number)
        rest = running.stderr.read()
        assert running.wait(60) == status
        assert "Traceback" not in rest
    assert until(lambda: has_ended(started))


def has_ended(process: int) -> bool:
    """Tell whether a process is gone, or waits for nothing but that its new parent asks how it ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def children_of(process: int) -> list[int]:
    """Return what a process has started."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def until(found: Callable[[], Any]) -> Any:
    """Ask until there is an answer, some seconds long."""
    end = time.monotonic() + 20
    while not (answer := found()) and time.monotonic() < end:
        time.sleep(0.05)
    return answer
