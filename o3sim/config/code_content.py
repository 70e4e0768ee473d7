"""What is run when a Python file is: its own text, and all local modules that it imports."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from o3sim.config.custom_code import MOST_CODE_BYTES
from o3sim.config.identity import digest
from o3sim.config.local_modules import local_modules
from o3sim.files import sha256_of_file
from o3sim.files.inputs import read_input


class CodeContent(NamedTuple):
    """A Python file as it was read.

    Attributes
    ----------
    file : Path
    source : bytes
    others : mapping of str to Path
        Local modules that it imports, they in turn included, by dotted name.
    sha256 : str
        Hash of the file, as ``sha256sum`` prints it, if it imports no local module; else of all their hashes.
    """

    file: Path
    source: bytes
    others: Mapping[str, Path]
    sha256: str

    def __str__(self) -> str:
        if not self.others:
            return f"{self.file} (SHA-256 {self.sha256})"
        names = ", ".join(sorted({path.name for path in self.others.values()}))
        return f"{self.file} with {names} (SHA-256 of all {self.sha256})"


def content_of_code(file: Path) -> CodeContent:
    """Read a Python file and what it imports; nothing is run.

    Raises
    ------
    InputError
        If one of them cannot be read.
    """
    source = read_input(file, MOST_CODE_BYTES)
    own = hashlib.sha256(source).hexdigest()
    others = {name: path for name, path in local_modules(file).items() if name}
    hashes = {name: sha256_of_file(path) for name, path in others.items()}
    return CodeContent(file, source, others, digest({"": own, **hashes}) if others else own)
