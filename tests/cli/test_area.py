"""`o3sim area`: what it prints and writes, and machines that do not fit the chip that they name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from o3sim.cli import app as cli
from tests.checks.golden.workload import write_workload


@pytest.fixture
def o3sim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    write_workload(tmp_path)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["o3sim", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


def test_units_add_up_to_the_machine(o3sim: Any) -> None:
    status, out, _ = o3sim("area", "small", "--json", "-")
    document = json.loads(out)
    assert status == 0
    for what in ("lut", "ff", "bram36"):
        assert sum(unit[what] for unit in document["units"].values()) == document[what]
        assert sum(each[what] for each in document["modules"]) == document[what]
    assert document["part"] is None


def test_tables_are_by_unit_module_or_machine(o3sim: Any) -> None:
    assert "issue_queue" in o3sim("area", "small")[1]
    assert "1 x issue_queue: issue_queue (depth" in o3sim("area", "small", "--by", "module")[1]
    assert "\n issue_queue" not in o3sim("area", "small", "--by", "machine")[1]


def test_a_part_is_named_or_stated(o3sim: Any) -> None:
    assert "fits vcu118 (XCVU9P)" in o3sim("area", "small", "--part", "vcu118")[1]
    assert "does not fit zc706 (XC7Z045)" in o3sim("area", "o3bnn-r", "--part", "zc706")[1]
    status, _, err = o3sim("area", "small", "--part", "zc707")
    assert status == 2
    assert err == "error: --part zc707: no part 'zc707' (did you mean `zc706`?); there are zc706, vcu118\n"


def test_a_machine_that_does_not_fit_its_chip_is_refused_before_it_runs(o3sim: Any, tmp_path: Path) -> None:
    (tmp_path / "large.yaml").write_text("extends: o3bnn-r\nname: large\nfits: zc706\n")
    for command in (("run", "large.yaml", "tiny.yaml"), ("run", "large.yaml", "tiny.yaml", "--dry-run")):
        status, _, err = o3sim(*command)
        assert status == 2
        assert err.startswith("error: architecture large: fits: it does not fit zc706: ")
        assert err.count("\n") == 1
    assert "does not fit zc706" in o3sim("area", "large.yaml")[1]


def test_a_chip_that_is_not_there_is_refused_at_its_line(o3sim: Any, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("extends: small\nname: wrong\nfits: zc70\n")
    for command in (("area", "wrong.yaml"), ("validate", "wrong.yaml"), ("run", "wrong.yaml", "tiny.yaml")):
        status, out, err = o3sim(*command)
        assert status == 2
        assert "wrong.yaml:3:7: fits: " in out + err
        assert "did you mean `zc706`" in out + err


def test_the_key_changes_no_result_and_is_not_inherited(o3sim: Any, tmp_path: Path) -> None:
    (tmp_path / "fits.yaml").write_text("extends: small\nname: fitting\nfits: vcu118\n")
    (tmp_path / "more.yaml").write_text("extends: fits.yaml\nname: more\npe: {count: 4096}\n")
    assert "fits: vcu118" in o3sim("show", "fits.yaml")[1]
    assert "fits" not in o3sim("show", "more.yaml")[1]
    assert "fits" not in o3sim("show", "small")[1]


def test_a_run_says_how_fast_it_is_for_its_area(o3sim: Any) -> None:
    _, out, _ = o3sim("run", "small", "tiny.yaml", "--json", "-")
    document = json.loads(out)
    area = document["area"]
    assert area["images_per_s_per_klut"] == pytest.approx(1000 * document["images_per_s"] / area["lut"])
    assert (
        area["lut"] == json.loads(o3sim("area", "small", "--workload", "tiny.yaml", "--json", "-")[1])["lut"]
    )
    shown = o3sim("run", "small", "tiny.yaml", "--compare", "window")[1]
    assert "kLUT" in shown
    assert f"{area['lut']:,} LUT" in shown


def test_a_run_says_how_fast_its_slowest_unit_lets_it_be(o3sim: Any) -> None:
    document = json.loads(o3sim("run", "small", "tiny.yaml", "--json", "-")[1])
    area, clock_mhz = document["area"], document["configuration"]["clock_mhz"]
    alone = json.loads(o3sim("area", "small", "--json", "-")[1])
    assert (area["clock_mhz"], area["slowest_unit"]) == (alone["clock"]["mhz"], alone["clock"]["unit"])
    assert area["clock_mhz"] == min(unit["clock_mhz"] or 1e9 for unit in alone["units"].values())
    expected = document["images_per_s"] * area["clock_mhz"] / clock_mhz
    assert area["images_per_s_at_clock"] == pytest.approx(expected)
    shown = o3sim("run", "small", "tiny.yaml")[1]
    assert f"MHz (ECP5, by {area['slowest_unit']})" in shown
    assert (
        f"clock estimate: {area['clock_mhz']:.1f} MHz, by {area['slowest_unit']}\n"
        in o3sim("area", "small")[1]
    )
