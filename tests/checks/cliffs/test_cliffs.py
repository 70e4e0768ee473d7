"""Cliffs: each shows what it says, is written as it is traced, and can be written as RTL."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest

from o3sim.checks.cliffs.layers import make_layer
from o3sim.checks.cliffs.rows import Cliff, Neuron, PooledOps, load_cliffs
from o3sim.checks.cliffs.write import READINGS, expected_trace, index
from o3sim.cli import app as cli
from o3sim.config.load import load_architecture
from o3sim.contract.events import EventWindow
from o3sim.rtl.emit import Subject, texts
from o3sim.runs.case import load_case
from o3sim.trace.session import trace_layer
from o3sim.trace.writers.canonical import make_writer

CLIFFS = load_cliffs()
CONTRACT = Path(__file__).parents[3] / "docs" / "machine.md"


@pytest.mark.parametrize("cliff", CLIFFS.cliffs, ids=lambda cliff: cliff.folder)
def test_a_cliff_shows_what_it_says(cliff: Cliff) -> None:
    lines = (
        expected_trace(CLIFFS.machine_of(cliff), make_layer(cliff.folder, cliff.ops)).decode().splitlines()
    )
    assert [line for line in cliff.shows if line not in lines] == []
    assert cliff.folder.startswith(f"{cliff.reading:03d}-")


def test_every_cliff_can_be_written_as_rtl() -> None:
    for cliff in CLIFFS.cliffs:
        made = make_layer(cliff.folder, cliff.ops)
        assert texts(Subject(CLIFFS.machine_of(cliff), made.network, 0, made.image))


def test_a_neuron_is_decided_by_the_edge_that_is_asked_for() -> None:
    """Three matches of eight make a 1; six mismatches put them out of reach."""
    neurons = tuple(Neuron(*each) for each in ((3, 1), (5, 1), (6, 0), (8, 0)))
    made = make_layer("made", PooledOps(rows=1, columns=4, pool=1, edges=8, threshold=3, neurons=neurons))
    assert (made.image.reshape(4, 8) > 0).astype(int).tolist() == [
        [1, 1, 1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 1, 1],
        [0, 0, 0, 0, 0, 1, 1, 0],
    ]


def test_a_cliff_is_of_the_reading_that_names_its_test() -> None:
    parts = re.split(r"^(\d+)\. ", CONTRACT.read_text(), flags=re.M)
    named = {int(number): text for number, text in zip(parts[1::2], parts[2::2], strict=True)}
    assert [each.folder for each in CLIFFS.cliffs if f"`{each.test}`" not in named[each.reading]] == []


def test_every_reading_of_the_contract_is_shown_or_listed_once() -> None:
    assert max(int(n) for n in re.findall(r"^(\d+)\. ", CONTRACT.read_text(), re.M)) == READINGS
    assert len({cliff.folder for cliff in CLIFFS.cliffs}) == len(CLIFFS.cliffs)
    assert [cliff.folder for cliff in CLIFFS.cliffs] == sorted(cliff.folder for cliff in CLIFFS.cliffs)
    shown, why = {cliff.reading for cliff in CLIFFS.cliffs}, CLIFFS.why_no_trace()
    assert not shown & set(why)
    head, without, others = index(CLIFFS).split("\n# ")[0:3]
    listed = [int(n) for n in re.findall(r"^(\d+)-", head, re.M)]
    listed = sorted({*listed, *(int(n) for n in re.findall(r"^(\d+): ", without, re.M))})
    rest = [int(n) for n in others.splitlines()[1].split()]
    assert sorted([*listed, *rest]) == list(range(1, READINGS + 1))


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["o3sim", "cliffs", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


def test_what_is_written_gives_the_trace_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(monkeypatch, "-o", "made") == 0
    assert "cliffs of" in capsys.readouterr().err
    for name in ("011-constant-op", "081-a-1-drops-the-rest", "118-along-the-z-order-curve"):
        folder = tmp_path / "made" / name
        machine, stream = load_architecture(folder / "machine.yaml"), io.BytesIO()
        case = load_case(str(folder / "workload.yaml"), None, 1, [machine])
        trace_layer(machine, case, EventWindow(0), make_writer, stream)
        assert stream.getvalue() == (folder / "expected.txt").read_bytes()
    assert call(monkeypatch, "-o", "made") == 0  # over its own
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    capsys.readouterr()
    assert call(monkeypatch, "-o", "mine") == 2
    assert capsys.readouterr().err == (
        "error: --output mine: holds files that are not of `o3sim cliffs`; name a new folder\n"
    )
