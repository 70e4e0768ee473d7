"""What every report says of a run on numbers that were made up."""

from __future__ import annotations

from collections.abc import Sequence

_MEANING = {
    "parameters": "classes mean nothing, pruning is as asked for",
    "images": "what is run was made by a seed",
}


def synthetic_note(parts: Sequence[str]) -> str:
    """Say which parts were made up, and what that means; nothing if none was.

    >>> synthetic_note(["images"])
    'synthetic images: what is run was made by a seed (docs/workload.md)'
    """
    if not parts:
        return ""
    return f"synthetic {' and '.join(parts)}: {_MEANING[parts[0]]} (docs/workload.md)"
