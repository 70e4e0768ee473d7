"""Run the blocks of a page, and compare what comes out with what the page says."""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import filterfalse
from pathlib import Path
from typing import Any
from unittest.mock import patch

from o3sim.cli.app import main as o3sim
from scripts.manual import ROOT
from scripts.manual.blocks import Block, Command, blocks_of, printed

_SHELL = re.compile(r"[|&;<]|^\w+=|>>")
"""What only a shell does; a plain `o3sim ... > FILE` is called here, which spares its start."""


_OF_A_CHECKOUT = re.compile(r"\bsh (scripts/[\w-]+)")

_ERROR = "error: "
DOTS = doctest.ELLIPSIS_MARKER


class DifferentError(Exception):
    """A block does not do what its page says."""


def run_page(
    page: Path, folder: Path, slow: bool = False, data: Path | None = None, update: bool = False
) -> list[str]:
    """Run the blocks of a page in their order, in a folder of their own.

    Parameters
    ----------
    page : Path
    folder : Path
        Empty.
    slow : bool
        Whether to run those that are marked as slow.
    data : Path, optional
        Folder with the files that blocks need and that are not shipped.
    update : bool
        Whether to write what commands print into the page, where it has something else and no dots.

    Returns
    -------
    list of str
        What was left out, and why.

    Raises
    ------
    DifferentError
        If a command fails, or prints something else.
    """
    left_out: list[str] = []
    script: dict[str, Any] = {"__name__": "__page__"}
    with contextlib.chdir(folder):
        for block in blocks_of(page):
            why = _why_not(block, slow, data)
            if why:
                left_out.append(f"{page.name}:{block.number}: {why}")
            elif block.file:
                Path(block.file).write_text(block.text, encoding="utf-8")
            elif block.language == "sh":
                _run_script(block)
            elif block.language == "python":
                _run_python(block, script)
            else:
                _run_console(block, update)
    return left_out


def _why_not(block: Block, slow: bool, data: Path | None) -> str:
    if "not run" in block.marks:
        return block.marks["not run"]
    needed = block.marks.get("needs")
    if needed:
        source = None if data is None else data / needed
        if source is None or not source.is_file():
            return f"needs {needed}"
        if not Path(needed).exists():
            Path(needed).symlink_to(source.absolute())
    return "slow" if "slow" in block.marks and not slow else ""


def _run_python(block: Block, script: dict[str, Any]) -> None:
    stream = io.StringIO()
    source = "\n" * block.number + block.text  # so that a traceback has the lines of the page
    with contextlib.redirect_stdout(stream):
        exec(compile(source, str(block.page), "exec"), script)  # noqa: S102 - a page of this repository
    lines = iter(stream.getvalue().splitlines())
    for expected in printed(block.text):
        if not any(same(expected, line) for line in lines):
            raise DifferentError(f"{_place(block)}: expected {expected!r} in\n{stream.getvalue()}")


def _run_script(block: Block) -> None:
    """Run an ``sh`` block as one script; all lines that the page shows behind it have to be printed."""
    status, out, err = _in_shell("set -e\n" + _OF_A_CHECKOUT.sub(_module, block.text))
    if status != 0:
        raise DifferentError(f"{_place(block)}: status {status}\n{out}{err}")
    found = {line.rstrip() for line in out.splitlines()}
    missing = [line for line in _trimmed(block.behind).splitlines() if line and line not in found]
    if missing:
        shown = "\n".join(missing)
        raise DifferentError(f"{_place(block)}: not printed:\n{shown}\n-- printed was\n{out}")


def _module(script: re.Match[str]) -> str:
    """Return what a script of the repository runs, in the environment that is there already."""
    text = (ROOT / script[1]).read_text(encoding="utf-8")
    module = re.search(r"-m (scripts[\w.]+)", text)
    if module is None:
        return f"sh {ROOT / script[1]}"
    return f"PYTHONPATH={shlex.quote(str(ROOT))} {shlex.quote(sys.executable)} -m {module[1]}"


def _run_console(block: Block, update: bool) -> None:
    if "run" in block.marks:
        _call(block.marks["run"])
    for command in block.commands():
        status, out, err = _call(command.line)
        shown = out if status == 0 else out + "".join(filterfalse(_tells_progress, err.splitlines(True)))
        if status != 0 and not command.output:
            raise DifferentError(f"{_place(block)}: {command.line}: status {status}\n{out}{err}")
        if command.output and not same(command.output, shown):
            expected_so = status == 0 or _ERROR in command.output
            if update and expected_so and DOTS not in command.output and _updated(block, command, shown):
                continue
            raise DifferentError(f"{_place(block)}: {_difference(command, shown)}")


def _tells_progress(line: str) -> bool:
    """Return whether a line says what takes its time, which depends on the machine."""
    return " so far" in line


def _updated(block: Block, command: Command, found: str) -> bool:
    """Write what a command prints into its page, if it is clear where."""
    text = block.page.read_text(encoding="utf-8")
    shown = f"{command.line}\n{command.output}"
    if text.count(shown) != 1:
        return False
    block.page.write_text(text.replace(shown, f"{command.line}\n{_trimmed(found)}"), encoding="utf-8")
    return True


def same(expected: str, found: str) -> bool:
    r"""Return whether a text is what a page shows, where three dots are anything.

    >>> same("took ... s\n", "took 1.5 s  \n"), same("took 1 s", "took 2 s")
    (True, False)
    """
    checker = doctest.OutputChecker()
    return checker.check_output(_trimmed(expected), _trimmed(found), doctest.ELLIPSIS)


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines()) + "\n"


def _difference(command: Command, found: str) -> str:
    return f"$ {command.line}\n-- the page has\n{_trimmed(command.output)}-- printed was\n{_trimmed(found)}"


def _place(block: Block) -> str:
    return f"{block.page}:{block.number}"


def _call(line: str) -> tuple[int, str, str]:
    """Call a command; return its status and what it prints."""
    words = shlex.split(line.replace("\\\n", " "), comments=True)
    if words[0] == "o3sim" and not _SHELL.search(line):
        return _call_here(words[1:])
    return _in_shell(line)


def _in_shell(line: str) -> tuple[int, str, str]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False, env=environment)  # noqa: S602 - as pages say it
    return done.returncode, done.stdout, done.stderr


def _call_here(words: list[str]) -> tuple[int, str, str]:
    target = None
    if ">" in words:
        at = words.index(">")
        target = Path(words[at + 1])
        words = words[:at] + words[at + 2 :]
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.object(sys, "argv", ["o3sim", *words]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        status = _status()
    if target is not None:
        target.write_text(out.getvalue(), encoding="utf-8")
        return status, "", err.getvalue()
    return status, out.getvalue(), err.getvalue()


def _status() -> int:
    try:
        o3sim()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def run_pages(
    pages: list[Path], scratch: Path, data: Path | None, update: bool
) -> Iterator[tuple[Path, str, list[str]]]:
    """Run whole pages, one after another; yield each with what is wrong and what was left out."""
    for page in pages:
        folder = scratch / page.relative_to(ROOT).with_suffix("")
        folder.mkdir(parents=True)
        try:
            yield page, "", run_page(page, folder, slow=True, data=data, update=update)
        except DifferentError as error:
            yield page, str(error), []
