"""Read a configuration file into its model, or say everything that is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from o3sim.config.architecture import Architecture
from o3sim.config.catalog import Kind, resolve
from o3sim.config.check import find_problems
from o3sim.config.extends import load_document
from o3sim.config.marks import Document, Problem
from o3sim.config.named_files import anchor_files, note_absent_files
from o3sim.errors import ConfigError
from o3sim.files import stamp_of

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
    anchor_files(document)
    note_absent_files(document)
    return check(document, Architecture)


def check(document: Document, model: type[ModelT]) -> ModelT:
    """Validate a document's values; raise ConfigError with all problems in file order."""
    return _result_of(*find_problems(document, model))


def _result_of(result: ModelT | None, problems: list[Problem]) -> ModelT:
    if result is None or problems:
        raise ConfigError([str(problem) for problem in problems])
    return result
