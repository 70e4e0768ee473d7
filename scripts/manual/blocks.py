"""The blocks of a page that are run: what they say, and what has to come out.

``console`` blocks are commands after ``$``, each with what it prints below; ``python`` blocks of a page are
one script, in which ``print(...)  # -> text`` says what is printed. A block with a file name after its
language is that file. Comments of the page's source tell what it takes; ``sh`` blocks that have one are
scripts, which print, among other things, the ``text`` block or the table right behind them::

    <!-- slow -->                 not in the suite: takes seconds, or many blocks like it do
    <!-- needs: FILE -->          data that cannot be shipped
    <!-- not run: why -->         cannot be run here
    <!-- run: COMMAND -->         before the next block, and not worth showing

Three dots in an output stand for anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_FENCE = re.compile(
    r"(?P<marks>(?:^<!-- [^\n]* -->\n+)*)^```(?P<language>console|python|yaml|json|sh)(?: (?P<file>\S+))?\n"
    r"(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_BEHIND = re.compile(
    r"\n+(?:```text\n(?P<text>.*?)^```$|(?P<table>(?:^\|[^\n]*\n)+))", re.MULTILINE | re.DOTALL
)
_MARK = re.compile(r"<!-- (slow|needs|not run|run)(?:: (.*?))? -->")


class Command(NamedTuple):
    """A command of a console block.

    Attributes
    ----------
    line : str
    output : str
        What is shown below it; empty where nothing is.
    """

    line: str
    output: str


@dataclass(frozen=True)
class Block:
    """A block of a page.

    Attributes
    ----------
    page : Path
    number : int
        Line of the page that it begins in.
    language : str
    file : str
        The file that it is; empty if it is to be run.
    text : str
    marks : dict of str to str
        What the page's source says about running it.
    behind : str
        The text or table right behind an ``sh`` block; empty if there is none.
    """

    page: Path
    number: int
    language: str
    file: str
    text: str
    marks: dict[str, str]
    behind: str = ""

    def commands(self) -> list[Command]:
        """Return the commands of a console block."""
        parts = re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]
        return [Command(*_split(part)) for part in parts]


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page that are run, and the files that those read."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        if match["language"] in ("yaml", "json") and not match["file"]:
            continue
        behind = _BEHIND.match(text, match.end()) if match["language"] == "sh" else None
        marks = {mark: what or "" for mark, what in _MARK.findall(match["marks"])}
        number = text.count("\n", 0, match.end("marks")) + 1
        if match["language"] == "sh" and not marks:
            continue
        shown = "" if behind is None else behind["text"] or behind["table"]
        found.append(Block(page, number, match["language"], match["file"] or "", match["text"], marks, shown))
    return found


def printed(text: str) -> list[str]:
    r"""Return what a script says that it prints, by the comments behind that.

    >>> printed("print(1 + 1)  # -> 2\nprint(3)  # three\n")
    ['2']
    """
    return re.findall(r"^ *print\(.*\)  # -> (.+)$", text, re.MULTILINE)


def _split(part: str) -> tuple[str, str]:
    """Split a command, which may go on behind a backslash, from what it prints."""
    lines = part.splitlines(keepends=True)
    end = 1
    while lines[end - 1].endswith("\\\n"):
        end += 1
    return "".join(lines[:end]).strip(), "".join(lines[end:])
