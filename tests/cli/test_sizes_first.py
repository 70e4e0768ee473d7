"""What sizes alone tell is told before parameters are made; `validate` says what `--dry-run` does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from o3sim.cli import app as cli
from o3sim.network import load
from tests.cli.test_synthetic_runs import WORKLOAD

BIG = WORKLOAD.replace("height: 8, width: 8", "height: 800, width: 800").replace(
    "channels: 6", "channels: 64"
)
SWEEP = "name: s\narchitectures: [o3bnn]\nworkloads: [made.yaml]\naxes: {pe.count: [8, 16]}\n"
EXPLORE = """\
name: e
architecture: o3bnn
workload: made.yaml
parameters: {pe.count: [8, 16]}
objectives: {cycles: minimise}
trials: 2
"""
MISFIT = "activation_buffer.size_kbit: layer conv needs "

Refused = Callable[..., str]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Refused:
    """Call o3sim where no parameters can be made; return what it says of what it refuses."""

    def made(*_: object) -> None:
        raise AssertionError("parameters were made")

    def call(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["o3sim", *arguments])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        assert caught.value.code == cli.EXIT_INPUT
        return capsys.readouterr().err

    monkeypatch.setattr(load, "synthetic_layers", made)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "made.yaml").write_text(BIG)
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    (tmp_path / "explore.yaml").write_text(EXPLORE)
    return call


@pytest.mark.parametrize(
    "command",
    [
        "run o3bnn made.yaml",
        "run o3bnn made.yaml --dry-run",
        "run small made.yaml --compare o3bnn",
        "sweep sweep.yaml --dry-run",
        "sweep sweep.yaml -o out",
        "explore explore.yaml -o out",
        "validate sweep.yaml",
        "validate explore.yaml",
        "trace o3bnn made.yaml --layer conv -o t.json",
        "explain o3bnn made.yaml",
        "golden record kept o3bnn made.yaml",
        "plot timeline o3bnn made.yaml --layer conv -o t.svg",
    ],
)
def test_a_layer_that_cannot_fit_is_refused_at_once(refused: Refused, command: str) -> None:
    assert MISFIT in refused(*command.split())


def test_weights_and_stages_are_looked_at_too(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "made.yaml").write_text(WORKLOAD)
    (tmp_path / "narrow.yaml").write_text(
        "extends: small\nweight_buffer: {size_kbit: 1, resident_kbit: 0}\nname: narrow\n"
    )
    wide = WORKLOAD.replace("kernel: 3,", "kernel: 7,").replace("channels: 1,", "channels: 32,")
    (tmp_path / "wide.yaml").write_text(wide.replace(", pool: {size: 2, stride: 2}", ""))
    assert "weight_buffer.size_kbit: half of 1 kbit cannot hold" in refused("run", "narrow.yaml", "wide.yaml")
    assert "stages: " in refused("run", "finn-cnv", "made.yaml", "--dry-run")


@pytest.mark.parametrize(
    ("file", "change", "what"),
    [
        ("sweep.yaml", ("made.yaml", "absent.yaml"), "absent.yaml: no such file"),
        ("sweep.yaml", ("o3bnn", "o3bn"), "did you mean `o3bnn`"),
        ("sweep.yaml", ("pe.count:", "pe.cont:"), "no architecture key `pe.cont` (did you mean `pe.count`?)"),
        ("sweep.yaml", ("[8, 16]", "[8, 0]"), "axes.pe.count: expected a number >= 1, found the number 0"),
        (
            "explore.yaml",
            ("pe.count:", "pe.cont:"),
            "no architecture key `pe.cont` (did you mean `pe.count`?)",
        ),
        ("explore.yaml", ("[8, 16]", "[8, 0]"), "parameters.pe.count: expected a number >= 1, found"),
        ("explore.yaml", ("made.yaml", "absent.yaml"), "absent.yaml: no such file"),
        ("explore.yaml", ("cycles: min", "cycels: min"), "did you mean `cycles`"),
    ],
)
def test_validate_looks_at_all_that_a_study_names(
    refused: Refused, tmp_path: Path, file: str, change: tuple[str, str], what: str
) -> None:
    (tmp_path / "made.yaml").write_text(WORKLOAD)
    path = tmp_path / file
    text = path.read_text()
    assert change[0] in text
    path.write_text(text.replace(*change))
    assert what in refused("validate", file)


def test_validate_does_not_make_what_is_synthetic(
    monkeypatch: pytest.MonkeyPatch, refused: Refused, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "made.yaml").write_text(WORKLOAD)
    monkeypatch.setattr("sys.argv", ["o3sim", "validate", "sweep.yaml", "explore.yaml"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 0
    assert capsys.readouterr().out == "sweep.yaml: valid sweep\nexplore.yaml: valid search\n"
