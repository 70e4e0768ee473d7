"""The log of a training: JSON lines, the same bytes for the same training."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from o3sim.errors import InputError
from o3sim.files import write_atomic
from o3sim.files.inputs import parse_json, read_input

MOST_LOG_BYTES = 2**28
"""Of a log: 100,000 epochs take some 40 MB."""


def is_log_of(path: Path, name: str) -> bool:
    """Return whether a file is the log of a training of that name, whatever its settings were."""
    try:
        first = read_input(path, MOST_LOG_BYTES).partition(b"\n")[0]
        asked = parse_json(first)
    except (InputError, ValueError):
        return False
    return isinstance(asked, dict) and asked.get("name") == name and "training" in asked and "torch" in asked


class TrainingLog:
    """Lines so far; every change writes the whole file anew, so that none is ever half there.

    No time, path or host is in it. Figures are rounded to what they mean.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: list[str] = []

    @property
    def lines(self) -> tuple[str, ...]:
        """What has been written."""
        return tuple(self._lines)

    def begin(self, asked: dict[str, Any], kept: Sequence[str] = ()) -> None:
        """Write the first line, or go on behind the lines that a checkpoint has.

        Raises
        ------
        InputError
            If they are not there, or of a training that was asked for differently.
        """
        first = json.dumps(asked)
        if kept and (kept[0] != first or self._old()[: len(kept)] != list(kept)):
            raise InputError(
                f"{self._path}: not this training's log up to epoch {len(kept) - 1}, where the checkpoint is"
                " (another PyTorch, perhaps); restore it, or train anew without --resume"
            )
        self._lines = list(kept) or [first]
        self._write()

    def _old(self) -> list[str]:
        try:
            return self._path.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            return []

    def add(self, line: dict[str, Any]) -> None:
        """Add a line."""
        self._lines.append(json.dumps({key: _rounded(value) for key, value in line.items()}))
        self._write()

    def _write(self) -> None:
        write_atomic(self._path, "".join(line + "\n" for line in self._lines))


def _rounded(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value
