"""Sizes of PEs, queue and weight buffer that do not go together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from o3sim.config.marks import Conflict, KeyPath

MOST_CONTEXTS = 2**20
"""Of all PEs together."""


def array_conflicts(data: Mapping[str, Any], place: KeyPath) -> Iterator[Conflict]:
    """Yield if a machine, or the stage at ``place``, has too many contexts, or too short a queue for them."""
    policy, depth = _at(data, "scheduler", "policy"), _at(data, "issue_queue", "depth_ops")
    array = ("count", "contexts")
    count, contexts = (_at(data, "pe", key) for key in array)
    if type(count) is type(contexts) is int and count * contexts > MOST_CONTEXTS:
        what = f"{contexts} for each of {count} PEs are {count * contexts:,}; {MOST_CONTEXTS:,} at most"
        yield Conflict(((*place, "pe", "contexts"), (*place, "pe", "count")), what)
    if policy != "lockstep" or not all(type(value) is int for value in (depth, count, contexts)):
        return
    group = count * contexts
    if depth < group:
        keys = (("issue_queue", "depth_ops"), ("scheduler", "policy"), *(("pe", key) for key in array))
        yield Conflict(
            tuple((*place, *key) for key in keys),
            f"{depth} cannot hold a lockstep group of pe.count * pe.contexts = {group} ops",
        )


def buffer_conflicts(data: Mapping[str, Any]) -> Iterator[Conflict]:
    """Yield if more of the weight buffer is for weights that stay than there is of it."""
    size, stays = (_at(data, "weight_buffer", key) for key in ("size_kbit", "resident_kbit"))
    if type(size) is type(stays) is int and stays > size:
        keys = (("weight_buffer", "resident_kbit"), ("weight_buffer", "size_kbit"))
        yield Conflict(keys, f"{stays} kbit are more than the buffer's weight_buffer.size_kbit: {size}")


def _at(data: Mapping[str, Any], section: str, key: str) -> Any:
    """Return ``data[section][key]``, or None where there is no such thing."""
    inner = data.get(section)
    return inner.get(key) if isinstance(inner, Mapping) else None
