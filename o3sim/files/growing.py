"""Files that grow by whole lines, each on disk before the next, for as long as they are where they were."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from o3sim.errors import InputError
from o3sim.files.leftovers import sync


class GrowingFile:
    """A file to append to.

    Parameters
    ----------
    path : Path
        Made if it is not there.
    whole_bytes : int
        Length of what is good in it; what follows (a line cut short) goes with the first write.

    Raises
    ------
    OSError
        If it cannot be opened for writing.
    """

    def __init__(self, path: Path, whole_bytes: int) -> None:
        self._path, self._whole_bytes = path, whole_bytes
        is_new = not path.exists()
        self._stream: BinaryIO = path.open("w+b" if is_new else "r+b")
        if is_new:
            sync(path.parent)

    def refuse_moved(self) -> None:
        """Stop before anything is written to a file that nobody will find.

        Raises
        ------
        InputError
            If the file is not any more where it was opened.
        """
        try:
            found = os.stat(self._path)
        except OSError:
            found = None
        if found is None or not os.path.samestat(os.fstat(self._stream.fileno()), found):
            raise InputError(
                f"{self._path}: not in its place any more: its folder was removed, moved or replaced;"
                " put it back and go on with --resume, or start again"
            )

    def append(self, raw: bytes) -> None:
        """Write, and wait until it is on disk.

        Raises
        ------
        OSError
            If it cannot be; the next call writes in the place of what is half there.
        """
        self._stream.truncate(self._whole_bytes)
        self._stream.seek(self._whole_bytes)
        self._stream.write(raw)
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._whole_bytes += len(raw)

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):  # what it failed to write was reported when it was added
            self._stream.close()
