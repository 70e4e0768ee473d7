"""Copies of profiles on a node: whole, checked, once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from o3sim.runs.cluster import node
from o3sim.runs.cluster.digests import content_of
from o3sim.runs.cluster.node import SHELF, add_files, begin_copy, finish_copy, is_whole
from o3sim.runs.cluster.placing import is_gone

FILES = {"index.json": b"{}", "i0_l0_bits.npy": b"\x01\x02"}


@pytest.fixture
def original(tmp_path: Path) -> Path:
    folder = tmp_path / "original"
    folder.mkdir()
    for name, raw in FILES.items():
        (folder / name).write_bytes(raw)
    return folder


def _worker(folder: Path) -> SimpleNamespace:
    return SimpleNamespace(local_directory=str(folder / "scratch" / "worker-1"))


def test_a_copy_appears_when_it_is_whole(original: Path, tmp_path: Path) -> None:
    worker, content = _worker(tmp_path), content_of(original)
    whole = tmp_path / "scratch" / SHELF / content
    assert begin_copy(content, ".part", worker)
    add_files(".part", {"index.json": FILES["index.json"]}, worker)
    assert not whole.exists()
    add_files(".part", {"i0_l0_bits.npy": FILES["i0_l0_bits.npy"]}, worker)
    finish_copy(content, ".part", worker)
    assert {path.name: path.read_bytes() for path in whole.iterdir()} == FILES
    assert not begin_copy(content, ".other", worker)
    assert [path.name for path in whole.parent.iterdir()] == [content]


def test_a_copy_that_differs_is_not_taken(original: Path, tmp_path: Path) -> None:
    worker, content = _worker(tmp_path), content_of(original)
    begin_copy(content, ".part", worker)
    add_files(".part", {**FILES, "index.json": b"{]"}, worker)
    with pytest.raises(ValueError, match="not like the original"):
        finish_copy(content, ".part", worker)
    assert list((tmp_path / "scratch" / SHELF).iterdir()) == []


def test_of_two_runs_that_copy_at_once_one_copy_stays(original: Path, tmp_path: Path) -> None:
    worker, content = _worker(tmp_path), content_of(original)
    for token in (".one", ".two"):
        assert begin_copy(content, token, worker)
        add_files(token, FILES, worker)
    for token in (".one", ".two"):
        finish_copy(content, token, worker)
    assert [path.name for path in (tmp_path / "scratch" / SHELF).iterdir()] == [content]


def _placed(original: Path, folder: Path) -> Path:
    worker, content = _worker(folder), content_of(original)
    begin_copy(content, ".part", worker)
    add_files(".part", FILES, worker)
    finish_copy(content, ".part", worker)
    return folder / "scratch" / SHELF / content


def _flip_a_bit(copy: Path) -> None:
    file = copy / "i0_l0_bits.npy"
    file.chmod(0o600)
    file.write_bytes(b"\x01\x03")


@pytest.mark.parametrize(
    "spoil",
    [
        _flip_a_bit,
        lambda copy: (copy / "index.json").unlink(),
        lambda copy: (copy / "another.npy").write_bytes(b""),
        lambda copy: (copy / "folder").mkdir(),
        lambda copy: (copy / "index.json").rename(copy / "other.json"),
    ],
)
@pytest.mark.parametrize("used_before", [False, True])
def test_a_copy_that_is_not_as_it_was_sent_is_not_used_but_removed(
    original: Path, tmp_path: Path, spoil: Callable[[Path], object], used_before: bool
) -> None:
    copy = _placed(original, tmp_path)
    if used_before:
        assert is_whole(copy)
    spoil(copy)
    assert not is_whole(copy)
    assert list(copy.parent.iterdir()) == []
    assert is_whole(_placed(original, tmp_path))


def test_a_copy_is_read_once_a_process(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = _placed(original, tmp_path)
    assert is_whole(copy)
    monkeypatch.setattr(node, "content_of", lambda _folder: pytest.fail("read again"))
    assert is_whole(copy)


def test_nobody_writes_into_a_copy_by_mistake(original: Path, tmp_path: Path) -> None:
    assert {file.stat().st_mode & 0o222 for file in _placed(original, tmp_path).iterdir()} == {0}


def test_the_content_is_of_names_and_bytes(original: Path) -> None:
    before = content_of(original)
    (original / "index.json").rename(original / "other.json")
    assert content_of(original) != before


@pytest.mark.parametrize(
    ("error", "gone"),
    [
        (OSError("Timed out trying to connect"), True),
        (ConnectionRefusedError(111, "refused"), True),
        (OSError(28, "No space left on device"), False),
        (PermissionError(13, "Permission denied"), False),
        (ValueError("the copy is not like the original"), False),
    ],
)
def test_a_worker_that_is_gone_is_told_from_a_node_that_cannot(error: Exception, gone: bool) -> None:
    pytest.importorskip("distributed", reason="needs the extra `cluster`")
    assert is_gone(error) is gone
