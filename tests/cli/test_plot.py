"""`o3sim plot`: every kind in every format, the same bytes each time, and what it refuses."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from o3sim.cli import app as cli
from o3sim.results.comparison import compare
from o3sim.results.document import to_json
from tests.sample_runs import result

Plot = Callable[..., tuple[object, str, str]]
HEADS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.fixture
def plot(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Plot:
    def call(*arguments: str) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["o3sim", "plot", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return call


@pytest.fixture
def saved(tmp_path: Path) -> str:
    path = tmp_path / "result.json"
    path.write_text(to_json(result(), [compare(result(), result("dense", 2))]))
    return str(path)


def kinds(saved: str) -> list[tuple[str, ...]]:
    return [
        ("stack", saved),
        ("speedup", saved),
        ("depth",),
        ("occupancy", "o3bnn,lockstep-pruned", "--layer", "dense1"),
        ("timeline", "o3bnn,lockstep-pruned", "--layer", "dense1", "--cycles", "0:40"),
    ]


@pytest.mark.parametrize("kind", range(5))
def test_every_kind_is_drawn_with_the_same_bytes(kind: int, plot: Plot, saved: str, tmp_path: Path) -> None:
    arguments = kinds(saved)[kind]
    for suffix, head in HEADS.items():
        first, again = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
        assert plot(*arguments, "-o", str(first)) == (0, f"{first}\n", "")
        assert plot(*arguments, "-o", str(again))[0] == 0
        assert first.read_bytes().startswith(head)
        assert first.read_bytes() == again.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("stack", "none.json", "-o", "{}/x.png"), "none.json: cannot be read: No such file or directory"),
        (("stack", "{}/result.json", "-o", "{}/x.gif"), "ends in .png, .svg, .pdf"),
        (("stack", "{}/result.json", "-o", "{}/none/x.png"), "no folder"),
        (("speedup", "{}/result.json", "--over", "o3bn", "-o", "{}/x.png"), "did you mean `o3bnn`?"),
        (("depth", "--images", "0", "-o", "{}/x.png"), "--images 0: expected at least 1"),
        (("timeline", "o3bnn", "--layer", "conv9", "-o", "{}/x.png"), "no layer `conv9`"),
        (("timeline", "o3bnn", "--layer", "conv2", "--cycles", "5", "-o", "{}/x.png"), "expected A:B"),
        (
            ("timeline", "o3bnn", "--layer", "conv2", "--cycles", "0:99999", "-o", "{}/x.png"),
            "at most 20,000",
        ),
        (
            ("timeline", "o3bnn", "--layer", "dense1", "--cycles", "900:990", "-o", "{}/x.png"),
            "has cycles 0:",
        ),
        (("timeline", "o3bnn,o3bnn", "--layer", "conv2", "-o", "{}/x.png"), "is in this figure already"),
        (("occupancy", ",", "--layer", "conv2", "-o", "{}/x.png"), "name at least one architecture"),
        (
            ("occupancy", "o3bnn", "--layer", "conv2", "--image", "-1", "-o", "{}/x.png"),
            "images count from 0",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    arguments: tuple[str, ...], says: str, plot: Plot, saved: str, tmp_path: Path
) -> None:
    status, out, err = plot(*(part.replace("{}", str(tmp_path)) for part in arguments))
    assert (status, out) == (2, "")
    assert says in err
    assert not list(tmp_path.glob("x.*"))


def test_cycles_may_be_open_at_an_end(plot: Plot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("timeline", "o3bnn", "--layer", "dense1")
    cycles = (":40", "0:40", "30:", "30:19999", ":")
    done = [plot(*words, "--cycles", each, "-o", str(tmp_path / f"{n}.svg")) for n, each in enumerate(cycles)]
    assert [status for status, _, _ in done] == [0, 0, 0, 0, 2]
    drawn = [(tmp_path / f"{n}.svg").read_bytes() for n in range(4)]
    assert drawn[0] == drawn[1] != drawn[2] == drawn[3]
    monkeypatch.setattr("o3sim.report.plot.watched.MOST_TIMELINE_CYCLES", 20)
    status, _, err = plot(*words, "--cycles", "30:", "-o", str(tmp_path / "long.svg"))
    assert status == 2
    assert (
        "layer dense1 has more cycles from 30 on than the 20 that can be seen in a figure: --cycles A:B"
        in err
    )


def test_titles_name_a_layer_that_was_numbered(plot: Plot, saved: str, tmp_path: Path) -> None:
    for number, arguments in enumerate(kinds(saved)):
        if "--layer" in arguments:
            by_number = tuple({"dense1": "4"}.get(word, word) for word in arguments)
            assert plot(*arguments, "-o", str(tmp_path / f"{number}-name.svg"))[0] == 0
            assert plot(*by_number, "-o", str(tmp_path / f"{number}-number.svg"))[0] == 0
            name, same = (tmp_path / f"{number}-{by}.svg" for by in ("name", "number"))
            assert name.read_bytes() == same.read_bytes()


@pytest.mark.parametrize(
    "words", [("--set", "pe.count=3"), ("--image", "7"), ("--profiles", "x"), ("--image-file", "x.npz")]
)
def test_what_says_how_machines_run_changes_no_trace(
    plot: Callable[..., tuple[int, str, str]], tmp_path: Path, words: tuple[str, str]
) -> None:
    trace = tmp_path / "t.txt"
    trace.write_text("# o3sim canonical trace 1\n0 layer_start 0 conv1\n")
    status, _, err = plot("timeline", str(trace), *words, "-o", str(tmp_path / "t.svg"))
    assert status == 2
    assert "a trace is of its own run" in err
