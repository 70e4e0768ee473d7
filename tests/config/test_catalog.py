"""Shipped files are found by name, other files by path."""

from pathlib import Path

import pytest

from o3sim.config import catalog
from o3sim.errors import InputError


def test_a_shipped_name_wins_over_a_file_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dense").touch()
    assert catalog.resolve("architecture", "dense") == catalog.folder("architecture") / "dense.yaml"
    assert catalog.resolve("architecture", Path("dense")) == Path("dense")
    assert catalog.resolve("architecture", "./dense") == Path("dense")


def test_paths_are_taken_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").touch()
    (tmp_path / "odd").touch()
    assert catalog.resolve("architecture", "mine.yaml") == Path("mine.yaml")
    assert catalog.resolve("architecture", str(tmp_path / "mine.yaml")) == tmp_path / "mine.yaml"
    assert catalog.resolve("architecture", "odd") == Path("odd")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "dens",
            "no architecture `dens` (did you mean `dense`?);"
            " `o3sim list` shows those shipped, or give a file",
        ),
        ("xyzzy", "no architecture `xyzzy`; `o3sim list` shows those shipped, or give a file"),
        ("", "no architecture ``; `o3sim list` shows those shipped, or give a file"),
        ("dens.yaml", "dens.yaml: no such file (did you mean `dense`?)"),
        ("a/xyzzy.yml", "a/xyzzy.yml: no such file"),
    ],
)
def test_what_is_not_there(name: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        catalog.resolve("architecture", name)
    assert str(caught.value) == message


def test_an_installed_package_finds_its_own_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "o3sim" / "config").mkdir(parents=True)
    (tmp_path / "o3sim" / "_shipped" / "archs").mkdir(parents=True)
    monkeypatch.setattr(catalog, "__file__", str(tmp_path / "o3sim" / "config" / "catalog.py"))
    assert catalog.folder("architecture") == tmp_path / "o3sim" / "_shipped" / "archs"
