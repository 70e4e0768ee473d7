"""What every report says of a network whose ends are float layers of the host."""

from __future__ import annotations

from collections.abc import Sequence


def host_note(parts: Sequence[str]) -> str:
    """Say which layers no machine runs.

    >>> host_note(["first", "last"])
    'first and last layers on the host, in floats: not timed, not counted (docs/workload.md)'
    """
    return f"{' and '.join(parts)} layers on the host, in floats: not timed, not counted (docs/workload.md)"
