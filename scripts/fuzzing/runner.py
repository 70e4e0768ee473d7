"""Runs a case in a process of its own, forked from this warm one, under limits of time and memory."""

from __future__ import annotations

import atexit
import faulthandler
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from scripts.fuzzing.verdicts import Ending

MEMORY_BYTES = 3 * 2**30
"""Address space that a case may have beyond what this process has: what asks for more gets a MemoryError."""
FILE_BYTES = 2**29
LOOK_S = 0.002
GONE_S = 10.0
"""In which what a case has started ends after it: to end takes the server of workers some time."""
SHOWN = 200_000
"""Characters of an output that are looked at."""


def run_case(call: Callable[[], object], folder: Path, limit_s: float) -> Ending:
    """Run a call in a forked process, in ``folder/files``; return how it ended.

    Standard output and error go to ``folder/out`` and ``err``, temporary files to ``folder/temporary``.
    """
    (folder / "temporary").mkdir()
    before = _names(folder)
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _as_child(call, folder, limit_s)
    status, usage = _wait(child, began + limit_s)
    ended = time.monotonic()
    alive = _end_group(child)
    return Ending(
        status=None if status is None else os.waitstatus_to_exitcode(status),
        out=_text(folder / "out"),
        err=_text(folder / "err"),
        wall_s=ended - began,
        memory_bytes=usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        new=tuple(sorted(_names(folder) - before - {"out", "err"})),
        alive=alive and status is not None,
    )


def _as_child(call: Callable[[], object], folder: Path, limit_s: float) -> None:
    """Never return: become the leader of a group, take the limits, call, and end."""
    status = 70
    try:
        os.setsid()
        _redirect(folder)
        _limit(limit_s)
        status = _status(call)
    except BaseException:  # whatever it is, it must not go on as a second runner
        traceback.print_exc()
    finally:
        with suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _redirect(folder: Path) -> None:
    """Begin anew: folder, streams, environment, and nothing left to do at the end for the parent."""
    _forget_ends()
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / name, flags, 0o600), number)
        os.set_inheritable(number, True)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.environ["TMPDIR"] = str(folder / "temporary")
    import tempfile

    tempfile.tempdir = None
    os.chdir(folder / "files")


def _forget_ends() -> None:
    """Leave what this process does at its end to it; the child does what it is told to itself.

    Multiprocessing asks for its own end once, when it is loaded, which this process has done for the child.
    """
    from multiprocessing import util

    atexit._clear()
    util._finalizer_registry.clear()  # type: ignore[attr-defined]  # as its own children do
    atexit.register(util._exit_function)  # type: ignore[attr-defined]


def _limit(limit_s: float) -> None:
    space = MEMORY_BYTES + _address_space_bytes()
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL if number != signal.SIGINT else signal.default_int_handler)
    faulthandler.dump_traceback_later(limit_s * 0.9, file=2)  # says where a hang is


def _address_space_bytes() -> int:
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    return 2**36


def _status(call: Callable[[], object]) -> int:
    """Call as the interpreter would: an exit has its status, any other exception is shown."""
    status = 0
    try:
        call()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    return status & 0xFF


def _wait(child: int, until: float) -> tuple[int | None, resource.struct_rusage]:
    """Wait for the end of a process, or kill its whole group at a time; then the status is None."""
    while True:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            return status, usage
        if time.monotonic() > until:
            os.killpg(child, signal.SIGKILL)
            return None, os.wait4(child, 0)[2]
        time.sleep(LOOK_S)


def _end_group(child: int) -> bool:
    """Kill what is left of a process's group; return whether there was anything after a moment."""
    until = time.monotonic() + GONE_S
    while time.monotonic() < until:
        if not _group_lives(child):
            return False
        time.sleep(LOOK_S)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    return True


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _names(folder: Path) -> set[str]:
    """List all that lies in a folder, without following links."""
    return {
        os.path.relpath(os.path.join(place, name), folder)
        for place, folders, files in os.walk(folder)
        for name in [*folders, *files]
    }


def _text(path: Path) -> str:
    with suppress(OSError), path.open("rb") as stream:
        return stream.read(SHOWN).decode("utf-8", "replace")
    return ""
