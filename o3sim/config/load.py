"""Read a configuration file into its model, or say everything that is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from o3sim.config.architecture import Architecture
from o3sim.config.catalog import Kind, is_path, resolve
from o3sim.config.complaints import problems_of
from o3sim.config.custom_code import anchor_custom_code
from o3sim.config.extends import load_document
from o3sim.config.marks import Document, KeyPath, Problem
from o3sim.config.shipped_tables import is_table, no_table
from o3sim.errors import ConfigError
from o3sim.files import stamp_of
from o3sim.inputs import NOT_TEXT

__all__ = [
    "Kind",
    "check",
    "check_architecture",
    "load_architecture",
    "load_document",
    "load_model",
    "load_once",
    "resolve",
]

ModelT = TypeVar("ModelT", bound=BaseModel)


def load_model(path: Path, model: type[ModelT]) -> ModelT:
    """Read a YAML file, what it extends included, into a model.

    Parameters
    ----------
    path : Path
        The YAML file.
    model : type of BaseModel
        Validated by JSON's rules: lists fit tuples, text fits paths.

    Raises
    ------
    ConfigError
        With every problem of the files as ``file:line:column: key.path: what is wrong``.
    """
    return check(load_document(path), model)


_KEPT: dict[tuple[Path, type[BaseModel]], tuple[dict[str, tuple[int, ...]], Any]] = {}


def load_once(path: Path, model: type[ModelT]) -> ModelT:
    """Read a YAML file as :func:`load_model`, again only when it or a file that it extends has changed."""
    key = (path.absolute(), model)
    stamps, kept = _KEPT.get(key, ({}, None))
    if kept is None or any(stamp_of(file) != stamp for file, stamp in stamps.items()):
        document = load_document(path)
        kept = check(document, model)
        _KEPT[key] = {file: stamp_of(file) for file in document.files}, kept
    return cast("ModelT", kept)


def load_architecture(name_or_path: str | Path) -> Architecture:
    """Read an architecture by shipped name or by path.

    Raises
    ------
    InputError
        If there is no such architecture, or something in it is wrong (``ConfigError``).
    """
    return check_architecture(load_document(resolve("architecture", name_or_path)))


def check_architecture(document: Document) -> Architecture:
    """Validate an architecture's document, and that the energy table and the code it names are there."""
    return _result_of(*find_problems_of_architecture(document))


def check(document: Document, model: type[ModelT]) -> ModelT:
    """Validate a document's values; raise ConfigError with all problems in file order."""
    return _result_of(*_find_problems(document, model))


def find_problems_of_architecture(document: Document) -> tuple[Architecture | None, list[Problem]]:
    """Find what is wrong with an architecture's document, in file order, or the machine it describes."""
    _anchor_energy_table(document)
    anchor_custom_code(document)
    return _find_problems(document, Architecture)


def _find_problems(document: Document, model: type[ModelT]) -> tuple[ModelT | None, list[Problem]]:
    problems = [*document.problems, *_odd_text(document.data, (), document)]
    result: ModelT | None = None
    try:
        result = model.model_validate_json(json.dumps(document.data))
    except ValidationError as error:
        problems += problems_of(error, document, model)
        problems += _cross_field_problems(document, model)
    return result, _in_order(problems, document)


def _result_of(result: ModelT | None, problems: list[Problem]) -> ModelT:
    if result is None or problems:
        raise ConfigError([str(problem) for problem in problems])
    return result


def _odd_text(value: Any, path: KeyPath, document: Document) -> Iterator[Problem]:
    """Yield text that escapes made of what a terminal or a table would obey: names stand in all reports."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _odd_text(key, (*path, key), document)
            yield from _odd_text(inner, (*path, key), document)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _odd_text(inner, (*path, index), document)
    elif isinstance(value, str) and (found := NOT_TEXT.search(value)):
        what = f"character U+{ord(found[0]):04X}, written as an escape, is not text"
        yield Problem(document.nearest(path).value, path, what)


def _cross_field_problems(document: Document, model: type[BaseModel]) -> list[Problem]:
    rules = getattr(model, "cross_field_problems", None)
    return [document.locate(conflict) for conflict in rules(document.data)] if rules else []


def _in_order(problems: list[Problem], document: Document) -> list[Problem]:
    """Order problems by file and place, one for each place: later ones there are consequences."""
    first: dict[Any, Problem] = {}
    for problem in problems:
        first.setdefault((problem.mark, problem.path), problem)
    order = {file: index for index, file in enumerate(document.files)}
    return sorted(first.values(), key=lambda p: (order.get(p.mark.file, 0), p.mark.line, p.mark.column))


def _anchor_energy_table(document: Document) -> None:
    """Make a table's relative path one from the file that states it, not from where o3sim runs."""
    path: KeyPath = ("energy", "table")
    energy = document.data.get("energy")
    table = energy.get("table") if isinstance(energy, dict) else None
    if not isinstance(table, str) or not table:
        return
    mark = document.nearest(path).value
    if is_path(table):
        table = energy["table"] = str(Path(mark.file).parent / table)
    if not is_table(table):
        document.problems.append(Problem(mark, path, no_table(table)))
