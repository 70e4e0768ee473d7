"""Temporary files and folders beside what they become, and the removal of those whose writer was killed.

A writer holds a lock on what it writes for as long as it lives. What can be locked by somebody else has no
writer any more.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

TEMPORARY, OLD = ".tmp", ".old"
"""Ends of hidden names: of what is being written, and of the folder that it takes the place of."""

_LONGEST_NAME = 100
"""Characters of a name that its temporary file repeats: with what is added it stays a legal name."""


def temporary_file(target: Path) -> tuple[int, Path]:
    """Make an empty, locked file beside a target, ``.NAME.xxxxxxxx.tmp``.

    Returns
    -------
    int, Path
        A descriptor open for writing, to be closed by the caller, and the file's path.
    """

    def make() -> tuple[int, str]:
        return tempfile.mkstemp(TEMPORARY, _prefix(target), target.parent)

    return _locked(make)


def temporary_folder(target: Path) -> tuple[int, Path]:
    """Make an empty, locked folder beside a target; as :func:`temporary_file`."""

    def make() -> tuple[int, str]:
        folder = tempfile.mkdtemp(TEMPORARY, _prefix(target), target.parent)
        return os.open(folder, os.O_RDONLY), folder

    return _locked(make)


def _locked(make: Callable[[], tuple[int, str]]) -> tuple[int, Path]:
    """Make something and lock it, anew if a run that clears up was faster."""
    while True:
        handle, made = make()
        if lock(handle) and _is_at(handle, made):
            return handle, Path(made)
        os.close(handle)


def lock(handle: int) -> bool:
    """Lock an open file or folder; False if another process has.

    A file system without locks lets everybody write, and nobody clear up.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _is_at(handle: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def leftovers(target: Path, end: str = TEMPORARY) -> list[Path]:
    """List the temporary files and folders of a target, also those still being written."""
    name = re.compile(re.escape(_prefix(target)) + r"[a-z0-9_]{8}" + re.escape(end))
    try:
        return sorted(target.parent / found for found in os.listdir(target.parent) if name.fullmatch(found))
    except OSError:
        return []


def clear_leftovers(target: Path, end: str = TEMPORARY) -> None:
    """Remove what killed writers of a file or folder have left beside it."""
    for path in leftovers(target, end):
        if_abandoned(path, remove)


def if_abandoned(path: Path, do: Callable[[Path], None], witness: str = "") -> None:
    """Do something with a file or folder that no living process has locked; leave others alone.

    Parameters
    ----------
    witness : str
        The file in the folder that its owner locks, if it is not the folder itself.
    """
    with suppress(OSError):  # gone meanwhile, somebody else's, locked, or on a file system without locks
        handle = os.open(path / witness, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            do(path)
        finally:
            os.close(handle)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it."""
    if stat.S_ISDIR(path.lstat().st_mode):
        shutil.rmtree(path)
    else:
        path.unlink()


def sync(path: Path) -> None:
    """Wait until a file, or a folder's entries, are on disk, as far as its file system can tell."""
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def ordinary_mode(target: Path, full: int = 0o666) -> int:
    """Return the permissions a plain ``open`` would leave: the old file's, or the umask's."""
    if target.exists():
        return target.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return full & ~mask


def _prefix(target: Path) -> str:
    return f".{target.name[:_LONGEST_NAME]}."
