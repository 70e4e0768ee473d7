"""Counts of every N cycles: they sum to those of the layer, are the same from both engines, and are drawn."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from o3sim.cli import app as cli
from o3sim.config.architecture import Architecture
from o3sim.config.load import load_architecture
from o3sim.contract.counters import LayerCounters
from o3sim.contract.events import Event, EventKind
from o3sim.errors import InputError
from o3sim.report.plot.interval import interval_data
from o3sim.runs.runner import runner_of
from o3sim.trace import intervals
from o3sim.trace.intervals import COUNTS, STACK, IntervalObserver, interval_rows
from tests.checks.golden.workload import write_workload
from tests.trace.samples import MACHINES, case

LAYERS = range(3)
SHIPPED = ("window", "group", "carousel")
ALL = {**MACHINES, **{name: load_architecture(name) for name in SHIPPED}}
IN_BOTH = ("dispatched", "issued", "retired", "squashed_queue", "squashed_pe", "words_executed")


def counted(machine: Architecture) -> list[LayerCounters]:
    return runner_of(machine, case().network).run_image(case().at(0).profiles()).layers


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("interval", [1, 7, 10**9])
def test_intervals_sum_to_the_counts_of_their_layer(name: str, interval: int) -> None:
    rows = list(interval_rows(ALL[name], case(), LAYERS, interval))
    for counters in counted(ALL[name]):
        own = [row for row in rows if row["layer"] == counters.name]
        sums = {column: sum(row[column] for row in own) for column in (*STACK, *COUNTS, "cycles")}
        assert sums["cycles"] == counters.cycles
        for cause in ("useful", "wasted", "squashed", "operand_stall"):
            assert sums[f"pe_cycles.{cause}"] == counters.pe_cycles[cause], cause
        assert {key: sums[key] for key in IN_BOTH} == {key: getattr(counters, key) for key in IN_BOTH}
        assert sum(sums[cause] for cause in STACK) == ALL[name].pe.count * counters.cycles
        assert len(own) == -(-counters.cycles // interval)
        assert min(row["pe_cycles.other"] for row in own) >= 0


@pytest.mark.parametrize("name", ["late", "carousel"])
def test_both_engines_count_the_same(name: str) -> None:
    compiled, simpy = (
        list(interval_rows(ALL[name], case(), LAYERS, 9, engine)) for engine in (None, "simpy")
    )
    assert compiled == simpy


def test_several_passes_over_a_long_layer_count_what_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(interval_rows(MACHINES["narrow"], case(), LAYERS, 10))
    monkeypatch.setattr(intervals, "MOST_EVENTS", 500)
    assert list(interval_rows(MACHINES["narrow"], case(), LAYERS, 10)) == whole


def test_what_is_held_is_the_mean_of_the_cycles() -> None:
    observer = IntervalObserver(4, 1, [1])
    for event in (
        Event(1, EventKind.DISPATCH, 0, "queue"),
        Event(3, EventKind.ISSUE, 0, "pe0.0"),
        Event(3, EventKind.WORD, 0, "pe0", 0),
        Event(5, EventKind.RETIRE, 0, "output", 1),
        Event(5, EventKind.LAYER_END, 0, "conv"),
    ):
        observer.see(event)
    first, second = observer.rows("conv")
    assert (first["queued_ops_mean"], first["in_flight_ops_mean"]) == (2 / 4, 1 / 4)
    assert (second["queued_ops_mean"], second["in_flight_ops_mean"]) == (0, 1 / 2)
    assert (first["pe_cycles.useful"], second["cycles"], second["retired"]) == (1, 2, 1)


def test_more_intervals_than_a_table_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "MOST_INTERVALS", 5)
    with pytest.raises(InputError, match="--interval 1: makes more than 5 rows of a layer"):
        list(interval_rows(MACHINES["narrow"], case(), LAYERS, 1))


Run = Callable[..., tuple[object, str]]


@pytest.fixture
def o3sim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    write_workload(tmp_path)
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[object, str]:
        monkeypatch.setattr(sys, "argv", ["o3sim", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, capsys.readouterr().err

    return call


def test_the_table_is_written_and_drawn(o3sim: Run, tmp_path: Path) -> None:
    words = ("trace", "small", "tiny.yaml", "--interval", "20")
    assert o3sim(*words, "-o", "i.csv")[0] == 0
    assert o3sim(*words, "--layer", "dense2", "-o", "one.csv")[0] == 0
    data = interval_data(tmp_path / "i.csv")
    assert list(data.layers) == ["conv1", "dense2", "scores"]
    assert sum(data.shares.values()) == pytest.approx([100] * (len(data.edges) - 1))
    alone, chosen = interval_data(tmp_path / "one.csv"), interval_data(tmp_path / "i.csv", "dense2")
    assert alone.edges.tolist() == chosen.edges.tolist()
    for suffix, head in (("svg", b"<?xml"), ("pdf", b"%PDF")):
        target = f"i.{suffix}"
        assert o3sim("plot", "interval", "i.csv", "--inches", "3.5", "-o", target)[0] == 0
        first = (tmp_path / target).read_bytes()
        assert o3sim("plot", "interval", "i.csv", "--inches", "3.5", "-o", target)[0] == 0
        assert (tmp_path / target).read_bytes() == first
        assert first.startswith(head)


def test_parquet_has_the_rows_of_the_csv(o3sim: Run, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    words = ("trace", "small", "tiny.yaml", "--interval", "50")
    assert o3sim(*words, "-o", "i.csv")[0] == o3sim(*words, "-o", "i.parquet")[0] == 0
    head, *rows = (tmp_path / "i.csv").read_text().splitlines()
    table = parquet.read_table(tmp_path / "i.parquet")
    assert table.column_names == head.split(",")
    assert table.num_rows == len(rows)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--interval", "0"), "--interval 0: expected at least 1"),
        (("--interval", "9", "--ops", "0:5"), "--ops 0:5: is of events; --interval 9 counts whole layers"),
        (("--interval", "9", "--cycles", "0:5"), "--cycles 0:5: is of events"),
        (("--interval", "9", "--format", "vcd"), "--format vcd: is of events"),
        (("--interval", "9", "--layer", "conv9"), "no layer `conv9`"),
        ((), "which layer? --layer LAYER"),
    ],
)
def test_what_makes_no_table_is_refused(o3sim: Run, words: tuple[str, ...], says: str) -> None:
    status, err = o3sim("trace", "small", "tiny.yaml", *words, "-o", "i.csv")
    assert status == 2
    assert f"error: {says}" in err
    assert not Path("i.csv").exists()


HEAD = ",".join(["layer", "first_cycle", "cycles", *STACK, "queued_ops_mean", "in_flight_ops_mean"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n", "no table of `o3sim trace --interval N`: it has no column"),
        (f"{HEAD}\n", "it has no rows"),
        (f"{HEAD}\nc,0,0,1,0,0,0,0,0,0\n", "an interval without cycles"),
        (f"{HEAD}\nc,0,1e300,1,0,0,0,0,0,0\n", "more than 9,007,199,254,740,992 cycles in all"),
        (f"{HEAD}\nc,0,5,-1,9,0,0,0,0,0\n", "a count below 0"),
        (f"{HEAD}\nc,0,5,x,0,0,0,0,0,0\n", "column `pe_cycles.useful` has `x` in it: not a number"),
    ],
)
def test_other_tables_are_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError, match=says):
        interval_data(tmp_path / "t.csv")
