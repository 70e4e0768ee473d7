"""Numba's cache is asked for anew whenever a source of the kernels changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from o3sim.compiled.cycle import digest_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "records").mkdir()
    (tmp_path / "pe.py").write_text("one = 1\n")
    (tmp_path / "records" / "pe.py").write_text("two = 2\n")
    return tmp_path


@pytest.mark.parametrize("name", ["pe.py", "records/pe.py", "records/new.py"])
def test_an_edit_anywhere_changes_the_digest(folder: Path, name: str) -> None:
    before = digest_of([folder])
    (folder / name).write_text("three = 3\n")
    assert digest_of([folder]) != before


def test_other_files_and_the_same_text_change_nothing(folder: Path) -> None:
    before = digest_of([folder])
    (folder / "notes.txt").write_text("three = 3\n")
    (folder / "pe.py").write_text("one = 1\n")
    assert digest_of([folder]) == before > 0
