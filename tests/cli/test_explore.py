"""`o3sim explore`, end to end."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from o3sim.cli.app import app
from o3sim.errors import InputError
from tests.studies.search.samples import write_search


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, ["explore", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_it_prints_the_front_and_writes_everything(tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="needs the extra `search`")
    printed = run(write_search(tmp_path), "-o", tmp_path / "out")
    assert "small-search: 20 of 48 combinations run" in printed
    assert "Front: " in printed
    assert "*" in printed
    assert "Importance of the parameters" in printed
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names >= {"results.csv", "layers.csv", "front.csv", "importances.csv", "front.png", "front.svg"}
    assert run(tmp_path / "explore.yaml", "-o", tmp_path / "out", "--resume") == printed


def test_without_optuna_it_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match=r"pip install 'o3sim\[search\]'"):
        run(write_search(tmp_path), "-o", tmp_path / "out")
    assert not (tmp_path / "out" / "profiles").exists()


def test_jobs_below_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--jobs 0"):
        run(write_search(tmp_path), "-o", tmp_path / "out", "--jobs", "0")
