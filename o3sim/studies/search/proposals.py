"""The points that a search has proposed, on disk before they run.

A resumed search proposes everything again. Should that come out differently (another build of NumPy
rounds the last bit of a logarithm another way), results in the journal would go to the wrong points:
this file finds out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from o3sim.errors import InputError
from o3sim.studies.sweep.expand import Point


class Proposals:
    """A file with a line of JSON for each proposed point; a line cut short by a kill is dropped.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    added : bool
        Whether points were proposed that no earlier run had; until then nothing is written.

    Raises
    ------
    InputError
        If it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            raw = path.read_bytes() if path.exists() else b""
        except OSError as error:
            raise InputError(f"{path}: cannot be used: {error.strerror or error}") from None
        self._whole = raw.rfind(b"\n") + 1
        self._known = raw[: self._whole].decode("utf-8", "replace").splitlines()
        self.added = False

    def add(self, points: Sequence[Point]) -> None:
        """Take note of points about to run, numbers in sequence; those known must be the same.

        Raises
        ------
        InputError
            If an earlier run proposed something else, or the file cannot be written.
        """
        new = []
        for point in points:
            line = json.dumps({"point": point.number, **point.axes})
            if point.number >= len(self._known):
                new.append(line)
            elif self._known[point.number] != line:
                raise InputError(
                    f"{self._path}:{point.number + 1}: the earlier run proposed another point: by another"
                    " build of Optuna or NumPy? Go on with those, or start again in another folder"
                )
        if new:
            self._append(new)

    def _append(self, lines: list[str]) -> None:
        raw = ("\n".join(lines) + "\n").encode()
        try:
            with self._path.open("ab") as stream:
                if not self.added:
                    stream.truncate(self._whole)
                stream.write(raw)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise InputError(f"{self._path}: cannot be written: {error.strerror or error}") from None
        self._known += lines
        self.added = True
