"""Shipped architectures, workloads and energy tables: found by name, listed, suggested on a typing error."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from o3sim.errors import InputError

Kind = Literal["architecture", "workload"]

_FOLDERS: dict[Kind, str] = {"architecture": "archs", "workload": "workloads"}
KINDS: tuple[Kind, ...] = tuple(_FOLDERS)


def folder(kind: Kind) -> Path:
    """Return the folder of shipped files of a kind."""
    return shipped_folder(_FOLDERS[kind])


def shipped_folder(name: str) -> Path:
    """Return a folder beside the package's: inside the installed package, or the checkout's own."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_shipped"
    return (installed if installed.is_dir() else package.parent) / name


def names(kind: Kind) -> list[str]:
    """Return the names of all shipped files of a kind, sorted."""
    return sorted(file.stem for file in folder(kind).glob("*.yaml"))


def described(kind: Kind) -> dict[str, str]:
    """Return the names of all shipped files of a kind, each with its description."""
    from o3sim.config.yaml_marks import read_yaml

    files = {name: folder(kind) / f"{name}.yaml" for name in names(kind)}
    return {name: str(read_yaml(file).data.get("description", "")) for name, file in files.items()}


def is_path(name_or_path: str) -> bool:
    """Return whether it is a path (a YAML suffix or a separator), not a bare name."""
    return name_or_path.endswith((".yaml", ".yml")) or "/" in name_or_path or "\\" in name_or_path


def is_there(path: str | Path) -> bool:
    """Return whether it is a file; what is too long for a name, or holds what no name does, is none.

    ``Path.is_file`` raises the system's own error there, which knows of no configuration and its lines.
    """
    return os.path.isfile(path)


def beside(configuration: Path, name: str) -> str:
    """Return a file named in a configuration as a path from its folder; a shipped name as it is."""
    candidate = configuration.parent / name
    return str(candidate) if is_there(candidate) else name


def resolve(kind: Kind, name_or_path: str | Path) -> Path:
    """Find a configuration file by shipped name or by path.

    Parameters
    ----------
    kind : {"architecture", "workload"}
        Where a bare name is looked up.
    name_or_path : str or Path
        A ``Path``, or text with a separator or a YAML suffix, is a path; other text is a shipped
        name or, failing that, an existing file.

    Raises
    ------
    InputError
        If there is no such file or name, with the closest shipped name.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, str) and text in names(kind):
        return folder(kind) / f"{text}.yaml"
    path = Path(text)
    if text and (os.path.exists(path) or isinstance(name_or_path, Path)):
        return path
    if is_path(text):
        raise InputError(f"{text}: no such file{suggest(path.stem, names(kind))}")
    hint = suggest(text, names(kind))
    raise InputError(f"no {kind} `{text}`{hint}; `o3sim list` shows those shipped, or give a file")


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean `x`?)`` for the closest known word, or nothing.

    >>> suggest("thresold", ["threshold", "pooling"])
    ' (did you mean `threshold`?)'
    """
    near = closest(word, known)
    return f" (did you mean `{near}`?)" if near else ""


def closest(word: str, known: Iterable[str]) -> str:
    """Return the known word most like `word`, or an empty string."""
    lowered = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return lowered[close[0]] if close else ""
