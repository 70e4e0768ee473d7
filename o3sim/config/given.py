"""What a script hands over: names, paths and whole numbers, or a word of what they should have been."""

from __future__ import annotations

import operator
from pathlib import Path
from typing import Any

from o3sim.errors import InputError


def named(what: str, given: Any, other: str = "") -> str | Path:
    """Return a name or a path.

    Parameters
    ----------
    what : str
        What it is of, for the error.
    other : str, optional
        What else could have been given.

    Raises
    ------
    InputError
        If it is neither.

    Examples
    --------
    >>> named("workload", 7)
    Traceback (most recent call last):
    o3sim.errors.InputError: workload: expected a name or a path, found 7
    """
    if isinstance(given, str | Path):
        return given
    expected = f"a name, a path or {other}" if other else "a name or a path"
    raise InputError(f"{what}: expected {expected}, found {given!r}")


def whole(what: str, given: Any, other: str = "") -> int:
    """Return a whole number; parameters and errors as for :func:`named`.

    Examples
    --------
    >>> whole("images", True)
    Traceback (most recent call last):
    o3sim.errors.InputError: images: expected a whole number, found True
    """
    try:
        if not isinstance(given, bool):
            return operator.index(given)
    except TypeError:
        pass
    raise InputError(f"{what}: expected a whole number{other}, found {given!r}")


def whole_jobs(given: Any) -> int:
    """Return a number of jobs.

    Raises
    ------
    InputError
        If it is no whole number, or below 1.
    """
    jobs = whole("jobs", given)
    if jobs < 1:
        raise InputError(f"{jobs} jobs asked for, at least 1 is needed")
    return jobs
