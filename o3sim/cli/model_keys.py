"""All keys of a kind of configuration file, read off its model: for completion, and for the manual."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pydantic import BaseModel

Schema = Mapping[str, Any]


class ModelKey(NamedTuple):
    """A key that holds a value.

    Attributes
    ----------
    name : str
        Dotted; ``[]`` stands after a list of mappings and ``*`` for a name that the file chooses.
    value : str
        What may stand there, in words.
    choices : tuple of str
        The words that may stand there, where there are no others.
    default : str
        As JSON has it; empty where there is none.
    required : bool
        Whether its mapping has to have it.
    says : str
        What it is.
    """

    name: str
    value: str
    choices: tuple[str, ...]
    default: str
    required: bool
    says: str


def keys_of(model: type[BaseModel]) -> list[ModelKey]:
    """Return all keys of a model, in its order; of alternatives the keys of each, once.

    >>> from o3sim.config.architecture import Architecture
    >>> {key.name: key.value for key in keys_of(Architecture)}["pe.count"]
    'integer, 1 to 65,536'
    """
    schema = model.model_json_schema()
    found: dict[str, ModelKey] = {}
    for key in _below(schema, schema.get("$defs", {}), ""):
        found[key.name] = _merged(found[key.name], key) if key.name in found else key
    return list(found.values())


def _merged(one: ModelKey, other: ModelKey) -> ModelKey:
    """Return a key that two alternatives have, as `type`, by which they are told apart."""
    values = dict.fromkeys((one.value, other.value))
    choices = tuple(dict.fromkeys((*one.choices, *other.choices)))
    both = bool(one.choices and other.choices)
    return one._replace(value=" or ".join(values), choices=choices if both else ())


def _below(schema: Schema, definitions: Schema, prefix: str) -> Iterator[ModelKey]:
    required = schema.get("required", ())
    for name, stated in schema.get("properties", {}).items():
        key = f"{prefix}{name}"
        yield from _at(key, stated, definitions, name in required)


def _at(key: str, stated: Schema, definitions: Schema, required: bool) -> Iterator[ModelKey]:
    values = [_looked_up(each, definitions) for each in _alternatives(stated)]
    plain = [value for value in values if not _mappings(value, definitions)]
    if plain or "description" in stated:
        words = " or ".join(dict.fromkeys(filter(None, (_words(value, definitions) for value in values))))
        choices = tuple(choice for value in plain for choice in _choices(value))
        closed = all(_choices(value) for value in plain) and len(plain) == len(values)
        default = "" if required else _default(stated.get("default"))
        yield ModelKey(
            key, words, choices if closed else (), default, required, stated.get("description", "")
        )
    for value in values:
        for mark, mapping in _mappings(value, definitions):
            yield from _below(mapping, definitions, f"{key}{mark}.")


def _alternatives(stated: Schema) -> list[Schema]:
    """Return what a value may be, alternatives of alternatives included."""
    among = stated.get("anyOf") or stated.get("oneOf")
    if among is None:
        return [stated]
    return [value for each in among for value in _alternatives(each)]


def _looked_up(schema: Schema, definitions: Schema) -> Schema:
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    found: Schema = definitions.get(name, schema)
    return found


def _mappings(schema: Schema, definitions: Schema) -> list[tuple[str, Schema]]:
    """Return mappings with keys of their own that a value is, or holds, with the mark for how."""
    if "properties" in schema:
        return [("", schema)]
    if schema.get("type") == "array":
        return _held("[]", schema.get("items", {}), definitions)
    inner = schema.get("additionalProperties")
    return _held(".*", inner, definitions) if isinstance(inner, Mapping) else []


def _held(mark: str, held: Schema, definitions: Schema) -> list[tuple[str, Schema]]:
    values = (_looked_up(each, definitions) for each in _alternatives(held))
    return [(mark, value) for value in values if "properties" in value]


def _choices(schema: Schema) -> tuple[str, ...]:
    if schema.get("type") == "boolean":
        return ("true", "false")
    if "const" in schema:
        return (str(schema["const"]),)
    return tuple(map(str, schema.get("enum", ())))


def _words(schema: Schema, definitions: Schema) -> str:
    """Say what a value may be."""
    kind = schema.get("type")
    if kind == "array":
        items = {
            _words(_looked_up(each, definitions), definitions) for each in _alternatives(schema["items"])
        }
        return f"list of {' or '.join(sorted(filter(None, items)))}".replace("mapping", "mappings")
    if kind == "object":
        return "mapping"
    if kind == "null":
        return ""
    if kind in ("integer", "number"):
        return f"{kind}{_limits(schema)}"
    if choices := _choices(schema):
        return " or ".join(f"`{choice}`" for choice in choices)
    return "text" if kind == "string" else "value"


def _limits(schema: Schema) -> str:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is None:
        return "" if high is None else f", at most {high:,}"
    above = "above " if "exclusiveMinimum" in schema else ""
    if high is None:
        return f", {above or 'at least '}{low:,}"
    return f", {above}{low:,} to {'below ' if 'exclusiveMaximum' in schema else ''}{high:,}"


def _default(value: Any) -> str:
    return "" if value in (None, "", [], {}) else json.dumps(value, ensure_ascii=False)
