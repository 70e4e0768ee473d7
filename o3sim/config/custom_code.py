"""Custom units and policies: ``FILE.py:Class`` where a key takes the name of a shipped one.

Nothing here runs such a file: a class is looked for in its text, so that checking an architecture
is safe. :mod:`o3sim.config.custom_load` loads it when a machine is built, if the user has consented.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from o3sim.config.catalog import suggest
from o3sim.errors import InputError
from o3sim.files.inputs import read_input

CUSTOM_KEYS: tuple[tuple[str, str], ...] = (("pe", "unit"), ("scheduler", "policy"))
"""Keys of an architecture that take a custom class."""

MOST_CODE_BYTES = 1_000_000
"""Of a Python file."""

NOT_PARSED = (ValueError, RecursionError, MemoryError)
"""What Python's parser says of text that is none, or nested too deeply, besides SyntaxError."""

_SEPARATOR = ".py:"


class CodePlace(NamedTuple):
    """A Python file and the name of a class in it."""

    file: Path
    name: str

    def __str__(self) -> str:
        return f"{self.file}:{self.name}"


def is_custom(value: object) -> bool:
    """Return whether a value is ``FILE.py:Class``, not the name of something shipped.

    >>> is_custom("units/mine.py:MyPE"), is_custom("lockstep")
    (True, False)
    """
    return isinstance(value, str) and _SEPARATOR in value


def code_place(value: str) -> CodePlace:
    """Split ``FILE.py:Class``.

    >>> code_place("units/mine.py:MyPE").name
    'MyPE'
    """
    file, _, name = value.rpartition(":")
    return CodePlace(Path(file), name)


def without_folder(value: str) -> str:
    """Name a custom class by its file's name alone, as results do; leave other words alone.

    >>> without_folder("units/mine.py:MyPE"), without_folder("lockstep")
    ('mine.py:MyPE', 'lockstep')
    """
    place = code_place(value)
    return f"{place.file.name}:{place.name}" if is_custom(value) else value


def custom_units(configuration: Mapping[str, Any]) -> dict[str, str]:
    """List the custom classes in an architecture's plain values, by dotted key."""
    values = {f"{unit}.{key}": configuration[unit].get(key, "") for unit, key in CUSTOM_KEYS}
    return {key: value for key, value in values.items() if is_custom(value)}


def _checked(value: str) -> str:
    """Refuse what is not of the form ``FILE.py:Class``; the words of a union come with their own error."""
    if not is_custom(value) or not code_place(value).name.isidentifier():
        raise PydanticCustomError("custom_class", "expected a class of yours, as FILE.py:Class")
    return value


CustomClass = Annotated[
    str, AfterValidator(_checked), WithJsonSchema({"type": "string", "pattern": r"^.+\.py:[A-Za-z_]\w*$"})
]


def code_problems(place: CodePlace) -> Iterator[str]:
    """Yield what keeps a class from being loaded, as far as the file's text tells."""
    try:
        tree = ast.parse(read_input(place.file, MOST_CODE_BYTES), str(place.file))
    except InputError as error:
        yield str(error)
    except SyntaxError as error:
        yield f"{place.file}:{error.lineno}: not Python: {error.msg}"
    except NOT_PARSED as error:
        yield f"{place.file}: not Python: {str(error) or 'nested too deeply'}"
    else:
        classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
        if place.name not in classes:
            there = ", ".join(f"`{name}`" for name in classes) or "none"
            hint = suggest(place.name, classes)
            yield f"no class `{place.name}` in {place.file}{hint}; classes there: {there}"
