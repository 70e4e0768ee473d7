"""A process that has everything loaded and forks one for each command: hundreds of runs in a minute.

Run as ``python -m tests.kills.server SOCKET``; :mod:`tests.kills.running` talks to it.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import sys
import tempfile
import warnings
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

LOADED = ("o3sim.runs.preload", "matplotlib.pyplot", "optuna", "onnx", "torch", "pyarrow.parquet")
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "fcntl.flock")
"""What Python tells of before it happens, besides files opened for writing."""

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def load() -> None:
    """Import all that commands import, and load the kernels."""
    warnings.simplefilter("ignore")
    import_module("o3sim.runs.kernels").load_usual_kernels()
    for name in LOADED:
        if find_spec(name.split(".")[0]):
            import_module(name)
    package = Path(import_module("o3sim").__file__ or "").parent
    for path in package.rglob("*.py"):
        with suppress(ImportError):  # of an extra
            import_module(".".join(path.relative_to(package.parent).with_suffix("").parts))


def count_changes(die_at: int) -> Callable[[], int]:
    """Count what changes files; be killed at one of these moments, if ``die_at`` is not 0."""
    changes = 0

    def tick() -> None:
        nonlocal changes
        changes += 1
        if changes == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        if event in CHANGES or (event == "open" and (arguments[2] or 0) & WRITING):
            tick()

    fsync = os.fsync

    def counted_fsync(handle: int) -> None:
        tick()
        fsync(handle)
        tick()

    os.fsync = counted_fsync
    sys.addaudithook(heard)
    return lambda: changes


def interrupt_within(code: CodeType) -> Callable[[int, FrameType | None], None]:
    """Make a handler of ctrl-C that interrupts what a function calls, and nothing before or after it.

    What is around the command here is not the command's: an interrupt that arrives as it ends is too late
    to change how it ended. One that gets out of the function is still seen.
    """

    def interrupt(_number: int, frame: FrameType | None) -> None:
        while frame is not None:
            frame = frame.f_back
            if frame is not None and frame.f_code is code:
                raise KeyboardInterrupt

    return interrupt


def run_command(asked: dict[str, Any], out: int, err: int, report: int) -> None:
    """Be a command: in a session of its own, with its own folder, output and limits; never returns."""
    status: Any = 70
    try:
        os.setsid()
        os.chdir(asked["folder"])
        os.environ["TMPDIR"] = tempfile.tempdir = asked["scratch"]
        sys.stdout.flush()
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        if asked["most_bytes"] is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (asked["most_bytes"], resource.RLIM_INFINITY))
        sys.argv = ["o3sim", *asked["words"]]
        from o3sim.cli.app import main

        signal.signal(signal.SIGINT, interrupt_within(main.__code__))
        changes = count_changes(asked["die_at"])
        os.write(report, b"begun\n")
        try:
            main()
        except SystemExit as ended:
            status = ended.code or 0
        os.write(report, f"{changes()}\n".encode())
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def serve(here: socket.socket) -> None:
    """Fork a process for each request; tell its number, then how it ended."""
    while True:
        raw, handles, _, _ = socket.recv_fds(here, 65536, 3)
        if not raw:
            return
        child = os.fork()
        if child == 0:
            here.close()
            run_command(json.loads(raw), *handles)
        for handle in handles:
            os.close(handle)
        here.send(f"{child}".encode())
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        here.send(b"ended")
        if not here.recv(16):  # until then nobody else has its number, whoever sends it a signal
            return
        _, status = os.waitpid(child, 0)
        here.send(f"{os.waitstatus_to_exitcode(status)}".encode())


if __name__ == "__main__":
    load()
    with socket.socket(fileno=int(sys.argv[1])) as given:
        given.send(b"ready")
        serve(given)
    os._exit(0)  # to take apart all that is loaded can take half a minute, where others compute
