"""What must not happen, whatever a file holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from o3sim.files.inputs import NOT_TEXT

MOST_STDERR_BYTES = 20_000
MOST_MEMORY_BYTES = 2**31
REFUSED, DIFFERENT, FAILED_POINTS = 2, 1, 3
MAY_DIFFER = {("diff",), ("golden", "check")}
"""Commands that say by their exit status that something differs."""

_ERROR = re.compile(r"^error: .*\S", re.MULTILINE | re.IGNORECASE)  # typer's own lines are called `Error:`
_WARNING = re.compile(r"^\S*\.py:\d+: \w+", re.MULTILINE)
_TEMPORARY = re.compile(r"(^|/)(\.[^/]*\.(tmp|old)|o3sim-\d+-\w+|pymp-\w+|\.[0-9a-f]+\.\d+|tmp\w{8})(/|$)")


@dataclass(frozen=True)
class Ending:
    """How a call ended.

    Attributes
    ----------
    status : int or None
        Exit status, negative for a signal; None if it was killed for its time.
    wall_s, memory_bytes : float, int
        Longest time, and largest memory that was resident.
    new : tuple of str
        Files that were not there before, in the case's folder and in that for temporary files.
    alive : bool
        Whether processes of it went on.
    """

    status: int | None
    out: str
    err: str
    wall_s: float = 0.0
    memory_bytes: int = 0
    new: tuple[str, ...] = field(default=())
    alive: bool = False


def faults(words: Sequence[str], ending: Ending) -> list[str]:
    """Return what is wrong with how a call of ``o3sim WORDS`` ended; nothing, if it is as it should be."""
    left = [name for name in ending.new if _TEMPORARY.search(name)]
    silent = ending.status == REFUSED and not _ERROR.search(ending.err)
    checks = {
        "traceback": "Traceback (most recent call last)" in ending.err,
        "silence": silent,
        "raw warning": _WARNING.search(ending.err),
        "flood": len(ending.err.encode("utf-8", "replace")) > MOST_STDERR_BYTES,
        "control characters": any(
            NOT_TEXT.search(text.replace("\r", "")) for text in (ending.out, ending.err)
        ),
        "memory": ending.memory_bytes > MOST_MEMORY_BYTES or "MemoryError" in ending.err,
        f"leftover {' '.join(left[:1])}": left,
        "process left": ending.alive,
    }
    return [*_wrong_status(words, ending.status), *(name for name, found in checks.items() if found)]


def _wrong_status(words: Sequence[str], status: int | None) -> list[str]:
    if status is None:
        return ["hang"]
    if status < 0:
        return [f"signal {-status}"]
    return [] if _may_end_with(words, status) else [f"exit {status}"]


def _may_end_with(words: Sequence[str], status: int) -> bool:
    if status == DIFFERENT:
        return any(tuple(words[: len(each)]) == each for each in MAY_DIFFER)
    return status in (0, REFUSED) or (status == FAILED_POINTS and words[0] in ("sweep", "explore"))
