"""`o3sim profile`: tables, JSON, saving, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from o3sim.cli import app as cli
from o3sim.profile.profile import profile_layers
from o3sim.runs.case import found_case, load_case
from tests.network.samples import TINY, write_tiny


class Done(NamedTuple):
    status: int | str | None
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def profile(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call `o3sim profile` in this process."""

    def call(*arguments: str | Path) -> Done:
        monkeypatch.setattr("sys.argv", ["o3sim", "profile", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        return Done(caught.value.code, *capsys.readouterr())

    return call


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return write_tiny(tmp_path)


def test_the_tables(profile: Run, tiny: Path) -> None:
    done = profile(tiny, "--images", "2", "--width", "1", "--width", "4")
    assert done.status == 0
    assert done.err == ""
    assert "tiny, 2 images, accuracy" in done.out
    assert "W=4" in done.out
    for row in ("conv ", "dense ", "scores *", "total"):
        assert row in done.out
    assert all(len(line) <= 100 for line in done.out.splitlines())


def test_the_default_fits_its_columns(profile: Run) -> None:
    done = profile("--images", "1")
    assert "fashion-vgg, 1 image, accuracy 100.0 %" in done.out
    assert all(f"W={width}" in done.out for width in (1, 32, 64, 128))


def test_json_is_exact_and_stable(profile: Run, tiny: Path, tmp_path: Path) -> None:
    first, again = tmp_path / "first.json", tmp_path / "again.json"
    for target in (first, again):
        assert profile(tiny, "--width", "4", "--json", target).status == 0
    assert first.read_bytes() == again.read_bytes()
    document = json.loads(first.read_text())
    assert document["images"] == 4
    assert document["widths_edges"] == [4]
    assert [layer["in_total"] for layer in document["layers"]] == [True, True, False]
    total = document["total"]
    conv, dense, _ = document["layers"]
    assert total["edges"] == conv["edges"] + dense["edges"]
    executed = total["executed_edges"]
    assert executed["both"]["4"] <= min(executed["pooling"], executed["threshold"]["4"]) <= total["edges"]
    share = 100 * (1 - executed["pooling"] / total["edges"])
    assert total["pruned_percent"]["pooling"] == pytest.approx(share)


def test_json_on_standard_output_stands_alone(profile: Run, tiny: Path) -> None:
    assert json.loads(profile(tiny, "--json", "-").out)["workload"] == "tiny"


def test_saved_profiles_can_be_read_back(profile: Run, tiny: Path, tmp_path: Path) -> None:
    target = tmp_path / "saved"
    plain = profile(tiny, "--images", "3", "--json", "-")
    assert profile(tiny, "--images", "3", "--json", "-", "--save", target) == plain
    assert profile(tiny, "--images", "3", "--json", "-", "--save", target) == plain  # read, not made again
    case = load_case(tiny, count=3)
    stored = found_case(case, target)
    for item, pixels in zip(stored.items(), case.images.x, strict=True):
        profiles = stored.image(item).profiles()
        for found, (wanted, _) in zip(profiles, profile_layers(case.network, pixels), strict=True):
            assert (found.decision == wanted.decision).all()


def test_labels_are_optional(profile: Run, tiny: Path, tmp_path: Path) -> None:
    from o3sim.files import save_npz
    from tests.network.samples import tiny_images

    save_npz(tmp_path / "bare.npz", {"x": tiny_images()["x"]})
    done = profile(tiny, "--image-file", tmp_path / "bare.npz", "--json", "-")
    assert json.loads(done.out)["accuracy"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--width", "0"], "--width 0: expected at least 1"),
        (["--images", "5"], "5 images asked for, 1 to 4 available"),
        (["--image-file", "absent.npz"], "absent.npz: cannot be read"),
        (["--save", "no/such/folder"], "--save no/such/folder: no folder no/such"),
        (["--save", "saved.npz"], "--save saved.npz: profiles are kept in a folder: name one"),
        (["--save", __file__], "test_profile.py: is a file"),
        (["--json", "."], "--json .: is a folder"),
    ],
)
def test_wrong_input_is_one_line(profile: Run, tiny: Path, arguments: list[str], message: str) -> None:
    done = profile(tiny, *arguments)
    assert done.status == 2
    assert done.out == ""
    assert message in done.err
    assert done.err.count("\n") == 1


def test_a_workload_without_images_asks_for_some(profile: Run, tmp_path: Path) -> None:
    done = profile(write_tiny(tmp_path, TINY[: TINY.index("images:")]))
    assert done.status == 2
    assert "comes without images; give some with --image-file" in done.err


def test_an_interrupted_save_leaves_nothing(
    profile: Run, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("o3sim.profile.image.infer", interrupt)
    before = set(tmp_path.iterdir())
    done = profile(tiny, "--save", tmp_path / "saved")
    assert done.status == 130
    assert set(tmp_path.iterdir()) == before
