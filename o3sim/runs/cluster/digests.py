"""Digests of files: of a copy on a node, of the o3sim that is installed there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def digest_of(folder: Path, files: Iterable[Path]) -> str:
    """Return a hash of the names, from a folder on, and the bytes of some files in it."""
    whole = hashlib.sha256()
    for name, file in sorted((file.relative_to(folder).as_posix(), file) for file in files):
        with file.open("rb") as stream:
            whole.update(f"{name} {hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()


def content_of(folder: Path) -> str:
    """Return a hash of the names and bytes of all files in a folder; long enough that none is made to fit."""
    return digest_of(folder, folder.iterdir())[:32]
