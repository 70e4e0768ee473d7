"""Names of any kind in figures and pages: shown as they are, never taken for mathematics."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from o3sim.cli.app import app
from tests.report.plot.tables import RESULTS, write_tables

NAMES = ["Ba$$in_a", "$x^{$", r"\frac{", "_hidden", "a_b^c", "$", "日本", "x" * 300, "<b>&", "%s {0}"]
FIGURES = [
    "--x pe.count --y cycles --by architecture --by workload",
    "--x workload --y cycles --where pe.count=16",
    "pareto {} --x energy_pj_per_image --y cycles",
    "heatmap {} --x pe.count --y workload --value cycles --where architecture=a",
    "speedup {} --x workload --over pe.count=16 --by pe.count",
    "energy {}",
    "pruning {} --where point=0",
]


def drawn(folder: Path, command: str, output: Path) -> None:
    given = command if "{}" in command else f"{{}} {command}"
    arguments = [str(folder) if part == "{}" else part for part in given.split()]
    done = CliRunner().invoke(app, ["plot", *arguments, "-o", str(output)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == 0, done.output
    assert output.stat().st_size > 1000


def with_name(folder: Path, name: str) -> Path:
    """Tables in which networks of one architecture have an odd name."""
    quoted = f'"{name}"'
    rows = RESULTS.replace("a,net,", f"a,{quoted},")
    return write_tables(folder, rows)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("command", FIGURES[:3])
def test_figures(tmp_path: Path, name: str, command: str) -> None:
    drawn(with_name(tmp_path, name), command, tmp_path / "figure.svg")


@pytest.mark.parametrize("command", FIGURES)
@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_every_figure_with_dollars(tmp_path: Path, command: str, suffix: str) -> None:
    drawn(with_name(tmp_path, NAMES[0]), command, tmp_path / f"figure.{suffix}")


@pytest.mark.parametrize("name", NAMES)
def test_pages(tmp_path: Path, name: str) -> None:
    done = CliRunner().invoke(app, ["report", str(with_name(tmp_path, name))])
    assert done.exit_code == 0, done.output
