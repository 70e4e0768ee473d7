"""Where a data set's files are: a folder, or an archive as package clients leave it."""

from __future__ import annotations

import lzma
import os
import tarfile
import zlib
from pathlib import Path
from typing import IO

from o3sim.errors import InputError
from o3sim.inputs import inflated, most_unfolded_bytes, open_input

MOST_BYTES = 1 << 30
"""Of one file, unpacked: the largest of the data sets that are read here has a fifth of it."""

DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError)
"""What reading a damaged archive or a damaged gzip file raises."""


class Source:
    """The files of a folder or of a (compressed) tar archive, by their bare names.

    Parameters
    ----------
    path : Path

    Raises
    ------
    InputError
        If it is neither.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._archive = not path.is_dir()
        self._files: dict[str, list[str]] = _members(path) if self._archive else _found(path)

    @property
    def names(self) -> list[str]:
        """Bare names of all files, sorted."""
        return sorted(self._files)

    def has(self, *names: str) -> bool:
        """Return whether all of these are there, each as it is or gzipped."""
        return all(name in self._files or f"{name}.gz" in self._files for name in names)

    def read(self, name: str) -> bytes:
        """Read a file, unpacked if it is gzipped.

        Raises
        ------
        InputError
            If it is absent, in two places, damaged, or larger than any that belongs here.
        """
        stored = name if name in self._files else f"{name}.gz"
        if stored not in self._files:
            raise InputError(f"{self.path}: no file `{name}` in it; there are {listed(self.names)}")
        place, *others = self._files[stored]
        if others:
            places = " and ".join(str(Path(each).parent) for each in (place, others[0]))
            raise InputError(f"{self.path}: {stored}: in {places}; name one of them")
        try:
            raw = self._bytes(place)
            if stored.endswith(".gz"):
                return inflated(raw, min(MOST_BYTES, most_unfolded_bytes(len(raw))))
            return raw
        except (*DAMAGE, ValueError) as error:
            raise InputError(f"{self.path}: {stored}: cannot be read: {error}") from None

    def _bytes(self, place: str) -> bytes:
        if not self._archive:
            with open_input(place) as stream:
                return _bounded(stream, os.fstat(stream.fileno()).st_size)
        with open_input(self.path) as file, tarfile.open(fileobj=file) as archive:
            member = archive.getmember(place)
            content = archive.extractfile(member)
            if content is None:
                raise ValueError("is not a file")
            return _bounded(content, member.size)


def _bounded(stream: IO[bytes], size_bytes: int) -> bytes:
    if size_bytes > MOST_BYTES:
        raise ValueError(f"larger than {MOST_BYTES:,} bytes")
    return stream.read(size_bytes)


def _found(folder: Path) -> dict[str, list[str]]:
    """List the files of a folder and those below it by their bare names."""
    files: dict[str, list[str]] = {}
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            files.setdefault(file.name, []).append(str(file))
    return files


def _members(path: Path) -> dict[str, list[str]]:
    """List the files of an archive by their bare names; of one that was added twice the last holds."""
    members: dict[str, dict[str, None]] = {}
    try:
        with open_input(path) as file, tarfile.open(fileobj=file) as archive:
            most_bytes = most_unfolded_bytes(path.stat().st_size)
            for member in archive:
                if member.offset_data + member.size > most_bytes:
                    raise tarfile.ReadError("it would unfold to more than images do")
                if member.isfile():
                    members.setdefault(Path(member.name).name, {})[member.name] = None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except DAMAGE as error:
        what = str(error).split("\n", maxsplit=1)[0]  # tarfile adds a line for each compression it tried
        raise InputError(f"{path}: neither a folder nor a whole tar archive: {what}") from None
    return {name: list(places) for name, places in members.items()}


def listed(names: list[str], most: int = 8) -> str:
    """Name a few files."""
    shown = ", ".join(names[:most]) or "no files"
    return f"{shown}, and {len(names) - most} more" if len(names) > most else shown
