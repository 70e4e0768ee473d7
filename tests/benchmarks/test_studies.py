"""Every study of the design space: its sweep, its figures, and its page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from o3sim.results.result_table import ResultTable, load_results
from o3sim.studies.sweep.expand import load_sweep
from o3sim.studies.sweep.run import plan_sweep, run_sweep
from scripts.benchmarks.study import FIGURES, ROOT, STUDIES, SWEEPS, Study, main, table_text
from tests.report.plot.tables import write_tables


def test_each_sweep_file_is_a_study() -> None:
    assert {file.stem for file in SWEEPS.glob("*.yaml")} == set(STUDIES)


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_has_a_page_with_its_command_its_table_and_its_figure(name: str) -> None:
    page = (ROOT / FIGURES / f"{name}.md").read_text()
    assert f"sh scripts/study {name}" in page
    assert f"]({name}.png)" in page
    assert (ROOT / FIGURES / f"{name}.png").is_file()
    assert f"({name}.md)" in (ROOT / FIGURES / "README.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_the_first_rows_of_a_page_are_what_its_command_prints(name: str, tmp_path: Path) -> None:
    plan = plan_sweep(load_sweep(SWEEPS / f"{name}.yaml"))
    first = replace(plan, expansion=replace(plan.expansion, points=plan.points[:2]))
    run_sweep(first, tmp_path)
    page = [line.split() for line in (ROOT / FIGURES / f"{name}.md").read_text().splitlines()]
    for row in table_text(load_results(tmp_path), STUDIES[name]).splitlines():
        assert row.split() in page


def test_rows_are_in_the_order_of_their_keys(tmp_path: Path) -> None:
    table: ResultTable = load_results(write_tables(tmp_path))
    study = Study(("pe.count", "architecture"), ("nJ: energy_pj.total / 1000",), ())
    lines = [line.split() for line in table_text(table, study).splitlines()]
    assert lines == [
        ["PE", "count", "architecture", "nJ"],
        *(["16", "a", "0.0"], ["16", "b", "0.0"]),
        *(["32", "a", "0.0"], ["32", "b", "0.0"]),
        *(["64", "a", "0.0"], ["64", "b", "0.1"]),
    ]


def test_help_of_a_study_is_no_folder(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["study", "banks", "--help"])
    main()
    assert "NAME is one of" in capsys.readouterr().out
    for wrong in (["none"], ["banks", "a", "b"], ["banks", "--jobs"]):
        monkeypatch.setattr("sys.argv", ["study", *wrong])
        with pytest.raises(SystemExit) as found:
            main()
        assert found.value.code == 2
        assert capsys.readouterr().out == ""
