"""No command that writes is left out."""

from __future__ import annotations

from tests.cli.commands import commands
from tests.kills.commands import COMMANDS

WRITE = ("--output", "--json", "--save")
LEFT_OUT = {
    "reproduce": "takes minutes; writes by what `run` and `plot` write by",
    "import bnn-pynq": "needs files that are not shipped; writes by what the other imports write by",
    **dict.fromkeys(
        (
            *("lines", "pareto", "heatmap", "energy", "pruning", "speedup"),
            *("images", "interval", "depth", "occupancy", "timeline"),
        ),
        "draws and writes by what `plot stack` does",
    ),
}


def test_every_command_that_writes_is_killed() -> None:
    writing = {str(each) for each in commands() if any(each.option(name) for name in WRITE)}
    killed = {each.words for each in COMMANDS.values()}
    alone = {name for name in writing if not any(f"{words} ".startswith(f"{name} ") for words in killed)}
    assert {name.removeprefix("plot ") for name in alone} == set(LEFT_OUT)
