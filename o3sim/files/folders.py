"""Folders that take their name whole or not at all; scratch folders, cleared also after a kill."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from o3sim.files.leftovers import (
    OLD,
    TEMPORARY,
    clear_leftovers,
    if_abandoned,
    leftovers,
    lock,
    ordinary_mode,
    remove,
    sync,
    temporary_folder,
)

_OWNER = ".owner"
"""File in a scratch folder that its process keeps locked."""


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """Make a folder to fill that takes its name, whole, when the block ends; or never, if it fails.

    Parameters
    ----------
    target : Path
        In a folder that exists; what has the name is replaced.

    Yields
    ------
    Path
        An empty folder beside it.
    """
    clear_leftovers(target)
    handle, made = temporary_folder(target)
    try:
        yield made
        made.chmod(ordinary_mode(target, 0o777))
        _sync_all(made)
        with _alone_in(target.parent):
            _put_back(target)
            _swap(made, target)
    finally:
        os.close(handle)
        shutil.rmtree(made, ignore_errors=True)
    sync(target.parent)


def _sync_all(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        if path.is_dir() or path.is_file():
            sync(path)


def _swap(made: Path, target: Path) -> None:
    """Give a folder its name; the old one keeps its own until then, and gets it back if that fails."""
    if not target.exists():
        made.rename(target)
        return
    old = made.with_name(made.name.removesuffix(TEMPORARY) + OLD)
    target.rename(old)
    try:
        made.rename(target)
    except BaseException:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def settle_folder(target: Path) -> None:
    """Give a folder its name back if a process was killed while it put another in its place."""
    if leftovers(target, OLD):
        with suppress(OSError), _alone_in(target.parent):
            _put_back(target)


def _put_back(target: Path) -> None:
    for old in leftovers(target, OLD):
        if target.exists():
            remove(old)
        else:
            old.rename(target)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process swaps folders in a folder, as far as its file system knows locks."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def settle_folders(folder: Path) -> None:
    """Give every folder in a folder its name back, as :func:`settle_folder`."""
    name = re.compile(r"\.(.+)\.[a-z0-9_]{8}" + re.escape(OLD))
    with suppress(OSError):
        found = [name.fullmatch(entry) for entry in os.listdir(folder)]
        for target in {match[1] for match in found if match}:
            settle_folder(folder / target)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder in ``TMPDIR`` for what is needed for a while, and remove it in the end.

    It is called ``o3sim-PID-xxxxxxxx``. That of a killed process is removed by the next that makes one. A
    process that is forked meanwhile leaves it to the one that made it.
    """
    clear_scratch()
    maker = os.getpid()
    folder = Path(tempfile.mkdtemp(prefix=f"o3sim-{os.getpid()}-"))
    try:
        with (folder / _OWNER).open("w") as owner:
            lock(owner.fileno())
            yield folder
    finally:
        if os.getpid() == maker:
            shutil.rmtree(folder, ignore_errors=True)


def clear_scratch() -> None:
    """Remove the scratch folders of processes that are gone."""
    name = re.compile(r"o3sim-\d+-[a-z0-9_]{8}")
    place = Path(tempfile.gettempdir())
    with suppress(OSError):
        for entry in os.listdir(place):
            if name.fullmatch(entry) and _is_ours(place / entry):
                if_abandoned(place / entry, remove, _OWNER)


def _is_ours(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return found.st_uid == os.getuid()
