"""Compare two files of either kind, once it is clear that they are of the same."""

from __future__ import annotations

from pathlib import Path

from o3sim.checks.diff.results import compare_results
from o3sim.checks.diff.traces import compare_traces
from o3sim.errors import InputError
from o3sim.trace.canonical import HEADER
from o3sim.trace.reading import read_start

TRACE, RESULT = "trace", "result"
_PREFIX = HEADER.rpartition(" ")[0].encode()  # of any version: the reader names the one it wants


def kind_of(path: Path) -> str:
    """Tell a trace from a result by how the file begins.

    Raises
    ------
    InputError
        If it begins like neither.
    """
    start = read_start(path, 256)
    if start.startswith(_PREFIX):
        return TRACE
    if start.lstrip().startswith(b"{"):
        return RESULT
    if not start:
        raise InputError(f"{path}: is empty")
    raise InputError(
        f"{path}: is neither a trace (o3sim trace --format canonical) nor a result (o3sim run --json)"
    )


def compare_files(path_a: Path, path_b: Path) -> list[str]:
    """Report how two files differ, in lines; none if they do not.

    Raises
    ------
    InputError
        If they are not both traces or both results, or cannot be read.
    """
    kinds = kind_of(path_a), kind_of(path_b)
    if kinds[0] != kinds[1]:
        raise InputError(f"{path_a} is a {kinds[0]}, {path_b} is a {kinds[1]}: there is nothing to compare")
    compare = compare_traces if kinds[0] == TRACE else compare_results
    difference = compare(path_a, path_b)
    return [] if difference is None else difference.report
