"""The points that a search has proposed, on disk before they run.

A resumed search proposes everything again. Should that come out differently (another build of NumPy
rounds the last bit of a logarithm another way), results in the journal would go to the wrong points:
this file finds out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from o3sim.errors import InputError
from o3sim.files.growing import GrowingFile
from o3sim.studies.sealed import damaged, sealed, unsealed, whole_lines
from o3sim.studies.sweep.expand import Point


class Proposals:
    """A file with a sealed line for each proposed point; a line cut short by a kill is dropped.

    Parameters
    ----------
    path : Path

    Raises
    ------
    InputError
        If it cannot be read, or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: list[bytes] = []
        for number, line in whole_lines(path):
            try:
                unsealed(line)
            except ValueError as error:
                raise damaged(path, number, error) from None
            self._known.append(line)
        self._file: GrowingFile | None = None

    @property
    def added(self) -> bool:
        """Whether points were proposed that no earlier run had; until then nothing is written."""
        return self._file is not None

    def add(self, points: Sequence[Point]) -> None:
        """Take note of points about to run, numbers in sequence; those known must be the same.

        Raises
        ------
        InputError
            If an earlier run proposed something else, or the file cannot be written.
        """
        new = []
        for point in points:
            line = sealed({"point": point.number, **point.axes})
            if point.number >= len(self._known):
                new.append(line)
            elif self._known[point.number] != line:
                raise InputError(
                    f"{self._path}:{point.number + 1}: the earlier run proposed another point: by another"
                    " build of Optuna or NumPy? Go on with those, or start again in another folder"
                )
        if new:
            self._append(new)

    def _append(self, lines: list[bytes]) -> None:
        try:
            if self._file is None:
                self._file = GrowingFile(self._path, sum(map(len, self._known)))
            self._file.append(b"".join(lines))
        except OSError as error:
            raise InputError(f"{self._path}: cannot be written: {error.strerror or error}") from None
        self._known += lines

    def close(self) -> None:
        """Close the file, if it was written to."""
        if self._file is not None:
            self._file.close()
