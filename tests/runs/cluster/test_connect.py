"""What keeps a cluster from being used is one clear error."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from o3sim.cli.app import app
from o3sim.errors import ConfigError, InputError
from o3sim.runs.cluster import connect
from o3sim.runs.cluster.connect import check_versions
from tests.runs.cluster.test_slurm import SLURM
from tests.studies.sweep.samples import write_sweep


def _sweep(folder: Path, *options: str | Path) -> str:
    arguments = ["sweep", str(write_sweep(folder)), "-o", str(folder / "out"), *map(str, options)]
    return CliRunner().invoke(app, arguments, catch_exceptions=False).stdout


def _side(**packages: str) -> dict[str, Any]:
    return {"packages": {"python": "3.11.7.final.0", "distributed": "1", "cloudpickle": "3", **packages}}


def test_versions_that_differ_are_all_named() -> None:
    found = {
        "client": _side(),
        "scheduler": _side(distributed="2"),
        "workers": {"tcp://a": _side(), "tcp://b": _side(python="3.12.1.final.0")},
    }
    with pytest.raises(InputError) as caught:
        check_versions("there", found)
    assert str(caught.value) == (
        "there: the scheduler has distributed 2, here is 1; tcp://b has python 3.12, here is 3.11:"
        " install the same on both"
    )


def test_a_patch_of_python_makes_no_difference() -> None:
    side = _side()
    found = {"client": side, "scheduler": side, "workers": {"a": _side(python="3.11.2.final.0")}}
    check_versions("there", found)


def test_another_numpy_on_a_worker_is_an_error_and_no_warning() -> None:
    side = _side(numpy="2.3.1")
    found = {
        "client": side,
        "scheduler": _side(),
        "workers": {"a": _side(numpy="2.3.9"), "b": _side(numpy="1.26.4")},
    }
    with pytest.raises(InputError) as caught:
        check_versions("there", found)
    assert str(caught.value) == "there: b has numpy 1.26, here is 2.3: install the same on both"
    distributed = connect._distributed()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        connect._distributed()
        warnings.warn(distributed.versions.VersionMismatchWarning("numpy"), stacklevel=1)
    assert not told


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://x:1", "tcp://127.0.0.1:port", ""])
def test_no_scheduler(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="needs the extra `cluster`")
    monkeypatch.setattr(connect, "CONNECT_S", 0.5)
    with pytest.raises(InputError, match=r"--scheduler .*: no scheduler answers there"):
        _sweep(tmp_path, "--scheduler", address)


def test_options_that_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give one of --jobs, --scheduler and --cluster"):
        _sweep(tmp_path, "--scheduler", "tcp://x:1", "--jobs", "2")


def test_missing_extras_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slurm.yaml").write_text(SLURM)
    for option in (("--scheduler", "tcp://x:1"), ("--cluster", tmp_path / "slurm.yaml")):
        monkeypatch.setitem(sys.modules, "distributed", None)
        with pytest.raises(InputError, match=r"pip install 'o3sim\[cluster\]'"):
            _sweep(tmp_path, *option)


def test_a_cluster_file_is_checked_before_anything_else(tmp_path: Path) -> None:
    (tmp_path / "slurm.yaml").write_text(SLURM.replace("16GiB", "much").replace("cores", "kernels"))
    with pytest.raises(ConfigError) as caught:
        _sweep(tmp_path, "--cluster", tmp_path / "slurm.yaml")
    assert len(caught.value.problems) == 3


def test_without_slurm_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="needs the extra `cluster`")
    (tmp_path / "slurm.yaml").write_text(SLURM)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="no `sbatch` here"):
        _sweep(tmp_path, "--cluster", tmp_path / "slurm.yaml")
