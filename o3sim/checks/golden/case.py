"""What a golden is of: an architecture, a workload, some images, and which traces are kept."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from o3sim.errors import InputError
from o3sim.inputs import MOST_JSON_BYTES, first_line, parse_json, read_input

FORMAT_VERSION = 2
OLDEST_VERSION = 1
"""Of manifests that are still read; its architecture's hash was of names too, and is not compared."""

MANIFEST, RESULT = "manifest.json", "result.json"
TRACES = "trace-*.txt.gz"
TRACE_CYCLES = 128
"""Cycles of each layer to keep a trace of by default: some tens of kilobytes, compressed."""


@dataclass(frozen=True)
class Case:
    """The inputs of one golden.

    Attributes
    ----------
    architecture, workload : str
        Shipped name or path.
    layers : tuple of str, or None
        Layers to keep traces of, by name or number; None for all.
    images : int
        Images to run; traces are of the first.
    image_file : str or None
        Path of images in place of the workload's own.
    cycles : int
        Cycles of each layer to keep a trace of, from its first.
    changes : mapping of str to value
        What the machine differs in from the architecture, by dotted key.
    test : str
        The test that it is of, where files alone do not tell it from others.
    scratch : tuple of str
        Folders that are others in every run; a file in one is known by its name alone.
    """

    architecture: str
    workload: str
    layers: tuple[str, ...] | None = None
    images: int = 1
    image_file: str | None = None
    cycles: int = TRACE_CYCLES
    test: str = ""
    scratch: tuple[str, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)


def trace_name(number: int, layer: str) -> str:
    """Name the trace file of a layer.

    >>> trace_name(0, "conv1")
    'trace-00-conv1.txt.gz'
    """
    return f"trace-{number:02}-{re.sub(r'[^A-Za-z0-9.-]+', '_', layer)}.txt.gz"


def seen_from(case: Case, folder: Path) -> Case:
    """Write paths relative to a golden's folder, so that they hold in any checkout."""
    return replace(
        case,
        architecture=_relative("architecture", case.architecture, folder, case.scratch),
        workload=_relative("workload", case.workload, folder, case.scratch),
        image_file=None if case.image_file is None else _to_posix(case.image_file, folder, case.scratch),
        scratch=(),
    )


def found_from(case: Case, folder: Path) -> Case:
    """Turn paths relative to a golden's folder into ones that can be opened from here."""
    return replace(
        case,
        architecture=_joined(case.architecture, folder),
        workload=_joined(case.workload, folder),
        image_file=None if case.image_file is None else os.path.normpath(folder / case.image_file),
    )


def _relative(kind: Any, name: str, folder: Path, scratch: tuple[str, ...]) -> str:
    from o3sim.config.catalog import names

    return name if name in names(kind) else _to_posix(name, folder, scratch)


def _to_posix(name: str, folder: Path, scratch: tuple[str, ...]) -> str:
    place = Path(os.path.realpath(name))
    if any(place.is_relative_to(os.path.realpath(each)) for each in scratch):
        return place.name
    return Path(os.path.relpath(place, os.path.realpath(folder))).as_posix()


def _joined(name: str, folder: Path) -> str:
    from o3sim.config.catalog import is_path

    return os.path.normpath(os.path.realpath(folder) + os.sep + name) if is_path(name) else name


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read what a golden says of itself.

    Raises
    ------
    InputError
        If there is none, or it is not one that this o3sim reads.
    """
    path = folder / MANIFEST
    raw = read_input(path, MOST_JSON_BYTES)
    try:
        manifest = parse_json(raw)
    except ValueError as error:
        raise InputError(f"{path}: is no manifest of a golden: {first_line(error)}") from None
    version = manifest.get("o3sim_golden") if isinstance(manifest, dict) else None
    if version not in range(OLDEST_VERSION, FORMAT_VERSION + 1):
        raise InputError(
            f"{path}: is no manifest of a golden of version {OLDEST_VERSION} to {FORMAT_VERSION},"
            f" but of {version!r}"
        )
    return dict(manifest)


def case_of(manifest: dict[str, Any], folder: Path) -> Case:
    """Return the inputs a manifest names, as they can be opened from here.

    Raises
    ------
    InputError
        If the manifest does not name them.
    """
    return found_from(named_in(manifest, folder), folder)


def named_in(manifest: dict[str, Any], folder: Path) -> Case:
    """Return the inputs a manifest names, as it names them; as :func:`case_of`."""
    try:
        images, traces = manifest["images"], manifest["traces"]
        layers = None if traces.get("all_layers") else tuple(str(layer) for layer in traces["layers"])
        return Case(
            str(manifest["architecture"]["source"]),
            str(manifest["workload"]["source"]),
            layers,
            int(images["count"]),
            None if images["file"] is None else str(images["file"]),
            int(traces["cycles"]),
            str(manifest.get("test", "")),
            changes=dict(manifest["architecture"].get("changes", {})),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{folder / MANIFEST}: is incomplete: {error}") from None
