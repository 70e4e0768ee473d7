"""What commands write: refused before the time for making it is spent, then written whole or not at all."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from o3sim.errors import InputError
from o3sim.files import check_target, write_atomic

STANDARD_OUTPUT = "-"

_WORKLOAD_FILES = (".yaml", ".npz")


def check_file(option: str, path: Path) -> Path:
    """Refuse a file that cannot be written.

    Raises
    ------
    InputError
        In the words that every command has for it.
    """
    check_target(path, f"{option} {path}")
    return path


def check_json(option: str, target: str) -> str:
    """Refuse a file that cannot be written; ``-`` is standard output and an empty name none at all."""
    if target.endswith("/"):
        raise InputError(f"{option} {target}: is a folder")
    if target not in ("", STANDARD_OUTPUT):
        check_file(option, Path(target))
    return target


def check_suffix(option: str, path: Path, suffixes: Sequence[str]) -> Path:
    """Refuse a file that cannot be written, or whose name ends in another way than those."""
    check_file(option, path)
    if path.suffix.lower() not in suffixes:
        raise InputError(f"{option} {path}: expected a name that ends in {', '.join(suffixes)}")
    return path


def check_figure(option: str, path: Path) -> Path:
    """Refuse a file that no figure can be written to."""
    from o3sim.report.plot.style import FORMATS

    return check_suffix(option, path, [f".{name}" for name in FORMATS])


def check_page(option: str, path: Path) -> Path:
    """Refuse a file that no page can be written to."""
    return check_suffix(option, path, [".html"])


def check_name(option: str, output: Path) -> Path:
    """Return the name that files to write have in common: without a suffix of one of them.

    Raises
    ------
    InputError
        If it is no name of a file, or in no folder.
    """
    name = output.with_suffix("") if output.suffix in _WORKLOAD_FILES else output
    if name.name in ("", ".."):
        raise InputError(f"{option} {output}: is not the name of a file")
    for suffix in _WORKLOAD_FILES:
        check_target(name.with_name(f"{name.name}{suffix}"), f"{option} {output}")
    return name


def check_folder(option: str, folder: Path) -> Path:
    """Refuse a folder that is something else already; one that is not there is made when it is needed."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{option} {folder}: is a file")
    return folder


def make_folder(option: str, folder: Path) -> None:
    """Make a folder, if it is not there.

    Raises
    ------
    InputError
        If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{option} {folder}: cannot be made: {error.strerror or error}") from None


def write_json(target: str, text: str) -> None:
    """Write a document to a file or, for ``-``, to standard output.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    if target == STANDARD_OUTPUT:
        sys.stdout.write(text)
    else:
        write_atomic(Path(target), text)
