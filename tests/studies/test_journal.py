"""The journal: torn lines are no lines, changed ones are refused, a full disk loses nothing."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from o3sim.errors import InputError
from o3sim.results.table import layer_rows, result_columns
from o3sim.runs.tasks import PointOutcome
from o3sim.studies.journal import Journal
from o3sim.studies.sealed import sealed, unsealed
from tests.sample_runs import pipeline_result, result

IDENTITY = {"points": "a", "workloads or images": "b"}


def _outcome(number: int) -> PointOutcome:
    """An outcome with figures; every fifth failed, and every seventh is a pipeline's."""
    if number % 5 == 4:
        return PointOutcome(number, "it broke", {}, [])
    run = pipeline_result() if number % 7 == 6 else result(scale=number + 1)
    return PointOutcome(number, "", result_columns(run), layer_rows(run))


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


def _failed(number: int) -> PointOutcome:
    return PointOutcome(number, "it broke", {}, [])


def test_whatever_is_cut_off_whole_lines_stay(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = Journal(path, IDENTITY)
    journal.add([_failed(0), _failed(1), _failed(2)])
    journal.close()
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        journal = Journal(path, IDENTITY)
        assert len(journal.outcomes) == max(0, whole[:length].count(b"\n") - 1)
        journal.add([_failed(9)])
        journal.close()
        assert _read(path)[9] == _failed(9)


def test_another_sweep_is_refused(tmp_path: Path) -> None:
    before = _written(tmp_path / "j")
    with pytest.raises(InputError, match="of another sweep or search: points changed"):
        Journal(tmp_path / "j", {**IDENTITY, "points": "other"})
    assert (tmp_path / "j").read_bytes() == before


LINES = 80


@pytest.fixture(scope="module")
def eighty(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The lines of a journal of 80 points."""
    return _written(tmp_path_factory.mktemp("eighty") / "j", LINES).splitlines(keepends=True)


def _refused(path: Path, lines: list[bytes]) -> int:
    """Return the number of the line that a journal is refused for; 0 if nothing is wrong with it."""
    path.write_bytes(b"".join(lines))
    try:
        found = _read(path)
    except InputError as error:
        assert path.read_bytes() == b"".join(lines)
        text = str(error)
        assert "\n" not in text
        assert ": damaged: " in text
        assert "start again in another folder" in text
        return int(text.removeprefix(f"{path}:").split(":")[0])
    # Whatever is taken is what was written: a point less runs again.
    assert all(found[number] == _outcome(number) for number in found)
    return 0


def _mutations(value: Any) -> Iterator[Any]:
    """Yield values of other types and sizes in the place of one, and each mutation of what is in it."""
    yield from ([], {}, None, "x", -5, 10**30, 1e300, not value)
    if isinstance(value, (int, float)):
        yield from (value + 1, -value - 1, str(value))
    if isinstance(value, dict):
        for key in value:
            yield {name: inner for name, inner in value.items() if name != key}
            for other in _mutations(value[key]):
                yield {**value, key: other}
    if isinstance(value, list) and value:
        yield value[1:]
        for other in _mutations(value[0]):
            yield [other, *value[1:]]


def test_every_mutation_of_a_line_is_refused_at_its_line(tmp_path: Path, eighty: list[bytes]) -> None:
    random_ = random.Random(1)
    for number in range(1, LINES + 1):
        values = unsealed(eighty[number], eighty[0])
        check = json.loads(eighty[number])["check"]
        for other in random_.sample([each for each in _mutations(values) if each != values], 3):
            line = (
                json.dumps({**other, "check": check} if isinstance(other, dict) else other).encode() + b"\n"
            )
            assert _refused(tmp_path / "j", [*eighty[:number], line, *eighty[number + 1 :]]) == number + 1


def test_flipped_bits_are_refused_or_cut_off_the_end(tmp_path: Path, eighty: list[bytes]) -> None:
    random_ = random.Random(1)
    for number in [*range(LINES + 1), *[LINES] * 40]:
        line = bytearray(eighty[number])
        place = random_.randrange(len(line))
        line[place] ^= 1 << random_.randrange(8)
        refused_at = _refused(tmp_path / "j", [*eighty[:number], bytes(line), *eighty[number + 1 :]])
        assert refused_at == number + 1 or (number, place) == (LINES, len(line) - 1)


def test_any_flipped_bit_breaks_a_seal() -> None:
    line = sealed({"number": 1, "error": "", "columns": {"cycles": 7}}, b"salt")
    for place in range(8 * len(line)):
        changed = bytearray(line)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(ValueError, match="not as it was written"):
            unsealed(bytes(changed), b"salt")


def test_the_way_out_of_a_damaged_line_is_one(tmp_path: Path, eighty: list[bytes]) -> None:
    (tmp_path / "j").write_bytes(b"".join([*eighty[:5], b"{}\n", *eighty[6:]]))
    with pytest.raises(InputError, match=r"j:6: damaged: .*; remove that line to run its point again"):
        _read(tmp_path / "j")
    (tmp_path / "j").write_bytes(b"".join([*eighty[:5], *eighty[6:]]))
    assert sorted(_read(tmp_path / "j")) == [number for number in range(LINES) if number != 4]


def test_lines_of_another_journal_are_refused(tmp_path: Path, eighty: list[bytes]) -> None:
    journal = Journal(tmp_path / "other", {**IDENTITY, "points": "other"})
    journal.add([_outcome(0)])
    journal.close()
    strange = (tmp_path / "other").read_bytes().splitlines(keepends=True)[1]
    assert _refused(tmp_path / "j", [eighty[0], strange]) == 2


def test_lines_in_another_order_or_without_some_do_no_harm(tmp_path: Path, eighty: list[bytes]) -> None:
    first, *lines = eighty
    random.Random(1).shuffle(lines)
    assert _refused(tmp_path / "j", [first, *lines[:50], *lines[:3]]) == 0


def _with(**changes: Any) -> dict[str, Any]:
    return {**vars(_outcome(0)), **changes}


def _with_column(name: str, value: Any) -> dict[str, Any]:
    return _with(columns={**_outcome(0).columns, name: value})


def _deep() -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(900):
        value = {"a": value}
    return _with(columns=value)


def _with(**changes: Any) -> dict[str, Any]:
    return {**vars(_outcome(0)), **changes}


def _with_column(name: str, value: Any) -> dict[str, Any]:
    return _with(columns={**_outcome(0).columns, name: value})


def _deep() -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(900):
        value = {"a": value}
    return _with(columns=value)


@pytest.mark.parametrize(
    "values",
    [
        {"number": 1},
        _with(number=-1),
        _with(number=True),
        _with(number="0"),
        _with(error=None),
        _with(error="it broke"),
        _with(error="\udc80", columns={}, layers=[]),
        _with(layers=[]),
        _with(layers={}),
        _with(columns={}),
        _with(columns=[]),
        _with(more=1),
        _with_column("cycles", -5),
        _with_column("cycles", 1.5),
        _with_column("cycles", 10**400),
        _with_column("cycles", None),
        _with_column("accuracy", 1.5),
        _with_column("latency_us", float("nan")),
        _with_column("latency_us", float("inf")),
        _with_column("outputs_exact", 1),
        _with_column("unknown", 1),
        _with_column("stage.rows_held", 1),
        _with(layers=[{**_outcome(0).layers[0], "edges.total": "many"}]),
        _deep(),
    ],
    ids=lambda values: str(values)[:40],
)
def test_what_is_no_outcome_is_refused_even_with_its_checksum(
    tmp_path: Path, eighty: list[bytes], values: dict[str, Any]
) -> None:
    assert _refused(tmp_path / "j", [eighty[0], sealed(values, eighty[0])]) == 2


NO_LINES = ("{", "[]", '{"number": 1}', "null", "", '{"a":' * 5000, '{"n": ' + "9" * 5000 + "}")


@pytest.mark.parametrize("line", NO_LINES, ids=lambda line: line[:20])
def test_what_is_no_line_of_ours_is_refused(tmp_path: Path, eighty: list[bytes], line: str) -> None:
    raw = line.encode() + b"\n"
    assert _refused(tmp_path / "j", [eighty[0], raw, *eighty[1:3]]) == 2
    assert _refused(tmp_path / "j", [raw, *eighty[1:3]]) == 1


@pytest.mark.parametrize("body", [b'{"a": ' + b"[" * 5000, b'{"a": ' + b"9" * 5000])
def test_what_json_cannot_take_is_one_line_too(tmp_path: Path, eighty: list[bytes], body: bytes) -> None:
    from o3sim.studies import sealed as module

    line = body + f', "check": "{module._digest(body, eighty[0])}"}}\n'.encode()
    assert _refused(tmp_path / "j", [eighty[0], line]) == 2


def test_a_pipe_in_its_place_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "j")
    with pytest.raises(InputError, match="is a pipe"):
        Journal(tmp_path / "j", IDENTITY)


def _removed(folder: Path) -> None:
    shutil.rmtree(folder)


def _moved(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


def _replaced(folder: Path) -> None:
    _moved(folder)
    folder.mkdir()
    (folder / "j").write_text("of somebody else")


@pytest.mark.parametrize("harm", [_removed, _moved, _replaced])
def test_a_journal_that_is_gone_is_noticed_at_the_next_write(tmp_path: Path, harm: Any) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    journal = Journal(folder / "j", IDENTITY)
    journal.add([_outcome(0)])
    harm(folder)
    there = [path.read_bytes() for path in folder.glob("*")]
    with pytest.raises(InputError, match=r"out/j: not in its place any more: .*; put it back"):
        journal.add([_outcome(1)])
    journal.close()
    assert [path.read_bytes() for path in folder.glob("*")] == there


def test_a_full_disk_is_one_error_and_what_was_written_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "j"
    journal = Journal(path, IDENTITY)
    journal.add([_outcome(0)])

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("o3sim.files.growing.os.fsync", full)
        with pytest.raises(InputError, match="No space left on device; --resume goes on from here"):
            journal.add([_outcome(1)])
    journal.close()
    assert 0 in _read(path)


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"number": 1}', b"null", b"[" * 100_000])
def test_a_line_that_nobody_wrote_is_refused(tmp_path: Path, eighty: list[bytes], line: bytes) -> None:
    assert _refused(tmp_path / "j", [*eighty[:2], line + b"\n", *eighty[2:]]) == 3
