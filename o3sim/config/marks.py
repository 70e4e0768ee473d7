"""Where things stand in configuration files, and what is wrong there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from o3sim.errors import ConfigError, InputError

KeyPath = tuple[str | int, ...]
"""Keys and list indices from the top of a document down to a value."""


class Mark(NamedTuple):
    """A position in a file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Marks(NamedTuple):
    """Where a value stands and where its key does (the same place for a list's items)."""

    key: Mark
    value: Mark


def dotted(path: KeyPath) -> str:
    """Write a key path as people do.

    >>> dotted(("layers", 0, "kernel"))
    'layers[0].kernel'
    """
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, printed as ``file:line:column: key.path: what``.

    Attributes
    ----------
    mark : Mark
    path : tuple of str or int
    what : str
    between : bool
        Whether it lies between the values of several keys.
    """

    mark: Mark
    path: KeyPath
    what: str
    between: bool = False

    def __str__(self) -> str:
        key = f"{dotted(self.path)}: " if self.path else ""
        return f"{self.mark}: {key}{self.what}"


class Conflict(NamedTuple):
    """Keys whose values do not go together; the first is the one that the message is about."""

    paths: tuple[KeyPath, ...]
    what: str

    def __str__(self) -> str:
        return f"{dotted(self.paths[0])}: {self.what}"


@dataclass
class Document:
    """A YAML document with the position of every key and value.

    Attributes
    ----------
    data : Any
        The plain values: dict, list, str, int, float, bool and None.
    marks : dict
        Position by key path; the empty path is the document itself.
    problems : list of Problem
        What is wrong already, whatever the document is used for (a key given twice, ...).
    files : list of str
        Files it was read from: the named one first, then what it extends.
    """

    data: Any
    marks: dict[KeyPath, Marks]
    problems: list[Problem] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def file_of(self, path: KeyPath) -> str:
        """Return the file in which the value at `path` stands: what a relative path in it refers to."""
        return self.nearest(path).value.file

    def locate(self, conflict: Conflict) -> Problem:
        """Place a conflict at the first of its keys that stands in the most specific file."""
        marks = [self.nearest(path).value for path in conflict.paths]
        outermost = min(marks, key=lambda mark: self.files.index(mark.file))
        return Problem(outermost, conflict.paths[0], conflict.what, between=True)

    def nearest(self, path: KeyPath) -> Marks:
        """Return the marks of `path` or, where that is absent, of the closest thing around it."""
        while path and path not in self.marks:
            path = path[:-1]
        return self.marks[path]


@contextmanager
def placed(document: Document, key: KeyPath) -> Iterator[None]:
    """Say beside an error at which key its cause is named; errors that have a place keep it."""
    try:
        yield
    except ConfigError:
        raise
    except InputError as error:
        raise ConfigError([str(Problem(document.nearest(key).value, key, str(error)))]) from None
