"""`o3sim explain`: from a result or by name, and what it refuses."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from o3sim.cli import app as cli

Call = Callable[..., tuple[object, str, str]]


@pytest.fixture
def o3sim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    def call(*arguments: str) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["o3sim", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return call


@pytest.fixture
def saved(o3sim: Call, tmp_path: Path) -> Path:
    file = tmp_path / "result.json"
    assert o3sim("run", "o3bnn", "--compare", "dense", "--json", str(file))[0] == 0
    return file


def test_a_result_and_its_machine_are_explained_alike(o3sim: Call, saved: Path) -> None:
    status, out, err = o3sim("explain", str(saved))
    assert (status, err) == (0, "")
    assert out.startswith("o3bnn on fashion-vgg, 1 image: 5,")
    for part in ("Where the PE-cycles went", "What limits each layer", "Ops in the issue queue of 64"):
        assert part in out
    assert o3sim("explain", "o3bnn", "fashion-vgg") == (0, out, "")
    assert max(map(len, out.splitlines())) <= 100


def test_another_run_and_layer_can_be_chosen(o3sim: Call, saved: Path) -> None:
    _, out, _ = o3sim("explain", str(saved), "--run", "dense", "--layer", "dense1", "--images", "2")
    assert out.startswith("dense on fashion-vgg, 2 images: ")
    assert "Layer dense1, first image, all " in out


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema_version": 9}, "schema version 9"),
        ({"network_digest": "0"}, "of another network than fashion-vgg is now"),
        ({"workload": "gone"}, "no workload `gone`"),
        (
            {"configuration": {"name": "o3bnn", "clock_mhz": 200, "pe": {"count": 64, "width_edges": 32}}},
            "configuration of o3bnn",
        ),
    ],
)
def test_results_that_do_not_fit_are_refused(
    change: dict[str, object], says: str, o3sim: Call, saved: Path
) -> None:
    saved.write_text(json.dumps({**json.loads(saved.read_text()), **change}))
    status, out, err = o3sim("explain", str(saved))
    assert (status, out) == (2, "")
    assert says in err


def test_wrong_options_are_refused(o3sim: Call, saved: Path) -> None:
    for arguments, says in (
        (("explain", str(saved), "--run", "dens"), "did you mean `dense`?"),
        (("explain", str(saved), "--images", "0"), "--images 0: expected at least 1"),
        (("explain", "o3bnn", "--run", "dense"), "--run dense: chooses among the runs of a result"),
        (("explain", "o3bnn", "--layer", "conv"), "no layer `conv`"),
    ):
        status, out, err = o3sim(*arguments)
        assert (status, out) == (2, "")
        assert says in err
