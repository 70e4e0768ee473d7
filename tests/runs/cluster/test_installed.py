"""The digest of an installed o3sim: of what it computes with, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from o3sim.runs.cluster.installed import installed, others_installed, package_digest
from tests.runs.cluster.loopback import ROOT

HERE = {"o3sim": f"1.0 ({'ab' * 32})", "Numba": "0.61.0", "NumPy": "2.1.0", "Python": "3.12"}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    shutil.copytree(
        ROOT / "o3sim", tmp_path / "o3sim", ignore=shutil.ignore_patterns("__pycache__", "_shipped")
    )
    return tmp_path / "o3sim"


def _write(name: str, text: str) -> Callable[[Path], object]:
    return lambda package: (package / name).parent.mkdir(exist_ok=True) or (package / name).write_text(text)


def test_wherever_it_lies_the_digest_is_that_of_its_files(package: Path) -> None:
    assert package_digest(package) == package_digest(ROOT / "o3sim")
    assert package_digest(package) in installed()["o3sim"]


@pytest.mark.parametrize(
    "edit",
    [
        _write("runs/point.py", "# another\n"),
        _write("energy/tables/asic-45nm.yaml", "name: another\n"),
        _write("runs/added.py", ""),
        lambda package: (package / "runs/point.py").rename(package / "runs/points.py"),
        lambda package: (package / "runs/stop.py").unlink(),
    ],
)
def test_every_file_counts(package: Path, edit: Callable[[Path], object]) -> None:
    before = package_digest(package)
    edit(package)
    assert package_digest(package) != before


@pytest.mark.parametrize(
    "name", ["__pycache__/a.py", "runs/kernel.nbi", "runs/a.pyc", "runs/.a.py.swp", "_shipped/own.yaml"]
)
def test_what_a_run_leaves_behind_does_not(package: Path, name: str) -> None:
    before = package_digest(package)
    _write(name, "x")(package)
    assert package_digest(package) == before


def test_numba_and_numpy_count_too() -> None:
    import numba
    import numpy

    assert (installed()["Numba"], installed()["NumPy"]) == (numba.__version__, numpy.__version__)


def test_differences_are_named_with_short_digests() -> None:
    there = {**HERE, "o3sim": f"1.0 ({'cd' * 32})", "Numba": "0.62.0"}
    assert str(others_installed({"tcp://a:1": there, "tcp://b:2": HERE}, HERE)) == (
        "worker tcp://a:1 has o3sim 1.0 (cdcdcdcdcdcd), here is 1.0 (abababababab);"
        " worker tcp://a:1 has Numba 0.62.0, here is 0.61.0: install the same on both"
    )


def test_of_many_workers_some_are_named() -> None:
    there = {f"tcp://n{number}:1": {**HERE, "NumPy": "1"} for number in range(2_000)}
    told = str(others_installed(there, HERE))
    assert told.count("worker tcp://") == 4
    assert told.endswith("; and 1,996 more: install the same on both")


def test_what_another_version_does_not_tell_differs() -> None:
    told = str(others_installed({"tcp://a:1": {"o3sim": HERE["o3sim"]}}, HERE))
    assert "worker tcp://a:1 has Python of an unknown version, here is 3.12" in told
