"""The page of all commands, off the command line itself."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from o3sim.cli.manual.tables import markdown_table

_TOP = """\
# Commands

Every command with all its arguments and options: what `o3sim COMMAND --help` prints. The words that several
commands share are explained in the page on running.
"""


def commands_page(command: Any) -> str:
    """Write the page.

    Parameters
    ----------
    command : click.Group
        The command line.
    """
    return "\n".join([_TOP, *(_section(words, each) for words, each in commands_below(command, "o3sim"))])


def commands_below(command: Any, words: str) -> Iterator[tuple[str, Any]]:
    """Yield all commands that do something, each after the words that call it."""
    for name, each in sorted(getattr(command, "commands", {}).items()):
        called = f"{words} {name}"
        if hasattr(each, "commands"):
            yield from commands_below(each, called)
        else:
            yield called, each


def _section(words: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    given = [each for each in command.params if each.param_type_name == "option" and not each.hidden]
    usage = " ".join([words, *(["[OPTIONS]"] if given else []), *(_usage(each) for each in arguments)])
    parts = [f"## {words}", "", f"`{usage}`", "", inspect.cleandoc(command.help or "")]
    if rows := [(f"`{_metavar(each)}`", each.help or "", _default(each)) for each in arguments]:
        parts += ["", markdown_table(["argument", "what it is", "default"], rows)]
    if rows := [(_names(each), each.help or "", _default(each)) for each in given]:
        parts += ["", markdown_table(["option", "what it does", "default"], rows)]
    return "\n".join([*parts, ""])


def _usage(argument: Any) -> str:
    name = _metavar(argument)
    return name if argument.required else f"[{name}]"


def _metavar(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _names(option: Any) -> str:
    value = "" if option.is_flag else f" {_metavar(option)}"
    return ", ".join(f"`{name}{value}`" for name in sorted(option.opts, key=len, reverse=True))


def _default(parameter: Any) -> str:
    """Return the default; in words where a command works it out."""
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    if parameter.required:
        return "required"
    default = parameter.default
    return "" if default in (None, False, "", ()) or callable(default) else f"`{default}`"
