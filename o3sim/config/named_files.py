"""Files that an architecture's keys name: custom classes and an energy table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from o3sim.config.catalog import is_path
from o3sim.config.custom_code import CUSTOM_KEYS, CodePlace, code_place, code_problems, is_custom
from o3sim.config.marks import Document, Problem
from o3sim.config.shipped_tables import is_table, no_table

_TABLE = ("energy", "table")
_KEYS = (_TABLE, *CUSTOM_KEYS)

FILE_KEYS = tuple(".".join(path) for path in _KEYS)
"""Dotted keys of an architecture that may name a file."""


def file_problems(key: str, value: object) -> Iterator[str]:
    """Yield what keeps the file that a dotted key names from being used.

    >>> list(file_problems("scheduler.policy", "none.py:Mine")), list(file_problems("pe.count", 3))
    (['none.py: cannot be read: No such file or directory'], [])
    """
    if key not in FILE_KEYS or not isinstance(value, str):
        return
    if key == ".".join(_TABLE):
        if value and not is_table(value):
            yield no_table(value)
    elif is_custom(value):
        yield from code_problems(code_place(value))


def anchor_files(document: Document) -> None:
    """Make relative files start at the YAML file that names them, not where o3sim runs."""
    for path, value in _named(document.data):
        section, key = path
        document.data[section][key] = _below(Path(document.file_of(path)).parent, path, value)


def note_absent_files(document: Document) -> None:
    """Add what is wrong with the files that a document names to its problems."""
    for path, value in _named(document.data):
        mark = document.nearest(path).value
        document.problems += [Problem(mark, path, what) for what in file_problems(".".join(path), value)]


def _named(data: Any) -> Iterator[tuple[tuple[str, str], str]]:
    for section, key in _KEYS:
        inner = data.get(section)
        value = inner.get(key) if isinstance(inner, dict) else None
        if isinstance(value, str) and value:
            yield (section, key), value


def _below(folder: Path, path: tuple[str, str], value: str) -> str:
    if path == _TABLE:
        return str(folder / value) if is_path(value) else value
    place = code_place(value)
    return str(CodePlace(folder / place.file, place.name)) if is_custom(value) else value
