"""The local modules that a Python file imports: part of what it computes, as its own text is."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.machinery import BYTECODE_SUFFIXES, EXTENSION_SUFFIXES, SOURCE_SUFFIXES
from pathlib import Path

from o3sim.config.custom_code import NOT_PARSED

NOT_LOCAL = frozenset({*sys.stdlib_module_names, "o3sim"})
"""First names of modules that come with Python, or are this package, whose version says what it is."""

_INSTALLED = frozenset({"site-packages", "dist-packages"})

_SUFFIXES = (*EXTENSION_SUFFIXES, *SOURCE_SUFFIXES, *BYTECODE_SUFFIXES)
"""Of files that are modules, in the order in which Python takes them."""


def local_modules(file: Path) -> dict[str, Path]:
    """Return a Python file and all it imports that is neither Python's nor installed, by dotted name.

    A module is local if it lies beside the file, or in a folder of ``sys.path`` that nothing is installed in.
    Imports are read off the text, inside functions too; those made at run time by name are not seen.

    Parameters
    ----------
    file : Path
        Its own name is empty, whatever it is called.
    """
    found = {"": file}
    places = [file.parent, *_local_places()]
    left = [("", file)]
    while left:
        name, path = left.pop()
        for wanted in _imported(name, path):
            new = {each: where for each, where in _resolved(wanted, places).items() if each not in found}
            found.update(new)
            left += new.items()
    return found


def _local_places() -> list[Path]:
    """List the folders of ``sys.path`` that hold custom code."""
    places = [Path(entry).resolve() for entry in sys.path]
    return [place for place in places if place.is_dir() and is_local(place)]


def is_local(place: Path) -> bool:
    """Return whether a file or folder is custom: neither Python's nor installed."""
    installed = [Path(prefix).resolve() for prefix in (sys.prefix, sys.base_prefix)]
    place = place.resolve()
    return not _INSTALLED & set(place.parts) and not any(place.is_relative_to(each) for each in installed)


def _imported(name: str, path: Path) -> Iterator[str]:
    """Yield the dotted names that a module imports; of ``from a import b`` also ``a.b``, which may be one."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, *NOT_PARSED):
        return  # what it is shows when it is run
    package = name if path.name.startswith("__init__.") else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, package)
            yield from (f"{base}.{alias.name}".strip(".") for alias in node.names)


def _base(node: ast.ImportFrom, package: str) -> str:
    """Return the module that ``from`` names, relative ones as seen from a package."""
    parts = package.split(".") if package and node.level else []
    if node.level > 1:
        parts = parts[: 1 - node.level]
    return ".".join([*parts, *filter(None, [node.module])])


def _resolved(wanted: str, places: list[Path]) -> dict[str, Path]:
    """Find a module and the packages that it is in, in the first place that has any of them."""
    parts = wanted.split(".")
    if parts[0] in NOT_LOCAL:
        return {}
    for place in places:
        found = dict(_along(place, parts))
        if found:
            return found
    return {}


def _along(place: Path, parts: list[str]) -> Iterator[tuple[str, Path]]:
    for count, part in enumerate(parts, start=1):
        place = place / part
        files = [place / f"__init__{suffix}" for suffix in _SUFFIXES]
        files += [place.with_name(f"{part}{suffix}") for suffix in _SUFFIXES]
        file = next((each for each in files if each.is_file()), None)
        if file is not None:
            yield ".".join(parts[:count]), file
