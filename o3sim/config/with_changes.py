"""A machine that differs from another in some keys, checked as if it had been read from a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from o3sim.config.architecture import Architecture
from o3sim.config.catalog import suggest
from o3sim.config.flat import flattened, nested
from o3sim.config.load import find_problems_of_architecture
from o3sim.config.marks import Document, KeyPath, Mark, Marks, Problem, dotted
from o3sim.errors import InputError

_STAGES = "stages"
_CHANGES, _BASE = "changes", "base"
"""What marks of a changed machine name in place of files; the line of a change is its number."""


class Refusal(NamedTuple):
    """One thing wrong with a change; no key where the change is not to blame."""

    key: str
    what: str

    def __str__(self) -> str:
        return f"{self.key}: {self.what}" if self.key else self.what


class ChangeError(InputError):
    """All that is wrong with some changes.

    Parameters
    ----------
    refusals : iterable of Refusal
        In the order of the changes.
    """

    def __init__(self, refusals: Iterable[Refusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__("; ".join(map(str, self.refusals)))


def architecture_with(base: Architecture, changes: Mapping[str, Any]) -> Architecture:
    """Return a machine that differs from another in some keys.

    Parameters
    ----------
    base : Architecture
    changes : mapping of str to value
        By dotted key, as in a sweep; ``stages.3.pe.count`` is of the stage of layer 3, from 0. Files
        that a value names are relative to the working directory.

    Raises
    ------
    ChangeError
        With all that is wrong: keys that no architecture has, values that do not fit them or one
        another, files that are not there.

    Examples
    --------
    >>> from o3sim.config.load import load_architecture
    >>> small = load_architecture("small")
    >>> architecture_with(small, {"pe.count": small.pe.count * 2}).pe.count // small.pe.count
    2
    """
    data = base.model_dump(mode="json")
    unknown = [Refusal(key, what) for key in changes if (what := _why_not(key, data, changes))]
    if unknown:
        raise ChangeError(unknown)
    marks: dict[KeyPath, Marks] = {(): Marks(_mark(_BASE), _mark(_BASE))}
    for number, (key, value) in enumerate(changes.items()):
        path = _path(key)
        _put(data, path, value)
        marks[path] = Marks(_mark(_CHANGES, number), _mark(_CHANGES, number))
    document = Document(data, marks, files=[_CHANGES, _BASE])
    changed, problems = find_problems_of_architecture(document)
    if changed is None or problems:
        raise ChangeError(_refusal(problem, list(changes)) for problem in problems)
    return changed


def architecture_of(values: Mapping[str, Any]) -> Architecture:
    """Make a machine of its plain values by dotted key.

    Raises
    ------
    pydantic.ValidationError
        If they make none.
    """
    return Architecture.model_validate_json(json.dumps(nested(values)))


def unknown_key(key: str, known: Iterable[str]) -> str:
    """Say that no architecture has a key.

    >>> unknown_key("pe.cuont", ["pe.count"])
    'no architecture key `pe.cuont` (did you mean `pe.count`?)'
    """
    return f"no architecture key `{key}`{suggest(key, known)}"


def _why_not(key: str, data: Mapping[str, Any], changes: Mapping[str, Any]) -> str:
    """Say why a key cannot be changed; nothing if it can."""
    known = [*flattened(data), *(name for name in Architecture.model_fields if name not in data)]
    path = _path(key)
    if path[0] == _STAGES and len(path) > 1:
        return _why_no_stage(path, len(data.get(_STAGES, ())), known, _STAGES in changes)
    return "" if key in known else unknown_key(key, known)


def _why_no_stage(path: KeyPath, stages: int, known: list[str], replaced: bool) -> str:
    _, number, *rest = path
    within = ".".join(map(str, rest))
    if replaced:
        return f"{_STAGES} is changed as a whole already"
    if not isinstance(number, int) or not within:
        return f"expected {_STAGES}.N.KEY, N the number of a layer from 0"
    if number >= stages:
        there = f"0 to {stages - 1}" if stages else "none; state them in a file"
        return f"no stage {number} in this machine: there are {there}"
    return "" if within in known else unknown_key(within, known)


def _path(key: str) -> KeyPath:
    """Split a dotted key; numbers are places in a list.

    >>> _path("stages.3.pe.count")
    ('stages', 3, 'pe', 'count')
    """
    return tuple(int(part) if part.isascii() and part.isdecimal() else part for part in key.split("."))


def _put(data: Any, path: KeyPath, value: Any) -> None:
    *sections, last = path
    for section in sections:
        data = data[section] if isinstance(section, int) else data.setdefault(section, {})
    data[last] = value


def _mark(file: str, number: int = 0) -> Mark:
    return Mark(file, number, 0)


def _refusal(problem: Problem, keys: list[str]) -> Refusal:
    """Lay a problem at the change that it stands at; name its place where that is another."""
    key = keys[problem.mark.line] if problem.mark.file == _CHANGES else ""
    here = problem.path in ((), _path(key))
    return Refusal(key, problem.what if here else f"{dotted(problem.path)}: {problem.what}")
