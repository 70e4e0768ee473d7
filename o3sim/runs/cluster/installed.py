"""What has to be the same wherever points run, so that a table does not depend on where: told by digest.

A version string stays the same while a checkout is edited; its files do not.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from o3sim.errors import InputError
from o3sim.runs.cluster.digests import digest_of

NO_CODE = {"__pycache__", "_shipped"}
"""Folders of the package that may differ: caches, and what points bring along, as the designs they are."""

CACHED = (".pyc", ".nbi", ".nbc")
MOST_TOLD = 4
SHORT, DIGEST = r"\1", re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")

Installed = Mapping[str, str]
"""Plain text by name, so that any two versions of o3sim understand each other in this."""


@cache
def installed() -> Installed:
    """Return what a process computes with.

    The files of o3sim; Numba, which compiles them; NumPy, whose rules say what type a result has and how
    a sum is rounded; Python's first two numbers, whose pickles and float formats they use. Computed once
    a process.
    """
    return {
        "o3sim": f"{_version('o3sim')} ({package_digest(Path(__file__).parents[2])})",
        "Numba": _version("numba"),
        "NumPy": _version("numpy"),
        "Python": ".".join(platform.python_version_tuple()[:2]),
    }


def package_digest(package: Path) -> str:
    """Return a SHA-256 of all that a package is made of: code, tables and templates."""
    return digest_of(package, _files(package))


def others_installed(found: Mapping[str, Installed], here: Installed) -> InputError:
    """Return the complaint about workers that compute with something else.

    Parameters
    ----------
    found : mapping of str to mapping
        What is installed where, by the address of a worker.
    here : mapping
        What should be.
    """
    told = [
        f"worker {worker} has {name} {there.get(name, 'of an unknown version')}, here is {here[name]}"
        for worker, there in found.items()
        for name in here
        if there.get(name) != here[name]
    ]
    shown = told[:MOST_TOLD] + [f"and {len(told) - MOST_TOLD:,} more"] * (len(told) > MOST_TOLD)
    return InputError(f"{DIGEST.sub(SHORT, '; '.join(shown))}: install the same on both")


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in NO_CODE or path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.suffix not in CACHED:
            yield path


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # run from a folder of sources
        return "not installed"
