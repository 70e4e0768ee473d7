"""The journal of a sweep: a line for each finished point, on disk before the point counts as done."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from o3sim.config.identity import Identities
from o3sim.errors import InputError
from o3sim.runs.tasks import PointOutcome

FILES = "files"
"""Key of the first line for what files held that machines are made from: it tells what changed, no more."""


def refuse_other(path: Path, identity: dict[str, str], machines: Identities) -> None:
    """Read the first line of a journal, if there is one, and nothing else of it.

    Raises
    ------
    InputError
        If it cannot be read, or belongs to another sweep than :class:`Journal` would be given.
    """
    try:
        with path.open("rb") as stream:
            first = stream.readline()
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"{path}: cannot be used: {error.strerror or error}") from None
    if first.endswith(b"\n"):
        _refuse_other(path, first, identity, machines)


def _refuse_other(path: Path, line: bytes, identity: dict[str, str], machines: Identities) -> None:
    try:
        found: dict[str, Any] = json.loads(line)
        before = found.get(FILES, {})
        other = [part for part, value in identity.items() if found.get(part) != value]
        files = [file.name for file, sha256 in machines.files.items() if before.get(file.name) != sha256]
    except (ValueError, AttributeError) as error:
        raise _damaged(path, error) from None
    if other:
        by = f" ({', '.join(files)})" if files else ""
        raise InputError(
            f"{path}: of another sweep or search: {' and '.join(other)} changed{by}; give another --output"
        )


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(f"{path}: damaged: {error}; start again in another folder")


class Journal:
    """An append-only file of JSON lines; the first tells what the sweep is.

    A line that a kill or a full disk cut short is no line: it is dropped when the journal is opened.

    Parameters
    ----------
    path : Path
    identity : dict of str to str
        What the points were made from, part by part; a journal of another sweep is refused.
    machines : Identities, optional
        With the files that the points' machines are made from.

    Raises
    ------
    InputError
        If it cannot be read or written, or belongs to another sweep; nothing was written then.
    """

    def __init__(self, path: Path, identity: dict[str, str], machines: Identities | None = None) -> None:
        self._path, self._machines = path, machines or Identities()
        self.outcomes: dict[int, PointOutcome] = {}
        try:
            self._whole = self._read(identity)
            self._stream: BinaryIO = path.open("r+b" if path.exists() else "w+b")
            if self._whole == 0:
                files = {path.name: sha256 for path, sha256 in self._machines.files.items()}
                self._append(json.dumps({**identity, FILES: files}) + "\n")
        except OSError as error:
            raise InputError(f"{path}: cannot be used: {error.strerror or error}") from None

    def _read(self, identity: dict[str, str]) -> int:
        """Take over finished points; return the length of what is whole."""
        raw = self._path.read_bytes() if self._path.exists() else b""
        whole = raw.rfind(b"\n") + 1
        first, *lines = raw[:whole].splitlines() or [b""]
        if whole == 0:
            return 0
        _refuse_other(self._path, first, identity, self._machines)
        try:
            for line in lines:
                outcome = PointOutcome(**json.loads(line))
                self.outcomes[outcome.number] = outcome
        except (ValueError, TypeError) as error:
            raise _damaged(self._path, error) from None
        return whole

    def add(self, outcomes: Sequence[PointOutcome]) -> None:
        """Write outcomes and wait until they are on disk.

        Raises
        ------
        InputError
            If they cannot be written (the disk is full), or a file that machines are made from is another
            by now; what was written before stays.
        """
        self._machines.refuse_changed()
        try:
            self._append("".join(json.dumps(vars(outcome)) + "\n" for outcome in outcomes))
        except OSError as error:
            why = error.strerror or error
            raise InputError(f"{self._path}: cannot be written: {why}; --resume goes on from here") from None
        self.outcomes.update({outcome.number: outcome for outcome in outcomes})

    def _append(self, text: str) -> None:
        raw = text.encode()
        self._stream.truncate(self._whole)
        self._stream.seek(self._whole)
        self._stream.write(raw)
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._whole += len(raw)

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):  # what it failed to write was reported when it was added
            self._stream.close()
