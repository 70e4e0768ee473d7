"""Where two traces part, and what is no trace."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from o3sim.checks.diff.files import compare_files
from o3sim.checks.diff.traces import compare_traces
from o3sim.errors import InputError
from o3sim.trace import reading
from tests.trace.samples import WINDOWS, written

WINDOW = '# window: {"layer": "conv1", "number": 0, "ops": [0, null], "cycles": [0, null]}'


def trace(*lines: str, window: str = WINDOW) -> bytes:
    return "\n".join(
        ["# o3sim canonical trace 1", window, *lines, f"# end: {len(lines)} events", ""]
    ).encode()


A = trace(
    "1 dispatch 7 queue",
    "2 issue 7 pe3.1",
    "2 word 7 pe3 0",
    "3 word 7 pe3 1",
    "4 decide 7 pe3 1",
    "4 retire 7 output 1",
)


@pytest.fixture
def files(tmp_path: Path) -> Callable[[bytes, bytes], tuple[Path, Path]]:
    def write(a: bytes, b: bytes) -> tuple[Path, Path]:
        (tmp_path / "a").write_bytes(a)
        (tmp_path / "b").write_bytes(b)
        return tmp_path / "a", tmp_path / "b"

    return write


Files = Callable[[bytes, bytes], tuple[Path, Path]]


def test_a_trace_is_as_itself_compressed_or_not(files: Files) -> None:
    assert compare_files(*files(A, A)) == []
    assert compare_files(*files(A, gzip.compress(A))) == []


def test_the_first_difference_has_its_context(files: Files) -> None:
    b = A.replace(
        b"3 word 7 pe3 1\n4 decide 7 pe3 1\n4 retire 7 output 1",
        b"3 stall 7 pe3\n4 word 7 pe3 1\n5 decide 7 pe3 1\n5 retire 7 output 1",
    ).replace(b"end: 6", b"end: 7")
    difference = compare_traces(*files(A, b))
    assert difference is not None
    assert (difference.cycle, difference.lines) == (3, (6, 6))
    assert difference.report == [
        "first difference in cycle 3, line 6 of A and 6 of B",
        "pe3:",
        "    2 issue 7 pe3.1",
        "    2 word 7 pe3 0",
        "  A 3 word 7 pe3 1",
        "  A 4 decide 7 pe3 1",
        "  B 3 stall 7 pe3",
        "  B 4 word 7 pe3 1",
        "  B 5 decide 7 pe3 1",
        "what changed in all:",
        "  last cycle: 4 -> 5 (+25.00 %)",
        "  stall events: 0 -> 1",
    ]


def test_every_unit_that_differs_in_the_cycle_is_shown(files: Files) -> None:
    a = trace("3 squash 1 queue", "3 word 2 pe0 0", "3 word 3 pe1 0")
    b = trace("3 squash 4 queue", "3 word 2 pe0 0", "3 word 3 pe1 1")
    difference = compare_traces(*files(a, b))
    assert difference is not None
    assert [line for line in difference.report if line.endswith(":")][:2] == ["pe1:", "queue:"]
    assert "pe0:" not in difference.report


def test_a_trace_that_ends_earlier(files: Files) -> None:
    difference = compare_traces(
        *files(trace("1 dispatch 7 queue"), trace("1 dispatch 7 queue", "2 issue 7 pe0.0"))
    )
    assert difference is not None
    assert "  A (the end)" in difference.report
    assert "  issue events: 0 -> 1" in difference.report


def test_other_windows_are_named(files: Files) -> None:
    other = WINDOW.replace("conv1", "conv2")
    report = compare_files(*files(A, A.replace(WINDOW.encode(), other.encode())))
    assert report[0] == "they are not of the same window:"
    assert "conv2" in report[2]


def test_real_traces_of_two_machines(files: Files) -> None:
    raw = [written("canonical", machine, WINDOWS["all"]) for machine in ("narrow", "long")]
    report = compare_files(*files(*raw))
    assert report[0].startswith("first difference in cycle ")
    assert any(line.startswith("  last cycle: ") and "%" in line for line in report)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (A[: A.index(b"4 retire")], "is cut off after 5 events: its last line is missing"),
        (A[: A.index(b"4 retire") + 5], ":8: is cut off within this line"),
        (gzip.compress(A)[:-12], "is cut off: the compressed data has no end"),
        (gzip.compress(A)[:30] + b"\x00\x00" + gzip.compress(A)[32:], "is corrupt|is cut off"),
        (A.replace(b"4 decide 7 pe3 1\n", b""), "says `# end: 6 events`, but 5 events came before"),
        (A.replace(b"4 decide", b"4 decode"), ":7: is no event: `4 decode 7 pe3 1`"),
        (A.replace(b"4 decide 7 pe3 1", b"4 decide 7 pe3"), ":7: is no event"),
        (A.replace(b"4 decide 7", b"4 decide x"), ":7: is no event"),
        (A.replace(b"4 decide 7", b"4 decide -7"), ":7: is no event"),
        (A.replace(b"4 decide 7", b"4_0 decide 7"), ":7: is no event"),
        (A.replace(b"2 word 7 pe3", b"2 word 7 pe"), ":5: is no event of a PE: `2 word 7 pe 0`"),
        (A.replace(b"2 word 7 pe3", b"2 word 7 pe-3"), ":5: is no event of a PE"),
        (A.replace(b"2 issue 7 pe3.1", b"2 issue 7 queue"), ":4: is no event of a PE"),
        (A.replace(b"4 decide", b"1 decide"), ":7: cycle 1 after cycle 3"),
        (A + b"more\n", "goes on after its end"),
        (
            A.replace(b"trace 1", b"trace 9"),
            "is no canonical trace: it begins with `# o3sim canonical trace 9`",
        ),
        (A.replace(b"pe3.1", b"pe\xff.1"), "is no text"),
        (b"", "is empty"),
        (b"Kanata\t0004\n", "is neither a trace"),
        (b"\x7fELF\x00\x00", "is neither a trace"),
        (b"{}", "is a trace, .*b is a result"),
    ],
)
def test_what_is_no_trace_is_refused(files: Files, raw: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        compare_files(*files(A, raw))


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="absent: cannot be read: No such file"):
        compare_files(tmp_path / "absent", tmp_path / "absent")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        compare_files(tmp_path, tmp_path)


def test_pipes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    descriptor = os.open(tmp_path / "pipe", os.O_RDWR)  # so that opening it to read does not wait
    with pytest.raises(InputError, match="is a pipe, and is read more than once; give a file"):
        compare_files(tmp_path / "pipe", tmp_path / "pipe")
    os.close(descriptor)


@pytest.mark.parametrize("cut_off_first", [True, False])
def test_the_file_that_is_broken_is_the_one_named(files: Files, cut_off_first: bool) -> None:
    lines = trace(*(f"{cycle} word {cycle * 7919 % 10_007} pe0 0" for cycle in range(5000)))
    pair = [gzip.compress(lines)[:-2000], gzip.compress(lines)]
    paths = files(*(pair if cut_off_first else reversed(pair)))
    with pytest.raises(InputError, match=f"{'ab'[not cut_off_first]}: is cut off"):
        compare_files(*paths)


def test_traces_are_compared_as_they_are_read(files: Files) -> None:
    lines = [f"{cycle} word {cycle} pe0 0" for cycle in range(100_000)]
    a, b = trace(*lines), trace("0 word 1 pe0 0", *lines[1:])
    paths = files(a, b)
    del a, b, lines
    tracemalloc.start()
    assert compare_traces(*paths) is not None
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1 word 1 \x1b[2J 0", "holds characters that are no text"),
        ("1 word 1 \u202epe0 0", "holds characters that are no text"),
        (f"{'9' * 5000} word 1 pe0 0", "is cut off within this line, or is no text"),
    ],
)
def test_lines_that_a_terminal_would_obey(files: Files, line: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        compare_files(*files(trace(*["0 word 1 pe0 0"]), trace(line)))


def test_what_is_kept_of_a_trace_is_bounded(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_IN_CYCLE", 100)
    monkeypatch.setattr(reading, "MOST_UNITS", 50)
    fits = trace(*[f"{number // 100} word {number} pe{number % 50} 0" for number in range(1000)])
    assert compare_files(*files(fits, fits)) == []
    crowd = trace(*["5 word 1 pe0 0"] * 101)
    with pytest.raises(InputError, match="beyond 100 events in a cycle"):
        compare_files(*files(fits, crowd))
    units = trace(*[f"{number} word 1 pe{number} 0" for number in range(51)])
    with pytest.raises(InputError, match="or 50 units"):
        compare_files(*files(fits, units))


def test_a_compressed_trace_that_unfolds_to_more_than_traces_do_is_refused_at_its_start(
    tmp_path: Path,
) -> None:
    lines = trace(*[f"{number // 1000} word 1 pe0 0" for number in range(400_000)])
    packed = gzip.compress(lines, 9)
    assert len(packed) * 100 < len(lines)
    path = tmp_path / "t.gz"
    path.write_bytes(packed)
    read = 0

    def read_all() -> None:
        nonlocal read
        with reading.open_any(path) as stream:
            for _ in reading.CanonicalFile(path, stream).events():
                read += 1

    with pytest.raises(InputError, match="unfolds to more than 40 times"):
        read_all()
    line_bytes = len("0 word 1 pe0 0\n")
    assert read * line_bytes < reading.SPARE_BYTES + reading.MOST_GROWTH * len(packed)


def test_a_compressed_trace_may_go_on_as_far_as_what_was_read_of_it_lets_it(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SPARE_BYTES", 1000)
    ops = [(number, number * 7919 % 61) for number in range(50_000)]
    packed = gzip.compress(trace(*[f"{cycle} word {cycle} pe{value} 0" for cycle, value in ops]))
    assert compare_files(*files(packed, packed)) == []
    monkeypatch.setattr(reading, "MOST_GROWTH", 1)
    with pytest.raises(InputError, match="unfolds to more than 1 times its size"):
        compare_files(*files(packed, packed))
