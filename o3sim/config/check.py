"""What is wrong with a document that is to become a model, all of it and in order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from o3sim.config.complaints import problems_of
from o3sim.config.marks import Document, KeyPath, Problem
from o3sim.config.model import CrossCheckedModel
from o3sim.files.inputs import NOT_TEXT

ModelT = TypeVar("ModelT", bound=BaseModel)


def find_problems(document: Document, model: type[ModelT]) -> tuple[ModelT | None, list[Problem]]:
    """Find what is wrong with a document, in file order, or the model that it describes."""
    if issubclass(model, CrossCheckedModel):
        model.inherit(document)
    problems = [*document.problems, *_odd_text(document.data, (), document)]
    result: ModelT | None = None
    try:
        result = model.model_validate_json(json.dumps(document.data))
    except ValidationError as error:
        problems += problems_of(error, document, model)
        problems += _cross_field_problems(document, model)
    return result, _in_order(problems, document)


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
    if not issubclass(model, CrossCheckedModel):
        return []
    return [document.locate(conflict) for conflict in model.cross_field_problems(document.data)]


def _in_order(problems: list[Problem], document: Document) -> list[Problem]:
    """Order problems by file and place, one for each place: later ones there are consequences."""
    first: dict[Any, Problem] = {}
    for problem in problems:
        first.setdefault((problem.mark, problem.path), problem)
    order = {file: index for index, file in enumerate(document.files)}
    return sorted(first.values(), key=lambda p: (order.get(p.mark.file, 0), p.mark.line, p.mark.column))
