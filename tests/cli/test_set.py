"""``--set``: on every command that takes an architecture, the machine that a file would describe."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from o3sim.config.load import load_architecture
from tests.cli.commands import Command, Done, call, commands, having, write_samples

Run = Callable[..., Done]

NARROW_FILE = f"""\
extends: o3bnn
name: o3bnn
description: {load_architecture("o3bnn").description}
fits: zc706
pe: {{count: 8}}
pruning: {{pooling: false}}
"""
NARROW = ("--set", "pe.count=8", "--set", "pruning.pooling=false")
ARCHITECTURES = ("ARCH", "ARCH,...", "ARCH|WORKLOAD", "RESULT.json|ARCH")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    write_samples(tmp_path)
    (tmp_path / "narrow.yaml").write_text(NARROW_FILE)
    monkeypatch.chdir(tmp_path)
    return lambda *words: call(monkeypatch, capsys, *words)


def result(run: Run, *words: str) -> dict[str, Any]:
    done = run("run", *words, "--json", "-")
    assert done.status == 0, done.err
    return dict(json.loads(done.out))


def test_every_command_that_takes_an_architecture_has_it() -> None:
    taking = {str(c) for c in commands() if any(each.metavar in ARCHITECTURES for each in c.arguments())}
    assert taking == {str(command) for command in having("--set")}
    assert {"run", "explain", "trace", "golden record", "show", "plot timeline", "plot occupancy"} <= taking


@pytest.mark.parametrize("command", having("--set"), ids=str)
@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("pe.cuont=3", "--set pe.cuont=3: no architecture key `pe.cuont` (did you mean `pe.count`?)"),
        ("pe.count=0", "--set pe.count=0: expected a number >= 1, found the number 0"),
        ("pe.count=", "--set pe.count=: expected an integer, found nothing"),
        ("pe.count=[1]", "--set pe.count=[1]: expected one value, found a mapping or a list"),
        (
            "scheduler.policy=mine.py:P",
            "--set scheduler.policy=mine.py:P: mine.py: cannot be read: No such file",
        ),
        ("energy.table=dear", "--set energy.table=dear: no shipped table `dear`"),
        ("issue_queue.depth_ops=1", "cannot hold a lockstep group"),
    ],
)
def test_what_is_wrong_is_said_alike_and_nothing_is_written(
    run: Run, command: Command, setting: str, says: str, tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))
    words = [{"o3bnn": "lockstep-pruned"}.get(word, word) for word in command.needed()]
    done = run(*command.words, *words, "--set", setting)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"error: --set {setting}: ")
    assert says in done.err
    assert done.err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_several_mistakes_are_said_at_once(run: Run) -> None:
    done = run("show", "o3bnn", "--set", "pe.count=0", "--set", "clock_mhz=fast")
    assert done.err == (
        "--set pe.count=0: expected a number >= 1, found the number 0\n"
        "--set clock_mhz=fast: expected a number, found `fast`\n"
        "error: 2 problems in the configuration\n"
    )
    twice = run("show", "o3bnn", "--set", "pe.count=1", "--set", "pe.count=2")
    assert twice.err == "error: --set pe.count=2: pe.count is set already\n"


def test_a_run_is_the_one_of_a_file_with_the_same_values(run: Run) -> None:
    assert result(run, "o3bnn", "tiny.yaml", *NARROW) == result(run, "narrow.yaml", "tiny.yaml")
    changed = result(run, "o3bnn", "tiny.yaml", *NARROW)
    assert changed["architecture"] == "o3bnn"
    assert changed["configuration"]["pe"]["count"] == 8
    assert result(run, "o3bnn", "tiny.yaml")["latency_us"] != changed["latency_us"]


def test_values_are_read_as_yaml(run: Run) -> None:
    settings = ("name='8'", "clock_mhz=1e2", "dram.bits_per_cycle=ideal", "description=a=b")
    shown = run("show", "o3bnn", *(word for setting in settings for word in ("--set", setting))).out
    for line in ("name: '8'", "clock_mhz: 100.0", "bits_per_cycle: ideal", "description: a=b"):
        assert line in shown


def test_machines_to_compare_with_stay_as_they_are(run: Run) -> None:
    compared = result(run, "o3bnn", "tiny.yaml", *NARROW, "--set", "name=narrow", "--compare", "o3bnn,dense")
    plain = result(run, "o3bnn", "tiny.yaml", "--compare", "dense")
    others = {other["architecture"]: other["latency_us"] for other in compared["compare"]}
    assert compared["architecture"] == "narrow"
    assert others == {"o3bnn": plain["latency_us"], "dense": plain["compare"][0]["latency_us"]}
    clash = run("run", "o3bnn", "tiny.yaml", *NARROW, "--compare", "o3bnn")
    assert "`o3bnn` is in this run already; name the changed one: --set name=NAME" in clash.err


def test_reports_say_what_was_changed(run: Run) -> None:
    says = "with pe.count=8, pruning.pooling=false\n"
    assert run("run", "o3bnn", "tiny.yaml", *NARROW).out.startswith(says)
    assert run("run", "o3bnn", "tiny.yaml", *NARROW, "--dry-run").out.startswith(says)
    explained = run("explain", "o3bnn", "tiny.yaml", *NARROW)
    assert explained.out == says + run("explain", "narrow.yaml", "tiny.yaml").out
    assert not run("run", "o3bnn", "tiny.yaml").out.startswith("with")


def test_a_result_cannot_be_explained_with_another_machine(run: Run) -> None:
    done = run("explain", "result.json", *NARROW)
    says = "--set pe.count=8: a result is of its own machine; name ARCH and WORKLOAD instead"
    assert done == (2, "", f"error: {says}\n")


def test_a_trace_is_the_one_of_a_file_with_the_same_values(run: Run) -> None:
    trace = ("tiny.yaml", "--layer", "conv1", "-o")
    assert run("trace", "narrow.yaml", *trace, "file.txt").status == 0
    assert run("trace", "o3bnn", *trace, "set.txt", *NARROW).status == 0
    assert run("trace", "o3bnn", *trace, "plain.txt").status == 0
    assert Path("plain.txt").read_bytes() != Path("set.txt").read_bytes()
    assert Path("file.txt").read_bytes() == Path("set.txt").read_bytes()


def test_a_golden_keeps_what_was_changed(run: Run) -> None:
    for words in (("o3bnn",), ("o3bnn", *NARROW)):
        assert run("golden", "record", "goldens", words[0], "tiny.yaml", *words[1:]).status == 0
    assert len(list(Path("goldens").iterdir())) == 2
    assert run("golden", "check", "goldens").status == 0


@pytest.mark.parametrize("figure", ["timeline", "occupancy"])
def test_figures_change_every_machine(run: Run, figure: str) -> None:
    words = ("plot", figure, "o3bnn,lockstep-pruned", "tiny.yaml", "--layer", "conv1")
    assert run(*words, "-o", "plain.svg").status == 0
    assert run(*words, "--set", "pe.count=8", "-o", "set.svg").status == 0
    assert "pe.count=8" not in Path("plain.svg").read_text()
    assert Path("plain.svg").read_bytes() != Path("set.svg").read_bytes()


def test_a_stage_of_a_pipelined_machine_is_changed_by_its_number(run: Run) -> None:
    shown = run("show", "o3bnn-pipelined", "--set", "stages.3.pe.count=77").out
    assert shown.count("count: 77") == 1
    done = run("show", "o3bnn-pipelined", "--set", "stages.33.pe.count=77")
    assert "no stage 33 in this machine: there are 0 to 8" in done.err
