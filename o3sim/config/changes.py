"""Machines made of plain values or of another machine with some keys changed, checked as a file is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from o3sim.config.change_keys import is_section, path_of, why_not
from o3sim.config.check import find_problems
from o3sim.config.marks import Document, KeyPath, Mark, Marks, Problem, dotted
from o3sim.config.model import StrictModel
from o3sim.config.named_files import note_absent_files
from o3sim.config.overrides import Overrides
from o3sim.errors import ConfigError, InputError

ModelT = TypeVar("ModelT", bound=StrictModel)

_CHANGES, _BASE = "changes", "base"
"""What marks of a changed machine name in place of files; the line of a change is its number."""


class Refusal(NamedTuple):
    """One thing wrong with a change.

    Attributes
    ----------
    key : str
        Dotted key of the change; empty where none is to blame.
    what : str
    between : bool
        Whether it lies between the values of several keys, each of which could be.
    """

    key: str
    what: str
    between: bool = False

    def __str__(self) -> str:
        return f"{self.key}: {self.what}" if self.key and f"`{self.key}`" not in self.what else self.what


class ChangeError(ConfigError):
    """All that is wrong with some changes.

    Parameters
    ----------
    refusals : iterable of Refusal
        In the order of the changes.
    machine : str, optional
        What the machine that they would make is called, for the message.
    """

    def __init__(self, refusals: Iterable[Refusal], machine: str = "") -> None:
        self.refusals = tuple(refusals)
        of = f"architecture {machine}: " if machine else ""
        super().__init__([f"{of}{refusal}" for refusal in self.refusals])


def changed(architecture: ModelT, changes: Mapping[str, Any]) -> ModelT:
    """Return a machine with some keys changed.

    Parameters
    ----------
    architecture : Architecture
        Checked anew in all its keys, however it was made.
    changes : mapping of str to value
        By dotted key, or nested as in a file; ``stages.3.pe.count`` is of the stage of layer 3, from 0.
        Files in it are relative to the current folder.

    Raises
    ------
    ChangeError
        With all that is wrong: keys that no architecture has or that are changed twice, values that do
        not fit them or one another, files that are not there.

    Examples
    --------
    >>> from o3sim.config.load import load_architecture
    >>> small = load_architecture("small")
    >>> changed(small, {"pe.count": small.pe.count * 2}).pe.count // small.pe.count
    2
    """
    if not isinstance(changes, Mapping):
        raise InputError(f'changes: expected a mapping such as {{"pe.count": 32}}, found {changes!r}')
    values = plain(_values(architecture))
    stated = _stated(changes, values, type(architecture))
    for key, value in stated.items():
        _put(values, path_of(key), value)
    document = _document(values, list(stated))
    note_absent_files(document)
    return _made(document, list(stated), type(architecture), getattr(architecture, "name", "without a name"))


def checked(architecture: ModelT) -> ModelT:
    """Return a machine that is valid in every key, whatever was done to the one that is given.

    Raises
    ------
    ChangeError
        With everything that is wrong, each with its key.
    """
    return changed(architecture, {})


def made_of(values: Mapping[str, Any], model: type[ModelT], varied: Iterable[str] = ()) -> ModelT:
    """Make a machine of plain values, nested as in a file; see ``Architecture.of``."""
    try:
        return model.model_validate_json(json.dumps(values))
    except ValidationError:
        keys = list(varied)
        return _made(_document(dict(values), keys), keys, model)


def plain(value: Any) -> Any:
    """Turn values of a script into those of a file: numbers of NumPy, paths and tuples included.

    Raises
    ------
    InputError
        If there is something that no file can state.

    Examples
    --------
    >>> plain({"energy.table": Path("mine.yaml"), "pe.count": (32, 64)})
    {'energy.table': 'mine.yaml', 'pe.count': [32, 64]}
    """
    try:
        return json.loads(json.dumps(value, default=_plain_one))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"no value that a file can state: {error}") from None


def _plain_one(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{value!r}")


def _values(value: Any) -> Any:
    """Return what a model holds; unlike its own dump, keys that it does not know are among it."""
    if isinstance(value, BaseModel):
        stated = value.model_fields_set if isinstance(value, Overrides) else vars(value)
        held = {key: inner for key, inner in vars(value).items() if key in stated and inner is not None}
        return {key: _values(inner) for key, inner in held.items()}
    return [_values(inner) for inner in value] if isinstance(value, tuple) else value


def _stated(changes: Mapping[str, Any], values: dict[str, Any], model: type[StrictModel]) -> dict[str, Any]:
    """Return every change by dotted key, in plain values; refuse those that cannot be."""
    refusals: list[Refusal] = []
    found: dict[str, Any] = {}
    leaves = [
        (key, value)
        for key, value in _leaves(changes)
        if not (isinstance(value, Mapping) and is_section(key, model))  # nothing of it is changed
    ]
    keys = {key for key, _ in leaves}
    for key, value in leaves:
        what = "changed twice" if key in found else why_not(key, values, model, keys)
        try:
            found[key] = plain(value)
        except InputError as error:
            what = what or str(error)
        if what:
            refusals.append(Refusal(key, what))
    if refusals:
        raise ChangeError(refusals)
    return found


def _leaves(changes: Mapping[Any, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in changes.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _put(values: Any, path: KeyPath, value: Any) -> None:
    *sections, last = path
    for section in sections:
        if isinstance(section, str) and not isinstance(values.get(section), dict | list):
            values[section] = {}
        values = values[section]
    values[last] = value


def _document(values: dict[str, Any], keys: Sequence[str]) -> Document:
    """Return values as if they stood in a file: those of the changed keys in one that extends the rest."""
    base = Mark(_BASE, 0, 0)
    marks: dict[KeyPath, Marks] = {(): Marks(base, base)}
    for number, key in enumerate(keys):
        mark = Mark(_CHANGES, number, 0)
        marks[path_of(key)] = Marks(mark, mark)
    return Document(values, marks, files=[_CHANGES, _BASE])


def _made(document: Document, keys: Sequence[str], model: type[ModelT], name: str = "") -> ModelT:
    made, problems = find_problems(document, model)
    if made is None or problems:
        raise ChangeError((_refusal(problem, keys) for problem in problems), name)
    return made


def _refusal(problem: Problem, keys: Sequence[str]) -> Refusal:
    """Lay a problem at the change that it stands at; name its place where that is another."""
    key = keys[problem.mark.line] if problem.mark.file == _CHANGES else ""
    here = problem.path in ((), path_of(key))
    return Refusal(key, problem.what if here else f"{dotted(problem.path)}: {problem.what}", problem.between)
