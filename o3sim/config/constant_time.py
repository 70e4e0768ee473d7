"""What a machine whose time is the same for every image cannot do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from o3sim.config.marks import Conflict, KeyPath

WORST_CASE = "worst_case"
_RELEASE = ("output_buffer", "release")
_BY_DATA = "threshold", "pooling", "argmax", "speculative"
"""Keys of ``pruning`` that drop work by what an image holds."""


def release_conflicts(data: Mapping[str, Any], place: KeyPath) -> Iterator[Conflict]:
    """Yield the prunings of a machine, or of the stage at ``place``, that lets no time depend on data."""
    buffer, pruning = data.get("output_buffer"), data.get("pruning")
    if not isinstance(buffer, Mapping) or not isinstance(pruning, Mapping):
        return
    if buffer.get("release") != WORST_CASE:
        return
    on = [key for key in _BY_DATA if pruning.get(key) is True]
    if on:
        what = (
            f"`{WORST_CASE}` hides how long ops take, and pruning makes that depend on the image: "
            f"set {' and '.join(f'pruning.{key}' for key in on)} to false, or release to `when_final`"
        )
        keys = (_RELEASE, *(("pruning", key) for key in on))
        yield Conflict(tuple((*place, *key) for key in keys), what)
