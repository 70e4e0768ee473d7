"""All commands, found by walking the command line itself, and arguments that each can be called with."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.core import TyperArgument
from typer.main import get_command

from o3sim.api import simulate
from o3sim.cli import app as cli
from o3sim.files import save_npz
from o3sim.network.images import Images
from o3sim.results.document import to_json
from o3sim.results.table import csv_text
from o3sim.runs.case import Case
from o3sim.trace.intervals import interval_rows
from tests.checks.golden.workload import write_workload
from tests.sample_runs import architecture, images, network

SAMPLES = {
    "ARCH": "o3bnn",
    "ARCH,...": "o3bnn",
    "ARCH|WORKLOAD": "o3bnn",
    "RESULT.json|ARCH": "o3bnn",
    "WORKLOAD": "tiny.yaml",
    "EXAMPLE": "low-voltage",
    "PAGE": "glossary",
    "SHELL": "bash",
    "RESULT.json...": "result.json",
    "DIR": "new",
    "FILE": "out.png",
    "FILE.csv": "counts.csv",
    "FILE.html": "out.html",
    "FILE.npz": "images.npz",
    "LAYER": "0",
    "NAME": "made",
}
"""What to give where a command needs something, by what its help calls that."""

NEEDED_TOO = {"trace": ("--layer", "0")}
"""Options that a command needs unless another is given."""


class Done(NamedTuple):
    """How a command ended."""

    status: int | str | None
    out: str
    err: str


class Command(NamedTuple):
    """A command by its words, with its parameters as the command line has them."""

    words: tuple[str, ...]
    parameters: tuple[Any, ...]

    def __str__(self) -> str:
        return " ".join(self.words)

    def option(self, name: str) -> Any:
        """Return the parameter of an option; None if there is none."""
        return next((each for each in self.options() if name in each.opts), None)

    def options(self) -> Iterator[Any]:
        """Yield the parameters that are options."""
        return (each for each in self.parameters if not isinstance(each, TyperArgument))

    def arguments(self) -> Iterator[Any]:
        """Yield the parameters that are not."""
        return (each for each in self.parameters if isinstance(each, TyperArgument))

    def needed(self, but: str = "") -> list[str]:
        """Return samples of all arguments, and of the options that have to be given."""
        words = [SAMPLES[each.metavar] for each in self.arguments()]
        for each in self.options():
            if each.required and but not in each.opts:
                words += [each.opts[0], SAMPLES[each.metavar]]
        option, *value = NEEDED_TOO.get(str(self), (but,))
        return words if option == but else [*words, option, *value]


def commands() -> list[Command]:
    """Find every command."""
    return list(_below(get_command(cli.app), ()))


def _below(command: Any, words: tuple[str, ...]) -> Iterator[Command]:
    if hasattr(command, "commands"):
        for name, each in command.commands.items():
            yield from _below(each, (*words, name))
    else:
        yield Command(words, tuple(command.params))


def having(option: str) -> list[Command]:
    """Find the commands that have an option."""
    return [command for command in commands() if command.option(option) is not None]


def write_samples(folder: Path) -> Path:
    """Write the files that the samples name, and a folder and a file to be refused; return their folder."""
    write_workload(folder)
    save_npz(folder / "images.npz", {"x": images(4)})
    (folder / "result.json").write_text(to_json(simulate("o3bnn", folder / "tiny.yaml"), []))
    small = Case(network(), Images(images(1), None))
    (folder / "counts.csv").write_text(csv_text(list(interval_rows(architecture(), small, range(3), 20))))
    (folder / "folder").mkdir()
    (folder / "file").touch()
    return folder


def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> Done:
    """Call `o3sim` in this process."""
    monkeypatch.setattr(sys, "argv", ["o3sim", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return Done(ended.value.code, *capsys.readouterr())
