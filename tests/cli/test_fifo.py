"""`o3sim fifo` and `import finn-folding`: what they print and write, and what they refuse in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from o3sim.cli import app as cli
from tests.checks.golden.workload import write_workload

PIPE = "extends: o3bnn-64pe\nname: pipe\norganization: layer_pipelined\n"


@pytest.fixture
def o3sim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    write_workload(tmp_path)
    (tmp_path / "pipe.yaml").write_text(PIPE)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["o3sim", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


def test_depths_are_printed_and_written(o3sim: Any, tmp_path: Path) -> None:
    status, out, _ = o3sim("fifo", "pipe.yaml", "tiny.yaml", "--json", "f.json")
    assert status == 0
    assert "Rows before each stage" in out
    assert "kept" in out
    document = json.loads((tmp_path / "f.json").read_text())
    assert document["stages"] == ["dense2", "scores"]
    assert document["least_rows"] == [4, 1]


def test_depths_in_words_are_printed_and_written_and_run(o3sim: Any, tmp_path: Path) -> None:
    status, out, _ = o3sim("fifo", "pipe.yaml", "tiny.yaml", "--words", "--json", "f.json")
    assert status == 0
    assert "Words before each stage" in out
    document = json.loads((tmp_path / "f.json").read_text())
    assert document["word_bits"] == [32, 32]
    depths = document["kept"]["depths_words"]
    stages = "".join(f"  - {{input_fifo: {{depth_words: {depth}}}}}\n" for depth in depths)
    (tmp_path / "found.yaml").write_text(f"{PIPE}stages:\n  - {{}}\n{stages}")
    status, out, _ = o3sim("run", "found.yaml", "tiny.yaml", "--images", "4")
    assert status == 0
    interval = round(document["kept"]["interval_cycles"])
    assert f"initiation interval: {interval:,} cycles" in out


@pytest.mark.parametrize("depth", ["0", "-1", "many", "1.5", "99999999"])
def test_words_that_cannot_be_are_refused_where_they_stand(depth: str, o3sim: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(f"{PIPE}input_fifo:\n  depth_words: {depth}\n")
    status, _, err = o3sim("validate", "bad.yaml")
    assert status == 2
    assert "bad.yaml:5:16: input_fifo.depth_words:" in err


def test_words_that_deadlock_are_refused_with_some_that_do_not(o3sim: Any, tmp_path: Path) -> None:
    (tmp_path / "short.yaml").write_text(f"{PIPE}input_fifo: {{depth_words: 3}}\n")
    status, _, err = o3sim("run", "short.yaml", "tiny.yaml")
    assert (status, err.count("\n")) == (2, 1)
    assert "stages[1].input_fifo.depth_words: with 3 words between them conv1 and dense2 wait" in err
    assert "give 4 or more" in err


def test_one_image_and_one_machine_are_refused(o3sim: Any) -> None:
    status, _, err = o3sim("fifo", "pipe.yaml", "tiny.yaml", "--images", "1")
    assert (status, err.count("\n")) == (2, 1)
    assert "--images 1: a rate takes two images at least" in err
    status, _, err = o3sim("fifo", "o3bnn-64pe", "tiny.yaml")
    assert (status, err.count("\n")) == (2, 1)
    assert "organization: layer_sequential has no FIFOs" in err


@pytest.mark.parametrize("depth", ["0", "-1", "many", "1.5", "70000"])
def test_depths_that_cannot_be_are_refused_where_they_stand(depth: str, o3sim: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(f"{PIPE}input_fifo:\n  depth_rows: {depth}\n")
    status, _, err = o3sim("validate", "bad.yaml")
    assert status == 2
    assert "bad.yaml:5:15: input_fifo.depth_rows:" in err


def test_a_depth_that_deadlocks_is_refused_with_one_that_does_not(o3sim: Any, tmp_path: Path) -> None:
    (tmp_path / "short.yaml").write_text(f"{PIPE}input_fifo: {{depth_rows: 3}}\n")
    status, _, err = o3sim("run", "short.yaml", "tiny.yaml")
    assert (status, err.count("\n")) == (2, 1)
    assert "stages[1].input_fifo.depth_rows: with 3 rows between them conv1 and dense2 wait" in err
    assert "give 4 or more" in err


def test_the_first_stage_has_no_fifo(o3sim: Any, tmp_path: Path) -> None:
    (tmp_path / "first.yaml").write_text(
        f"{PIPE}stages:\n  - {{input_fifo: {{depth_rows: 3}}}}\n  - {{}}\n  - {{}}\n"
    )
    status, _, err = o3sim("validate", "first.yaml")
    assert status == 2
    assert "stages[0].input_fifo: the first stage has none" in err


def test_fifos_are_of_a_pipeline_only(o3sim: Any, tmp_path: Path) -> None:
    (tmp_path / "flat.yaml").write_text("extends: o3bnn-64pe\ninput_fifo: {depth_rows: 3}\n")
    status, _, err = o3sim("validate", "flat.yaml")
    assert status == 2
    assert "input_fifo: is of organization layer_pipelined only" in err


def test_a_folding_says_what_bounds_it_and_what_is_not_read(o3sim: Any, tmp_path: Path) -> None:
    units = {f"MVAU_hls_{number}": {"PE": 1, "SIMD": 1, "mem_mode": "decoupled"} for number in range(3)}
    (tmp_path / "f.json").write_text(json.dumps(units))
    status, out, _ = o3sim("import", "finn-folding", "f.json", "tiny.yaml", "-o", "net", "--clock", "200")
    assert status == 0
    assert "3,456 cycles an image: MVAU_hls_0, matrix-vector unit of conv1" in out
    assert "57,870.4 images/s at most, by MVAU_hls_0" in out
    assert "without effect here: mem_mode" in out
    status, out, _ = o3sim("run", "net.yaml", "tiny.yaml", "--images", "3")
    assert status == 0
    assert "initiation interval: 3,456 cycles" in out


def test_a_clock_that_cannot_be_is_refused(o3sim: Any, tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text("{}")
    status, _, err = o3sim("import", "finn-folding", "f.json", "tiny.yaml", "-o", "net", "--clock", "0")
    assert (status, err.count("\n")) == (2, 1)
    assert "--clock 0: expected MHz" in err
