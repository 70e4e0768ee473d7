"""What a machine computes with: its values, and the content of the files that they name.

Two machines are the same if their hashes are, wherever their files lie and whatever they are called.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from o3sim.config.architecture import Architecture
from o3sim.config.custom_code import code_place, is_custom
from o3sim.config.extends import load_document
from o3sim.config.local_modules import local_modules
from o3sim.config.shipped_tables import TABLES_FOLDER, shipped_tables
from o3sim.errors import InputError
from o3sim.files import sha256_of_file, stamp_of

LABELS = ("name", "description", "note", "fits")
"""Keys of architectures and energy tables that say what they are called, and change nothing else."""


def architecture_sha256(architecture: Architecture) -> str:
    """Return the SHA-256 of what a machine computes with.

    Names, descriptions and notes do not enter. Where a key names a file, the file's content does:
    an energy table with all that it extends, a Python file with all local modules that it imports.

    Raises
    ------
    InputError
        If a file cannot be read.
    """
    return Identities().of(architecture)


class Identities:
    """Hashes of many machines; each file is read once, when the first machine names it.

    Attributes
    ----------
    files : dict of Path to str
        SHA-256 of every file that was read.
    """

    def __init__(self) -> None:
        self.files: dict[Path, str] = {}
        self._seen: dict[Path, tuple[int, ...]] = {}
        self._contents: dict[str, str] = {}

    def of(self, architecture: Architecture, without: Collection[str] = ()) -> str:
        """Return the SHA-256 of a machine; see :func:`architecture_sha256`.

        Parameters
        ----------
        without : collection of str
            Top-level keys that do not enter, such as ``energy``.
        """
        values = architecture.model_dump(mode="json", exclude={*LABELS, *without})
        return digest(self._by_content(values))

    def content_of(self, key: str, value: Any) -> Any:
        """Return the value of a dotted key, a file that it names by its content."""
        if key == "energy.table":
            return self._kept(f"table {value}", self._table, str(value))
        if is_custom(value):
            place = code_place(value)
            return f"{self._kept(f'code {place.file}', self._code, str(place.file))}:{place.name}"
        return value

    def refuse_changed(self) -> None:
        """Raise InputError if a file is not any more what it was when it was read."""
        for path, before in self.files.items():
            stamp = stamp_of(path)
            if stamp != self._seen[path] and sha256_of_file(path) != before:
                raise InputError(
                    f"{path}: changed meanwhile; change it back and go on with --resume, or start again in"
                    " another folder"
                )
            self._seen[path] = stamp

    def _by_content(self, values: Any, key: str = "") -> Any:
        if isinstance(values, Mapping):
            named = {name: f"{key}.{name}".strip(".") for name in values}
            return {name: self._by_content(values[name], inner) for name, inner in named.items()}
        if isinstance(values, list):
            return [self._by_content(value) for value in values]
        return self.content_of(key, values)

    def _kept(self, key: str, make: Callable[[str], str], argument: str) -> str:
        if key not in self._contents:
            self._contents[key] = make(argument)
        return self._contents[key]

    def _table(self, name: str) -> str:
        path = TABLES_FOLDER / f"{name}.yaml" if name in shipped_tables() else Path(name)
        document = load_document(path)
        for file in document.files:
            self._read(Path(file))
        return digest({key: value for key, value in document.data.items() if key not in LABELS})

    def _code(self, file: str) -> str:
        return digest({name: self._read(path) for name, path in local_modules(Path(file)).items()})

    def _read(self, path: Path) -> str:
        place = Path(os.path.abspath(path))
        if place not in self.files:
            self._seen[place] = stamp_of(place)
            self.files[place] = sha256_of_file(path)
        return self.files[place]


def digest(value: Any) -> str:
    """Return the SHA-256 of plain values, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
