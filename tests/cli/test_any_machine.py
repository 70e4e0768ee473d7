"""Whatever a machine is, every command takes it: in sequence or as a pipeline, exact or calling outcomes."""

from __future__ import annotations

import csv
import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from o3sim.cli import app as cli

O3SIM = Callable[..., str]

STAGES = """\
organization: layer_pipelined
stages:
  - {pe: {count: 16, width_edges: 9}}
  - {pe: {count: 32}, activation_buffer: {banks: ideal}}
  - {}
  - {scheduler: {policy: in_order}}
  - {}
  - {pe: {count: 2}}
"""
MACHINES = {
    "plain": "extends: small\nname: plain\n",
    "pipe": f"extends: small\nname: pipe\n{STAGES}",
    "calling": "extends: small\nname: calling\npruning: {speculative: true}\n",
    "calling-pipe": f"extends: small\nname: calling-pipe\npruning: {{speculative: true}}\n{STAGES}",
}
PIPELINES = {"pipe", "calling-pipe"}
ON_CALLED = "called.yaml"
INTERVAL = "pipeline.initiation_interval_cycles"
machines = pytest.mark.parametrize("machine", MACHINES)


def call(*arguments: str | Path, status: int = 0) -> None:
    """Call the command line in this process, with standard output and error where they are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["o3sim", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    assert (ended.value.code or 0) == status


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All machines, fashion-vgg with bounds, and its profiles."""
    made = tmp_path_factory.mktemp("machines")
    for name, text in MACHINES.items():
        (made / f"{name}.yaml").write_text(text)
    images = Path(__file__).parents[2] / "workloads" / "fashion-vgg-images.npz"
    call(
        "speculate",
        "fashion-vgg",
        "--images",
        images,
        "--count",
        "20",
        "--wrong",
        "0.05",
        "-o",
        made / "called",
    )
    call("profile", made / ON_CALLED, "--images", "4", "--save", made / "profiles", "--json", made / "p.json")
    return made


@pytest.fixture
def o3sim(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> O3SIM:
    """Call the command line in the folder; return what it prints."""
    monkeypatch.chdir(folder)
    capsys.readouterr()

    def called(*arguments: str | Path, status: int = 0) -> str:
        call(*arguments, status=status)
        return capsys.readouterr().out

    return called


def run(o3sim: O3SIM, machine: str, *more: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(o3sim("run", f"{machine}.yaml", ON_CALLED, "--json", "-", *more))
    return found


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def sweep_of(tmp_path: Path, folder: Path, names: list[str], more: str = "") -> Path:
    file = tmp_path / "sweep.yaml"
    listed = ", ".join(str(folder / f"{name}.yaml") for name in names)
    file.write_text(
        f"name: s\narchitectures: [{listed}]\nworkloads: [{folder / ON_CALLED}]\nimages: {{count: 3}}\n{more}"
    )
    return file


@machines
def test_a_row_of_a_sweep_is_a_run(machine: str, o3sim: O3SIM, folder: Path, tmp_path: Path) -> None:
    o3sim("sweep", sweep_of(tmp_path, folder, [machine]), "-o", tmp_path / "out")
    (row,) = rows(tmp_path / "out")
    alone = run(o3sim, machine, "--images", "3")
    assert row["status"] == "ok"
    for key in ("cycles", "latency_us", "images_per_s", "accuracy"):
        assert float(row[key]) == alone[key]
    assert float(row["energy_pj.total"]) == alone["energy_pj"]["total"]
    assert int(row["events.retired"]) == alone["events"]["retired"]
    assert ("agreement" in row) == machine.startswith("calling")
    assert row.get("agreement") == (None if alone["agreement"] is None else repr(alone["agreement"]))
    if machine in PIPELINES:
        for key in ("latency_cycles", "initiation_interval_cycles", "stream_cycles"):
            assert float(row[f"pipeline.{key}"]) == alone["pipeline"][key]
        assert row["pipeline.slowest_stage"] == alone["pipeline"]["slowest_stage"]
        with (tmp_path / "out" / "layers.csv").open(newline="") as stream:
            layers = list(csv.DictReader(stream))
        held = [stage["rows_held"] for stage in alone["pipeline"]["stages"]]
        assert [int(layer["stage.rows_held"]) for layer in layers] == held


def test_a_table_of_all_kinds_has_its_own_columns_last(o3sim: O3SIM, folder: Path, tmp_path: Path) -> None:
    more = "axes: {pe.latency_cycles: [1, 2]}\n"
    for jobs, profiles in (("1", ()), ("2", ("--profiles", folder / "profiles"))):
        file = sweep_of(tmp_path, folder, list(MACHINES), more)
        o3sim("sweep", file, "-o", tmp_path / jobs, "--jobs", jobs, *profiles)
    for table in ("results.csv", "layers.csv"):
        assert (tmp_path / "1" / table).read_bytes() == (tmp_path / "2" / table).read_bytes()
    assert not (tmp_path / "2" / "profiles").exists()
    found = rows(tmp_path / "1")
    assert [row["status"] for row in found] == ["ok"] * 8
    columns = list(found[0])
    some = {"agreement", "pipeline.slowest_stage", "pipeline.latency_cycles", INTERVAL}
    assert some < set(columns[columns.index("o3sim_version") :])
    areas = {row["architecture"]: float(row["area.lut"]) for row in found}
    assert areas["pipe"] > 2 * areas["plain"] == 2 * areas["calling"]


def test_keys_of_a_stage_are_swept_whether_it_states_them_or_not(
    o3sim: O3SIM, folder: Path, tmp_path: Path
) -> None:
    more = "axes: {stages.1.pe.count: [8, 32], stages.2.issue_queue.depth_ops: [4, 64]}\n"
    o3sim("sweep", sweep_of(tmp_path, folder, ["pipe"], more), "-o", tmp_path / "out")
    found = rows(tmp_path / "out")
    assert len({row["cycles"] for row in found}) == 4
    for row in found:
        assert row["arch.stages.1.pe.count"] == row["stages.1.pe.count"]
    assert found[3]["cycles"] == str(run(o3sim, "pipe", "--images", "3")["cycles"])
    wrong = sweep_of(tmp_path, folder, ["pipe"], "axes: {stages.6.pe.count: [8]}\n")
    o3sim("sweep", wrong, "-o", tmp_path / "no", status=2)


def test_a_search_finds_pipelines_that_are_fast(o3sim: O3SIM, folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="needs the extra `search`")
    file = tmp_path / "explore.yaml"
    file.write_text(
        f"name: e\narchitecture: {folder / 'calling-pipe.yaml'}\nworkload: {folder / ON_CALLED}\n"
        "images: {count: 2}\nparameters: {stages.1.pe.count: [4, 8, 16], pe.latency_cycles: [1, 2]}\n"
        "objectives: {pipeline.initiation_interval_cycles: minimise, area.lut: minimise, "
        "agreement: maximise}\ntrials: 6\nbatch: 3\n"
    )
    o3sim("explore", file, "-o", tmp_path / "out", "--profiles", folder / "profiles")
    with (tmp_path / "out" / "front.csv").open(newline="") as stream:
        front = list(csv.DictReader(stream))
    intervals = [float(row[INTERVAL]) for row in front]
    assert len(rows(tmp_path / "out")) == 6
    assert intervals == sorted(intervals)
    assert min(intervals) == min(
        float(row["pipeline.initiation_interval_cycles"]) for row in rows(tmp_path / "out")
    )


@machines
def test_saved_profiles_change_nothing(machine: str, o3sim: O3SIM, tmp_path: Path) -> None:
    saved = "--profiles", "profiles"
    alone = run(o3sim, machine, "--images", "4")
    assert run(o3sim, machine, "--images", "4", *saved) == alone
    assert run(o3sim, machine, "--images", "4", *saved, "--jobs", "2") == alone
    for command in (
        ("explain", f"{machine}.yaml", ON_CALLED),
        ("trace", f"{machine}.yaml", ON_CALLED, "--layer", "conv2", "--image", "2", "-o", "-"),
    ):
        assert o3sim(*command, *saved) == o3sim(*command)
    figures = []
    for number, more in enumerate(((), saved)):
        figure = tmp_path / f"{number}.svg"
        o3sim("plot", "timeline", f"{machine}.yaml", ON_CALLED, "--layer", "conv2", "-o", figure, *more)
        figures.append(figure.read_bytes())
    assert figures[0] == figures[1]


@pytest.mark.parametrize(
    "command",
    [
        "run plain.yaml fashion-vgg",
        "explain plain.yaml fashion-vgg",
        "trace plain.yaml fashion-vgg --layer conv1 -o t",
        "plot depth fashion-vgg -o t.png",
        "run plain.yaml called.yaml --images 5",
    ],
)
def test_profiles_of_other_work_are_refused(
    command: str, o3sim: O3SIM, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    o3sim(*command.split(), "--profiles", "profiles", status=2)
    assert not list(folder.glob("t*"))


def test_damaged_profiles_are_one_line_with_the_way_out(
    o3sim: O3SIM, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    o3sim("sweep", sweep_of(tmp_path, folder, ["plain"]), "-o", tmp_path / "out")
    (stored,) = (tmp_path / "out" / "profiles").iterdir()
    array = stored / "l002_decision.npy"
    raw = bytearray(array.read_bytes())
    raw[len(raw) // 2] ^= 4
    array.write_bytes(raw)
    profiles = "--profiles", tmp_path / "out" / "profiles"
    for command in (
        ("sweep", tmp_path / "sweep.yaml", "-o", tmp_path / "out", "--resume"),
        ("sweep", tmp_path / "sweep.yaml", "-o", tmp_path / "other", *profiles),
        ("run", "plain.yaml", ON_CALLED, "--images", "3", *profiles),
        ("explain", "plain.yaml", ON_CALLED, "--images", "3", *profiles),
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["o3sim", *map(str, command)])
            with pytest.raises(SystemExit) as ended:
                cli.main()
        out, err = capsys.readouterr()
        assert (ended.value.code, out) == (2, "")
        assert err.startswith(f"error: {array}: is damaged: other bytes than were written; remove {stored} ")
        assert err.count("\n") == 1
    assert not list((tmp_path / "other").glob("*.yaml"))


@machines
def test_a_trace_is_of_what_was_counted(machine: str, o3sim: O3SIM) -> None:
    layer = run(o3sim, machine)["layers"][1]
    trace = "trace", f"{machine}.yaml", ON_CALLED, "--layer", "conv2", "-o", "-"
    text = o3sim(*trace)
    assert o3sim(*trace, "--engine", "simpy") == text
    events = [line.split() for line in text.splitlines() if not line.startswith("#")]
    assert events[0] == ["0", "layer_start", "1", "conv2"]
    assert events[-1][1:] == ["layer_end", "1", "conv2"]
    kinds = [event[1] for event in events]
    assert kinds.count("retire") == layer["events"]["retired"]
    assert kinds.count("word") == layer["events"]["words_executed"]
    assert kinds.count("stall") == layer["pe_cycles"]["operand_stall"]
    assert machine not in PIPELINES or "weights" not in kinds
    begin = int(events[len(events) // 2][0])  # something happens in that cycle
    end = begin + 40
    part = o3sim(*trace, "--cycles", f"{begin}:{end}").splitlines()
    assert part[2:-1] == [line for line in text.splitlines()[2:-1] if begin <= int(line.split()[0]) < end]


@pytest.mark.parametrize("format_name", ["chrome", "kanata", "vcd"])
def test_viewers_show_a_stage(format_name: str, o3sim: O3SIM, tmp_path: Path) -> None:
    pytest.importorskip("vcd", reason="needs the extra `vcd`")
    target = tmp_path / "trace"
    o3sim(
        *("trace", "pipe.yaml", ON_CALLED, "--layer", "conv2", "--cycles", "0:300"),
        *("--format", format_name, "-o", target),
    )
    assert target.stat().st_size > 1000
    assert format_name != "vcd" or "pe31" in target.read_text()


@machines
def test_a_machine_is_explained(machine: str, o3sim: O3SIM, folder: Path) -> None:
    whole = run(o3sim, machine, "--images", "2")
    out = o3sim("explain", f"{machine}.yaml", ON_CALLED, "--images", "2")
    assert out.startswith(f"{machine} on called, 2 images: {whole['cycles'] / 2:,.0f} cycles an image")
    assert ("Of a pipeline:" in out) == (machine in PIPELINES)
    assert ("DRAM" in out) == (machine not in PIPELINES)
    assert o3sim("explain", f"{machine}.yaml", ON_CALLED, "--images", "2", "--jobs", "2") == out
    o3sim("run", f"{machine}.yaml", ON_CALLED, "--images", "2", "--json", f"{machine}.json")
    assert o3sim("explain", f"{machine}.json", ON_CALLED) == out
    assert max(map(len, out.splitlines())) <= 110


@machines
def test_a_golden_is_of_one_run_with_its_traces(machine: str, o3sim: O3SIM, tmp_path: Path) -> None:
    goldens = tmp_path / "goldens"
    o3sim("golden", "record", goldens, f"{machine}.yaml", ON_CALLED, "--images", "2", "--cycles", "60")
    (golden,) = goldens.iterdir()
    assert json.loads((golden / "result.json").read_text()) == run(o3sim, machine, "--images", "2")
    kept = gzip.decompress((golden / "trace-01-conv2.txt.gz").read_bytes()).decode().splitlines()
    traced = o3sim(
        "trace", f"{machine}.yaml", ON_CALLED, "--layer", "conv2", "--cycles", "0:60", "-o", "-"
    ).splitlines()
    assert kept[2:-1] == [line for line in traced[2:-1] if line.split()[1] not in ("word", "stall")]
    assert o3sim("golden", "check", goldens).endswith(": as recorded\n")


@machines
@pytest.mark.parametrize("kind", ["timeline", "occupancy"])
def test_a_layer_is_drawn_from_a_run_or_from_its_trace(
    kind: str, machine: str, o3sim: O3SIM, tmp_path: Path
) -> None:
    o3sim("plot", kind, f"{machine}.yaml", ON_CALLED, "--layer", "conv2", "-o", tmp_path / "run.png")
    trace = tmp_path / "trace.txt.gz"
    o3sim("trace", f"{machine}.yaml", ON_CALLED, "--layer", "conv2", "-o", trace)
    o3sim("plot", kind, trace, "-o", tmp_path / "trace.png")
    both = f"{machine}.yaml,{trace}"
    o3sim("plot", kind, both, ON_CALLED, "--layer", "conv2", "-o", tmp_path / "both.png")
    sizes = {path.stem: path.stat().st_size for path in tmp_path.glob("*.png")}
    assert set(sizes) == {"run", "trace", "both"}
    assert min(sizes.values()) > 5000


def test_machines_of_all_kinds_stand_in_one_figure(o3sim: O3SIM, tmp_path: Path) -> None:
    all_machines = ",".join(f"{name}.yaml" for name in MACHINES)
    o3sim("plot", "timeline", all_machines, ON_CALLED, "--layer", "dense1", "-o", tmp_path / "t.svg")
    drawn = (tmp_path / "t.svg").read_text()
    assert all(f"{name}: " in drawn for name in MACHINES)
    results = []
    for name in MACHINES:
        o3sim("run", f"{name}.yaml", ON_CALLED, "--json", f"{name}.json")
        results.append(f"{name}.json")
    o3sim("plot", "stack", *results, "-o", tmp_path / "s.svg")
    assert "input wait" in (tmp_path / "s.svg").read_text()
    o3sim("plot", "stack", "pipe.json", "-o", tmp_path / "one.svg")
    assert "input wait" in (tmp_path / "one.svg").read_text()


def test_a_figure_without_a_layer_is_refused_where_machines_run(o3sim: O3SIM, tmp_path: Path) -> None:
    o3sim("plot", "timeline", "pipe.yaml", ON_CALLED, "-o", tmp_path / "t.svg", status=2)
    assert not (tmp_path / "t.svg").exists()


@pytest.mark.slow
@pytest.mark.parametrize("machine", ["finn-cnv", "o3bnn-pipelined"])
def test_the_shipped_pipelines_do_all_of_it(machine: str, o3sim: O3SIM, tmp_path: Path) -> None:
    (tmp_path / "sweep.yaml").write_text(
        f"name: s\narchitectures: [{machine}]\nworkloads: [cnv]\nimages: {{count: 2}}\n"
        "axes: {stages.6.pe.width_edges: [4, 8]}\n"
    )
    o3sim("sweep", tmp_path / "sweep.yaml", "-o", tmp_path / "out", "--jobs", "2")
    slow, fast = rows(tmp_path / "out")
    assert (slow["status"], fast["status"]) == ("ok", "ok")
    assert float(fast["pipeline.initiation_interval_cycles"]) <= float(
        slow["pipeline.initiation_interval_cycles"]
    )
    if machine == "finn-cnv":
        assert float(slow["pipeline.initiation_interval_cycles"]) == 32_768
    out = o3sim("explain", machine, "cnv", "--layer", "dense1", "--profiles", tmp_path / "out" / "profiles")
    assert "Layer dense1, first image" in out
    o3sim("trace", machine, "cnv", "--layer", "dense2", "--cycles", "0:500", "-o", tmp_path / "t.txt")
    o3sim("plot", "timeline", tmp_path / "t.txt", "-o", tmp_path / "t.png")
    o3sim("golden", "record", tmp_path / "goldens", machine, "cnv", "--layers", "conv1,dense2")
    assert o3sim("golden", "check", tmp_path / "goldens").endswith(": as recorded\n")
