"""Turn a model's validation errors into problems with positions and suggestions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from o3sim.config.catalog import closest, suggest
from o3sim.config.known_keys import known_keys
from o3sim.config.marks import Document, KeyPath, Problem, dotted
from o3sim.config.yaml_marks import describe
from o3sim.errors import MOST_PROBLEMS

_WORDS_EXPECTED = ("literal_error", "enum", "union_tag_invalid")
_EXPECTED = {
    "int_type": "an integer",
    "int_from_float": "an integer",
    "int_parsing_size": "a smaller integer",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "string_too_short": "text that is not empty",
    "string_too_long": "text of at most {max_length} characters",
    "string_pattern_mismatch": "text that matches {pattern}",
    "greater_than": "a number > {gt}",
    "greater_than_equal": "a number >= {ge}",
    "less_than": "a number < {lt}",
    "less_than_equal": "a number <= {le}",
    "multiple_of": "a multiple of {multiple_of}",
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
    "dict_type": "a mapping of keys",
    "list_type": "a list",
    "tuple_type": "a list",
    "custom_class": "a class of yours as FILE.py:Class",
    "too_short": "at least {min_length} items",
    "too_long": "at most {max_length} items",
}


def problems_of(error: ValidationError, document: Document, model: type[BaseModel]) -> Iterator[Problem]:
    """Yield one problem for each place of `document` that `model` refused.

    The alternatives of a union (a number or a word) are joined into one message. Rules across keys
    (error type ``cross_field``) are left to the caller, which knows their positions.
    """
    by_place: dict[KeyPath, list[ErrorDetails]] = {}
    for detail in _of_what_is_meant(error.errors(include_url=False), document, model):
        if detail["type"] != "cross_field":
            by_place.setdefault(_place(detail, document.data), []).append(detail)
    holders = {path[:length] for path in by_place for length in range(len(path))}
    for path in [path for path in by_place if path in holders and _meant_otherwise(by_place[path])]:
        del by_place[path]
    unknown = [path for path, details in by_place.items() if details[0]["type"] == "extra_forbidden"]
    unknown.sort(key=lambda path: document.nearest(path).key[1:])
    for path in unknown[:MOST_PROBLEMS]:
        meant = (*path[:-1], closest(str(path[-1]), known_keys(path[:-1], document.data, model)))
        if meant in by_place and by_place[meant][0]["type"] == "missing":
            del by_place[meant]  # absent because misspelt: said once
    for path in unknown[MOST_PROBLEMS:]:  # of which nothing is printed but how many they are
        yield Problem(document.nearest(path).key, path, "unknown key")
        del by_place[path]
    yield from (_problem(path, details, document, model) for path, details in by_place.items())


def _of_what_is_meant(
    details: list[ErrorDetails], document: Document, model: type[BaseModel]
) -> list[ErrorDetails]:
    """Leave out the complaints of mappings that refuse a key which another alternative there has.

    That other one is meant, and its own complaints are what is wrong, if it has any.
    """
    others: dict[tuple[str | int, ...], KeyPath] = {}
    for detail in details:
        path = _place(detail, document.data)
        if detail["type"] == "extra_forbidden" and path[-1] in known_keys(path[:-1], document.data, model):
            others[detail["loc"][:-1]] = path[:-1]
    meant = [detail for detail in details if not any(_within(detail["loc"], other) for other in others)]
    told = {_place(detail, document.data) for detail in meant}
    unmeant = [other for other, holder in others.items() if any(_within(place, holder) for place in told)]
    return [detail for detail in details if not any(_within(detail["loc"], other) for other in unmeant)]


def _within(path: tuple[str | int, ...], holder: tuple[str | int, ...]) -> bool:
    return path[: len(holder)] == holder


def first_complaint(error: ValidationError, data: Any) -> str:
    """Say in one line what a model refused first, where `data` is in no file of the user's.

    Returns
    -------
    str
        ``key.path: what``; only what is wrong, if that is between keys and so names them itself.
    """
    detail = error.errors(include_url=False)[0]
    path = _place(detail, data)
    kind = detail["type"]
    what = {"missing": "required, but absent", "extra_forbidden": "unknown key"}.get(kind)
    place = "" if kind == "cross_field" else dotted(path)
    return ": ".join(part for part in (place, what or _wrong_value([detail])) if part)


def _meant_otherwise(details: list[ErrorDetails]) -> bool:
    """Return whether a mapping or a list was refused as what it is not, where its parts were refused too."""
    types = {detail["type"] for detail in details}
    if all(isinstance(detail["input"], dict) for detail in details):
        return types <= {"string_type", "list_type"}
    is_list = all(isinstance(detail["input"], list) for detail in details)
    return is_list and types <= {"string_type", "int_type"}


def _place(detail: ErrorDetails, data: Any) -> KeyPath:
    """Return the part of an error's location that exists in the file: no names of union members."""
    path: list[str | int] = []
    for part in detail["loc"]:
        inside = part in data if isinstance(data, dict) else isinstance(data, list) and isinstance(part, int)
        if inside:
            path.append(part)
            data = data[part]
    if detail["type"] == "missing":
        path.append(detail["loc"][-1])
    if detail["type"] in ("union_tag_not_found", "union_tag_invalid"):
        path.append(detail["ctx"]["discriminator"].strip("'"))
    return tuple(path)


def _problem(
    path: KeyPath, details: list[ErrorDetails], document: Document, model: type[BaseModel]
) -> Problem:
    kind = details[0]["type"]
    marks = document.nearest(path)
    if kind in ("missing", "union_tag_not_found"):
        return Problem(marks.key, path, "required, but absent")
    if kind == "extra_forbidden":
        return Problem(marks.key, path, _unknown_key(path[-1], known_keys(path[:-1], document.data, model)))
    return Problem(marks.value, path, _wrong_value(details))


def _unknown_key(key: str | int, known: list[str]) -> str:
    if key in known:
        return "does not go with the other keys here"
    listed = ", ".join(f"`{name}`" for name in known)
    return f"unknown key{suggest(str(key), known) or f'; the keys here are {listed}'}"


def _wrong_value(details: list[ErrorDetails]) -> str:
    """Say what the value should have been, all expectations of a union in one sentence."""
    words = [word for detail in details for word in _words(detail)]
    expected = [_expectation(detail) for detail in details if detail["type"] in _EXPECTED]
    expected = list(dict.fromkeys([*expected, *(f"`{word}`" for word in words)]))
    others = [
        detail["msg"].removeprefix("Value error, ")
        for detail in details
        if detail["type"] not in (*_EXPECTED, *_WORDS_EXPECTED)
    ]
    if not expected:
        return "; ".join(others)
    found = details[0].get("ctx", {}).get("tag", details[0]["input"])
    hint = suggest(found, words) if isinstance(found, str) else ""
    listed = " or ".join([", ".join(expected[:-1]), expected[-1]] if expected[1:] else expected)
    return "; ".join([f"expected {listed}, found {describe(found)}{hint}", *others])


def _words(detail: ErrorDetails) -> list[str]:
    """Return the words that a literal or the tag of a union may be; pydantic gives them as a text."""
    context = detail.get("ctx", {}) if detail["type"] in _WORDS_EXPECTED else {}
    return re.findall(r"'([^']*)'", str(context.get("expected") or context.get("expected_tags")))


def _expectation(detail: ErrorDetails) -> str:
    limits = detail.get("ctx", {}).items()
    whole = {name: int(v) if isinstance(v, float) and v.is_integer() else v for name, v in limits}
    return _EXPECTED[detail["type"]].format(**whole)
