"""The journal of a sweep: a line for each finished point, on disk before the point counts as done."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from o3sim.errors import InputError
from o3sim.runs.point import PointOutcome


class Journal:
    """An append-only file of JSON lines; the first tells what the sweep is.

    A line that a kill or a full disk cut short is no line: it is dropped when the journal is opened.

    Parameters
    ----------
    path : Path
    identity : dict of str to str
        What the points were made from, part by part; a journal of another sweep is refused.

    Raises
    ------
    InputError
        If it cannot be read or written, or belongs to another sweep.
    """

    def __init__(self, path: Path, identity: dict[str, str]) -> None:
        self._path = path
        self.outcomes: dict[int, PointOutcome] = {}
        try:
            whole = self._read(identity)
            self._stream: BinaryIO = path.open("r+b" if path.exists() else "w+b")
            self._stream.truncate(whole)
            self._stream.seek(whole)
            if whole == 0:
                self._append(json.dumps(identity) + "\n")
        except OSError as error:
            raise InputError(f"{path}: cannot be used: {error.strerror or error}") from None

    def _read(self, identity: dict[str, str]) -> int:
        """Take over finished points; return the length of what is whole."""
        raw = self._path.read_bytes() if self._path.exists() else b""
        whole = raw.rfind(b"\n") + 1
        first, *lines = raw[:whole].splitlines() or [b""]
        if whole == 0:
            return 0
        try:
            self._check(json.loads(first), identity)
            for line in lines:
                outcome = PointOutcome(**json.loads(line))
                self.outcomes[outcome.number] = outcome
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise InputError(f"{self._path}: damaged: {error}; start again in another folder") from None
        return whole

    def _check(self, found: dict[str, Any], identity: dict[str, str]) -> None:
        other = [part for part, value in identity.items() if found.get(part) != value]
        if other:
            raise InputError(
                f"{self._path}: of another sweep or search: {' and '.join(other)} changed;"
                " give another --output"
            )

    def add(self, outcomes: Sequence[PointOutcome]) -> None:
        """Write outcomes and wait until they are on disk.

        Raises
        ------
        InputError
            If they cannot be written (the disk is full); what was written before stays.
        """
        try:
            self._append("".join(json.dumps(vars(outcome)) + "\n" for outcome in outcomes))
        except OSError as error:
            why = error.strerror or error
            raise InputError(f"{self._path}: cannot be written: {why}; --resume goes on from here") from None
        self.outcomes.update({outcome.number: outcome for outcome in outcomes})

    def _append(self, text: str) -> None:
        self._stream.write(text.encode())
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):  # what it failed to write was reported when it was added
            self._stream.close()
