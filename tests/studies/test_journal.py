"""The journal: torn lines are no lines, other sweeps are refused, a full disk loses nothing."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from o3sim.errors import InputError
from o3sim.runs.tasks import PointOutcome
from o3sim.studies.journal import Journal

IDENTITY = {"points": "a", "workloads or images": "b"}


def _outcome(number: int) -> PointOutcome:
    return PointOutcome(number, "", {"cycles": number, "share": 0.1}, [{"layer": "x"}])


def _read(path: Path) -> dict[int, PointOutcome]:
    journal = Journal(path, IDENTITY)
    journal.close()
    return journal.outcomes


def _written(path: Path, count: int = 3) -> bytes:
    journal = Journal(path, IDENTITY)
    journal.add([_outcome(number) for number in range(count)])
    journal.close()
    return path.read_bytes()


def test_outcomes_come_back_as_they_were(tmp_path: Path) -> None:
    _written(tmp_path / "j")
    assert _read(tmp_path / "j") == {number: _outcome(number) for number in range(3)}


def test_whatever_is_cut_off_whole_lines_stay(tmp_path: Path) -> None:
    path = tmp_path / "j"
    whole = _written(path)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        journal = Journal(path, IDENTITY)
        assert len(journal.outcomes) == max(0, whole[:length].count(b"\n") - 1)
        journal.add([_outcome(9)])
        journal.close()
        assert _read(path)[9] == _outcome(9)


def test_another_sweep_is_refused(tmp_path: Path) -> None:
    before = _written(tmp_path / "j")
    with pytest.raises(InputError, match="of another sweep or search: points changed"):
        Journal(tmp_path / "j", {**IDENTITY, "points": "other"})
    assert (tmp_path / "j").read_bytes() == before


@pytest.mark.parametrize("line", ["{", "[]", '{"number": 1}', "null", "[" * 100_000])
def test_a_damaged_journal_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "j").write_text(json.dumps(IDENTITY) + "\n" + line + "\n")
    with pytest.raises(InputError, match="damaged"):
        Journal(tmp_path / "j", IDENTITY)


def test_a_full_disk_is_one_error_and_what_was_written_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "j"
    journal = Journal(path, IDENTITY)
    journal.add([_outcome(0)])

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("o3sim.studies.journal.os.fsync", full)
        with pytest.raises(InputError, match="No space left on device; --resume goes on from here"):
            journal.add([_outcome(1)])
    journal.close()
    assert 0 in _read(path)
