"""Compare two results of `o3sim run --json`, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from o3sim.checks.diff.changes import Change, lines_of
from o3sim.errors import InputError
from o3sim.files.inputs import MOST_JSON_BYTES, first_line, parse_json
from o3sim.results.result import SCHEMA_VERSION
from o3sim.trace.reading import read_start

NEEDED = ("schema_version", "architecture", "workload", "network_digest", "layers", "cycles", "configuration")
WHAT_WAS_RUN = ("architecture", "workload", "network_digest", "images", "configuration")


@dataclass
class ResultDifference:
    """What two results do not share.

    Attributes
    ----------
    layer : str or None
        The first layer with a figure that changed.
    changes : dict of str to list of Change
        By part of the result: ``run``, each layer, each compared run.
    """

    layer: str | None
    changes: dict[str, list[Change]]

    @property
    def report(self) -> list[str]:
        """All there is to say, in lines."""
        first = "no layer differs" if self.layer is None else f"first difference in layer {self.layer}"
        lines = [first]
        for part, changes in self.changes.items():
            lines += [f"{part}:", *lines_of(changes)]
        return lines


def read_result(path: Path) -> dict[str, Any]:
    """Read a result.

    Raises
    ------
    InputError
        If the file is unreadable, cut off, no JSON, no result, or of another version.
    """
    raw = read_start(path, MOST_JSON_BYTES + 1)
    try:
        document = parse_json(raw)
    except ValueError as error:
        raise InputError(f"{path}: is cut off or no JSON: {first_line(error)}") from None
    missing = [key for key in NEEDED if not isinstance(document, dict) or key not in document]
    missing = missing or [f"list of {key}" for key in ("layers", "compare") if not _are_named(document, key)]
    if missing:
        raise InputError(f"{path}: is no result of `o3sim run --json`: no {', '.join(missing)}")
    if document["schema_version"] != SCHEMA_VERSION:
        version = document["schema_version"]
        raise InputError(f"{path}: is of schema_version {version}; this o3sim reads {SCHEMA_VERSION}")
    return dict(document)


def _are_named(document: dict[str, Any], key: str) -> bool:
    """Return whether an entry is a list of layers or of runs, which may be left out where there are none."""
    listed, name = document.get(key, []), {"layers": "name", "compare": "architecture"}[key]
    return isinstance(listed, list) and all(
        isinstance(each, dict) and isinstance(each.get(name), str) for each in listed
    )


def compare_results(path_a: Path, path_b: Path) -> ResultDifference | None:
    """Find what differs in two results; None if nothing does.

    Raises
    ------
    InputError
        If a file is no result.
    """
    return compare_documents(read_result(path_a), read_result(path_b))


def compare_documents(a: dict[str, Any], b: dict[str, Any]) -> ResultDifference | None:
    """Find what differs in two results that are read already."""
    changes: dict[str, list[Change]] = {}
    first: str | None = None
    for part, one, other in _parts(a, b):
        found = [Change(name, *pair) for name, pair in _pairs(one, other) if pair[0] != pair[1]]
        if found:
            changes[part] = found
            if first is None and part.startswith(LAYER):
                first = part.removeprefix(LAYER)
    return ResultDifference(first, changes) if changes else None


LAYER, RUN = "layer ", "what was run"
"""How parts of a result are called."""


def _parts(a: dict[str, Any], b: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Take results apart: what was run, each layer in order, the totals, runs compared with."""
    yield RUN, _only(a, WHAT_WAS_RUN), _only(b, WHAT_WAS_RUN)
    yield from _by_name(LAYER, "name", a["layers"], b["layers"])
    totals = [key for key in dict.fromkeys([*a, *b]) if key not in (*WHAT_WAS_RUN, "layers", "compare")]
    yield "the run", _only(a, totals), _only(b, totals)
    yield from _by_name("compared with ", "architecture", a.get("compare", []), b.get("compare", []))


def _only(result: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: result.get(key) for key in keys}


def _by_name(prefix: str, key: str, a: list[Any], b: list[Any]) -> Iterator[tuple[str, Any, Any]]:
    """Pair entries of two lists by name, in the order of the first."""
    one, other = ({str(entry.get(key)): entry for entry in entries} for entries in (a, b))
    for name in dict.fromkeys([*one, *other]):
        yield f"{prefix}{name}", one.get(name), other.get(name)


def _pairs(a: Any, b: Any, name: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Walk two values beside each other; yield the leaves with dotted names."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in dict.fromkeys([*a, *b]):
            yield from _pairs(a.get(key), b.get(key), f"{name}.{key}" if name else str(key))
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for index, (one, other) in enumerate(zip(a, b, strict=True)):
            named = one.get("name", index) if isinstance(one, dict) else index
            yield from _pairs(one, other, f"{name}[{named}]")
    else:
        yield name or "all of it", (_brief(a), _brief(b))


def _brief(value: Any) -> Any:
    """Stand in for a whole object that only one side has."""
    if isinstance(value, dict):
        return "present"
    return f"{len(value)} entries" if isinstance(value, list) else value
