"""Which keys a model knows at a place of a document, to suggest one for a key it does not know."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from o3sim.config.marks import KeyPath


def known_keys(path: KeyPath, data: Any, model: type[BaseModel]) -> list[str]:
    """Return the keys that may stand in the mapping at `path` of `data`, in the model's order.

    Those members of a union count whose literal fields (a ``type``) agree with the data; all of them
    if none does.
    """
    here: list[type[BaseModel]] = [model]
    for part in path:
        data = data[part]
        if isinstance(part, str):
            fields = [owner.model_fields[part] for owner in here if part in owner.model_fields]
            # No such field: a free key of a mapping to models, which are at hand already.
            here = [inner for field in fields for inner in _models_in(field.annotation)] or here
    here = [member for member in here if _agrees(member, data)] or here
    return list(dict.fromkeys(name for member in here for name in member.model_fields))


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield every model that a type mentions: itself, members of a union, items of a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType, Annotated, list, tuple, dict):
        for inner in get_args(annotation):
            yield from _models_in(inner)


def _agrees(member: type[BaseModel], data: dict[str, Any]) -> bool:
    literals = {
        name: get_args(field.annotation)
        for name, field in member.model_fields.items()
        if get_origin(field.annotation) is Literal
    }
    return all(data[name] in words for name, words in literals.items() if name in data)
