"""Nested values under dotted keys, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Turn nested mappings into dotted keys; lists get the index as a part.

    >>> flattened({"pe": {"count": 4}, "name": "x"})
    {'pe.count': 4, 'name': 'x'}
    """
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            flat.update(flattened(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn dotted keys back into nested mappings.

    >>> nested({"pe.count": 4, "name": "x"})
    {'pe': {'count': 4}, 'name': 'x'}
    """
    whole: dict[str, Any] = {}
    for key, value in values.items():
        *sections, last = key.split(".")
        place = whole
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = value
    return whole
