"""The journal of a sweep: a line for each finished point, on disk before the point counts as done.

Every line is sealed (:mod:`o3sim.studies.sealed`), by a checksum that the journal's first line enters: a
line that was changed, or comes from another journal, is refused, and so is one that is no outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from o3sim.config.identity import Identities
from o3sim.errors import InputError
from o3sim.files.growing import GrowingFile
from o3sim.runs.tasks import PointOutcome
from o3sim.studies.outcome_model import outcome_of
from o3sim.studies.sealed import damaged, sealed, unsealed, whole_lines

FILES = "files"
"""Key of the first line for what files held that machines are made from: it tells what changed, no more."""


def refuse_other(path: Path, identity: dict[str, str], machines: Identities) -> None:
    """Read the first line of a journal, if there is one, and nothing else of it.

    Raises
    ------
    InputError
        If it cannot be read, or belongs to another sweep than :class:`Journal` would be given.
    """
    for _, first in whole_lines(path):
        _refuse_other(path, first, identity, machines)
        return


def _refuse_other(path: Path, line: bytes, identity: dict[str, str], machines: Identities) -> None:
    try:
        found = unsealed(line)
    except ValueError as error:
        raise damaged(path, 1, error) from None
    before = found.get(FILES, {})
    other = [part for part, value in identity.items() if found.get(part) != value]
    files = [file.name for file, sha256 in machines.files.items() if before.get(file.name) != sha256]
    if other:
        by = f" ({', '.join(files)})" if files else ""
        raise InputError(
            f"{path}: of another sweep or search: {' and '.join(other)} changed{by}; give another --output"
        )


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
        If it cannot be read or written, is damaged, or belongs to another sweep; nothing was written then.
    """

    def __init__(self, path: Path, identity: dict[str, str], machines: Identities | None = None) -> None:
        self._path, self._machines = path, machines or Identities()
        self.outcomes: dict[int, PointOutcome] = {}
        self._first = b""
        whole_bytes = self._read(identity)
        try:
            self._file = GrowingFile(path, whole_bytes)
            if not self._first:
                files = {path.name: sha256 for path, sha256 in self._machines.files.items()}
                self._first = sealed({**identity, FILES: files})
                self._file.append(self._first)
        except OSError as error:
            raise InputError(f"{path}: cannot be used: {error.strerror or error}") from None

    def _read(self, identity: dict[str, str]) -> int:
        """Take over finished points; return the length of what is whole."""
        whole_bytes = 0
        for number, line in whole_lines(self._path):
            if number == 1:
                _refuse_other(self._path, line, identity, self._machines)
                self._first = line
            else:
                self._take(number, line)
            whole_bytes += len(line)
        return whole_bytes

    def _take(self, number: int, line: bytes) -> None:
        try:
            outcome = outcome_of(unsealed(line, self._first))
        except ValueError as error:
            way_out = "remove that line to run its point again"
            raise damaged(self._path, number, error, way_out) from None
        self.outcomes[outcome.number] = outcome

    def refuse_moved(self) -> None:
        """Stop if the journal is not any more where it was opened.

        Raises
        ------
        InputError
            If its folder was removed, moved or replaced.
        """
        self._file.refuse_moved()

    def add(self, outcomes: Sequence[PointOutcome]) -> None:
        """Write outcomes and wait until they are on disk.

        Raises
        ------
        InputError
            If they cannot be written (the disk is full, the folder is gone), or a file that machines are
            made from is another by now; what was written before stays.
        """
        self._machines.refuse_changed()
        self.refuse_moved()
        try:
            self._file.append(b"".join(sealed(vars(outcome), self._first) for outcome in outcomes))
        except OSError as error:
            why = error.strerror or error
            raise InputError(f"{self._path}: cannot be written: {why}; --resume goes on from here") from None
        self.outcomes.update({outcome.number: outcome for outcome in outcomes})

    def close(self) -> None:
        """Close the file."""
        self._file.close()
