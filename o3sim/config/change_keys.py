"""Which keys of a machine can be changed, and why others cannot."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from o3sim.config.catalog import suggest
from o3sim.config.marks import KeyPath

_STAGES = "stages"


def unknown_key(key: str, known: Iterable[str]) -> str:
    """Say that no architecture has a key.

    >>> unknown_key("pe.cuont", ["pe.count"])
    'no architecture key `pe.cuont` (did you mean `pe.count`?)'
    """
    return f"no architecture key `{key}`{suggest(key, known)}"


def path_of(key: str) -> KeyPath:
    """Split a dotted key; the number of a stage is a place in a list.

    >>> path_of("stages.3.pe.count")
    ('stages', 3, 'pe', 'count')
    """
    first, *rest = key.split(".")
    if first == _STAGES and rest and _is_number(rest[0]):
        return (first, int(rest[0]), *rest[1:])
    return (first, *rest)


def is_section(key: str, model: type[BaseModel]) -> bool:
    """Return whether other keys stand below a dotted key of a model of machines.

    >>> from o3sim.config.architecture import Architecture
    >>> [key for key in ("pe", "pe.count", "stages.2", "typo") if is_section(key, Architecture)]
    ['pe', 'stages.2']
    """
    path = path_of(key)
    if path[0] == _STAGES and len(path) <= 2:
        return len(path) == 1 or isinstance(path[1], int)
    within = key.split(".", 2)[-1] if path[0] == _STAGES else key
    return any(name.startswith(f"{within}.") for name in _keys_of(model))


def why_not(
    key: str,
    values: Mapping[str, Any],
    model: type[BaseModel],
    others: Collection[str] = (),
    hints: bool = True,
) -> str:
    """Say why a key of a machine cannot be changed; nothing if it can.

    Parameters
    ----------
    key : str
        Dotted: ``pe.count``, ``pe`` for the whole of it, ``stages.3.pe.count``.
    values : mapping
        What the machine holds, nested.
    model : type of BaseModel
        What kind of machine it is: ``Architecture``.
    others : collection of str
        Dotted keys that are changed too.
    hints : bool
        Whether to look for a key that may be meant; with thousands of wrong ones that takes its time.

    Examples
    --------
    >>> from o3sim.config.architecture import Architecture
    >>> why_not("stages.2.pe.count", {"stages": [{}, {}]}, Architecture)
    'no stage 2 in this machine: there are 0 to 1'
    """
    parts = key.split(".")
    for length in range(1, len(parts)):
        whole = ".".join(parts[:length])
        if whole in others:
            return f"{whole} is changed as a whole already"
    known = _keys_of(model)
    if parts[0] == _STAGES and len(parts) > 1:
        stages = values.get(_STAGES)
        return _why_no_stage(parts[1:], len(stages) if isinstance(stages, list) else 0, known, hints)
    return _why_unknown(key, known, hints)


def _why_no_stage(parts: list[str], stages: int, known: list[str], hints: bool) -> str:
    number, *within = parts
    if not _is_number(number) or not within:
        return f"expected {_STAGES}.N.KEY, N the number of a layer from 0"
    if int(number) >= stages:
        there = f"0 to {stages - 1}" if stages else "none; state them in a file"
        return f"no stage {number} in this machine: there are {there}"
    return _why_unknown(".".join(within), known, hints)


def _why_unknown(key: str, known: list[str], hints: bool) -> str:
    is_there = key in known or any(name.startswith(f"{key}.") for name in known)
    return "" if is_there else unknown_key(key, known if hints else ())


def _keys_of(model: type[BaseModel]) -> list[str]:
    """List the dotted keys of a model's own fields and those of its sections."""
    keys: list[str] = []
    for name, field in model.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        keys += [f"{name}.{key}" for key in inner] if inner else [name]
    return keys


def _is_number(text: str) -> bool:
    """Return whether a text is a number as Python writes it: ``3``, not ``03`` or ``³``."""
    return text.isascii() and text.isdecimal() and (text == "0" or text[0] != "0") and len(text) < 10
