"""``extends: other.yaml``: a file that states only what differs from another one.

Mappings are merged key by key, everything else (lists too) replaces what it extends. The name,
the description, the note and the chip it fits belong to one file and are not inherited.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from o3sim.config.catalog import is_path, is_there
from o3sim.config.marks import Document, KeyPath, Marks, Problem
from o3sim.config.shipped_tables import shipped_anywhere
from o3sim.config.yaml_marks import describe, read_yaml
from o3sim.errors import ConfigError, InputError

MOST_FILES = 20
"""Files that extend one another in a row."""

NOT_INHERITED = ("name", "description", "note", "fits")


def load_document(path: Path) -> Document:
    """Read a YAML file and all that it extends into one document.

    Parameters
    ----------
    path : Path
        The file. A relative ``extends`` is relative to the file it stands in.

    Returns
    -------
    Document
        Without the ``extends`` key; each mark points into the file that the value came from. A
        file that extends another and gives no ``name`` is named after its file.

    Raises
    ------
    ConfigError
        If a file cannot be read or parsed, is missing, or extends itself.
    """
    return _load(path, ())


def _load(path: Path, chain: tuple[Path, ...]) -> Document:
    document = read_yaml(path)
    if "extends" not in document.data:
        return document
    target = document.data.pop("extends")
    marks = document.marks.pop(("extends",))
    base_path = _base_path(target, path, marks)
    seen = (*chain, path)
    if os.path.realpath(base_path) in map(os.path.realpath, seen):
        circle = " -> ".join(str(file) for file in (*seen, base_path))
        raise ConfigError([str(Problem(marks.value, ("extends",), f"goes in a circle: {circle}"))])
    if len(seen) > MOST_FILES:
        what = f"the {len(seen)}th file in a row that extends another; {MOST_FILES} at most"
        raise ConfigError([str(Problem(marks.value, ("extends",), what))])
    base = _load(base_path, seen)
    for key in NOT_INHERITED:
        base.data.pop(key, None)
        base.marks.pop((key,), None)
    document.data.setdefault("name", path.stem)
    document.marks.setdefault(("name",), document.marks[()])
    return _merge(base, document)


def _base_path(target: Any, path: Path, marks: Marks) -> Path:
    try:
        if not isinstance(target, str) or not target:
            raise InputError(f"expected a file or a shipped name, found {describe(target)}")
        beside = path.parent / target
        if is_there(beside):
            return beside
        if is_path(target):
            raise InputError(f"no file {beside}")
        return shipped_anywhere(target)
    except InputError as error:
        raise ConfigError([str(Problem(marks.value, ("extends",), str(error)))]) from None


def _merge(base: Document, over: Document) -> Document:
    """Lay `over` on `base`, marks included."""
    marks = dict(base.marks)
    data = _merged(base.data, over.data, (), marks)
    marks.update(over.marks)
    return Document(data, marks, over.problems + base.problems, over.files + base.files)


def _merged(base: Any, over: Any, path: KeyPath, marks: dict[KeyPath, Marks]) -> Any:
    if isinstance(base, dict) and isinstance(over, dict):
        merged = dict(base)
        for key, value in over.items():
            merged[key] = _merged(base[key], value, (*path, key), marks) if key in base else value
        return merged
    for old in [mark for mark in marks if mark[: len(path)] == path]:
        del marks[old]
    return over
