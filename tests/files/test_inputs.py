"""Files of others are opened in one place: what is no file, or takes more memory than it may, is refused."""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o3sim.errors import InputError
from o3sim.files import inputs
from o3sim.files.inputs import (
    MOST_JSON_BYTES,
    inflated,
    open_input,
    parse_json,
    printable,
    read_input,
    read_json,
)


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    (tmp_path / "link").symlink_to(tmp_path / "f")
    assert read_input(tmp_path / "f", 3) == b"abc"
    assert read_input(str(tmp_path / "link"), 3) == b"abc"
    with open_input(tmp_path / "f") as stream:
        assert stream.read(2) == b"ab"


def test_only_what_there_is_is_made_room_for(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    tracemalloc.start()
    read_input(tmp_path / "f", 2**31 - 1)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 1_000_000


def test_a_larger_file_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "f").open("wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(InputError, match=r"/f: has 1,099,511,627,776 bytes; at most 10 are read"):
        read_input(tmp_path / "f", 10)


@pytest.mark.parametrize("kind", ["absent", "folder", "pipe", "loop", "null", "long", "unreadable"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = {"null": Path("a\0b"), "long": tmp_path / ("x" * 300)}.get(kind, tmp_path / "f")
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "unreadable":
        path.write_bytes(b"x")
        path.chmod(0)
        if os.access(path, os.R_OK):
            pytest.skip("nothing is unreadable to this user")
    with pytest.raises(InputError, match="cannot be read: ") as caught:
        read_input(path, 100)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom", "/dev/null", "/dev/full"])
def test_devices_are_refused(device: str) -> None:
    if not Path(device).exists():
        pytest.skip(f"no {device} here")
    with pytest.raises(InputError, match="is a device; give a file"):
        read_input(device, 100)


@given(parts=st.lists(st.binary(), min_size=1))
def test_what_gzip_packed_is_inflated(parts: list[bytes]) -> None:
    assert inflated(b"".join(map(gzip.compress, parts))) == b"".join(parts)


def test_inflating_stops_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(bytes(1000))
    assert inflated(packed, 1000) == bytes(1000)
    with pytest.raises(ValueError, match=r"larger than .* bytes, inflated"):
        inflated(packed, 999)
    with pytest.raises(ValueError, match=r"larger than .* bytes, inflated"):
        inflated(packed * 2, 1999)
    bomb = gzip.compress(bytes(300_000_000), 9)
    monkeypatch.setattr(inputs, "SPARE_BYTES", 2**20)
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"larger than .* bytes, inflated"):
        inflated(bomb)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 100_000_000


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b", b"hello", gzip.compress(b"x" * 99, mtime=0)[:-9]])
def test_damaged_gzip_is_refused(damage: bytes) -> None:
    with pytest.raises(ValueError, match=r"damaged|cut off"):
        inflated(damage)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc\n\té"), inner),
    max_leaves=20,
)


@given(value=JSON)
def test_plain_json_is_read(value: Any) -> None:
    assert parse_json(json.dumps(value)) == value
    assert parse_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "levels deep"),
        ("[" * 51 + "]" * 51, "nested more than 50 levels deep"),
        ('{"a": ' * 60 + "1" + "}" * 60, "levels deep"),
        (f"[{'9' * 5000}]", "a number of 5,000 digits"),
        (f"[-{'9' * 30}]", "digits"),
        ("[NaN]", "`NaN` is not a number"),
        ("[-Infinity]", "not a number"),
        ("[1e999]", "too large"),
        (r'["\ud800"]', r"character U\+D800 is not text"),
        (r'{"\u001b[31m": 1}', r"character U\+001B is not text"),
        (r'["\u202e"]', r"character U\+202E is not text"),
        ('["a', "Unterminated"),
        ("", "Expecting value"),
        (" " * (MOST_JSON_BYTES + 1), "larger than 33,554,432 bytes|at most 33,554,432 are read"),
    ],
)
def test_what_no_json_of_ours_has_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_json(text)
    (tmp_path / "f.json").write_text(text)
    with pytest.raises(
        InputError, match=rf"f\.json: (is cut off or no JSON|has 33,554,433 bytes).*({message})"
    ):
        read_json(tmp_path / "f.json")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_bytes(b'["\xff"]')
    with pytest.raises(InputError, match="no JSON: 'utf-8' codec"):
        read_json(tmp_path / "f.json")


@given(text=st.text(st.characters()))
def test_printable_text_has_nothing_that_a_terminal_obeys(text: str) -> None:
    shown = printable(text)
    shown.encode("utf-8")
    assert all(letter in "\t\n" or not 0 <= ord(letter) - 0x7F <= 0x20 for letter in shown)
    assert all(letter in "\t\n" or ord(letter) >= 32 for letter in shown)
    assert printable(shown) == shown
