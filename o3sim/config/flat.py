"""Nested values under dotted keys, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Turn nested mappings into dotted keys; lists of mappings have the index for a part.

    >>> flattened({"pe": {"count": 4}, "name": "x", "stages": [{"pe": {"count": 2}}, {}]})
    {'pe.count': 4, 'name': 'x', 'stages.0.pe.count': 2, 'stages.1': {}}
    """
    flat: dict[str, Any] = {}
    for key, value in values.items():
        inner = _numbered(value)
        if isinstance(inner, Mapping) and inner:
            flat.update(flattened(inner, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _numbered(value: Any) -> Any:
    """Turn a list of mappings into a mapping by index."""
    if isinstance(value, list | tuple) and value and all(isinstance(part, Mapping) for part in value):
        return {str(number): part for number, part in enumerate(value)}
    return value


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn dotted keys back into nested mappings, and numbered parts into lists.

    >>> nested({"pe.count": 4, "name": "x", "stages.0": {}, "stages.1": {}, "stages.1.pe.count": 2})
    {'pe': {'count': 4}, 'name': 'x', 'stages': [{}, {'pe': {'count': 2}}]}
    """
    whole: dict[str, Any] = {}
    for key, value in values.items():
        *sections, last = key.split(".")
        place = whole
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = dict(value) if isinstance(value, Mapping) else value
    return {key: _listed(value) for key, value in whole.items()}


def _listed(value: Any) -> Any:
    """Turn a mapping from 0, 1, 2 ... into a list."""
    if isinstance(value, dict) and value and list(value) == [str(number) for number in range(len(value))]:
        return list(value.values())
    return value
