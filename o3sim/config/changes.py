"""Change some keys of a machine that is read already, checked as if a file stated them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from o3sim.config.catalog import suggest
from o3sim.config.complaints import problems_of
from o3sim.config.custom_code import code_place, code_problems, custom_units
from o3sim.config.flat import flattened
from o3sim.config.marks import Document, Mark, Marks, dotted
from o3sim.config.model import StrictModel
from o3sim.config.overrides import Overrides
from o3sim.config.shipped_tables import is_table, no_table
from o3sim.errors import ConfigError, InputError

ModelT = TypeVar("ModelT", bound=StrictModel)

_NOWHERE = Mark("", 1, 1)


def changed(architecture: ModelT, changes: Mapping[str, Any]) -> ModelT:
    """Return a machine with some keys changed.

    Parameters
    ----------
    architecture : Architecture
        Checked anew in all its keys, however it was made.
    changes : mapping of str to value
        By dotted key, or nested as in a file. Files in it are relative to the current folder.

    Raises
    ------
    ConfigError
        With everything that is wrong, each with its key.
    """
    values = _values(architecture)
    for key, value in _stated(changes, flattened(values)):
        _put(values, key, value)
    model, name = type(architecture), getattr(architecture, "name", "without a name")
    data = plain(values)
    try:
        made = model.model_validate_json(json.dumps(data))
        problems = list(_absent_files(data))
    except ValidationError as error:
        problems = list(_problems(error, data, model))
    if problems:
        raise ConfigError([f"architecture {name}: {problem}" for problem in problems])
    return made


def checked(architecture: ModelT) -> ModelT:
    """Return a machine that is valid in every key, whatever was done to the one that is given.

    Raises
    ------
    ConfigError
        With everything that is wrong, each with its key.
    """
    return changed(architecture, {})


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
    except (TypeError, ValueError) as error:
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
        return {key: _values(inner) for key, inner in vars(value).items() if key in stated}
    return [_values(inner) for inner in value] if isinstance(value, tuple) else value


def _stated(changes: Mapping[str, Any], known: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return every change by dotted key; refuse keys that there are not, and those changed twice."""
    if not isinstance(changes, Mapping):
        raise InputError(f'changes: expected a mapping such as {{"pe.count": 32}}, found {changes!r}')
    sections = {key.partition(".")[0] for key in known if "." in key}
    problems, found = [], {}
    for key, value in _leaves(changes):
        if key in found:
            problems.append(f"{key}: changed twice")
        elif key not in known and key not in sections:
            problems.append(f"no architecture key `{key}`{suggest(key, known)}")
        found[key] = value
    if problems:
        raise ConfigError(problems)
    return [(key, value) for key, value in found.items() if value != {} or key in known]


def _leaves(changes: Mapping[Any, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in changes.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _put(values: dict[str, Any], key: str, value: Any) -> None:
    *sections, last = key.split(".")
    for section in sections:
        values = values[section]
    values[last] = value


def _problems(error: ValidationError, data: dict[str, Any], model: type[StrictModel]) -> Iterator[str]:
    document = Document(data, {(): Marks(_NOWHERE, _NOWHERE)})
    for problem in problems_of(error, document, model):
        yield f"{dotted(problem.path)}: {problem.what}"
    rules = getattr(model, "cross_field_problems", None)
    yield from (str(conflict) for conflict in (rules(data) if rules else ()))


def _absent_files(data: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the files that an otherwise valid machine names."""
    for key, value in custom_units(data).items():
        yield from (f"{key}: {problem}" for problem in code_problems(code_place(value)))
    table = data["energy"]["table"]
    if not is_table(table):
        yield f"energy.table: {no_table(table)}"
