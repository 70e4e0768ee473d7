"""What a golden is of: an architecture, a workload, some images, and which traces are kept."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from o3sim.errors import InputError
from o3sim.inputs import MOST_JSON_BYTES, first_line, parse_json, read_input

FORMAT_VERSION = 1
MANIFEST, RESULT = "manifest.json", "result.json"
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
    """

    architecture: str
    workload: str
    layers: tuple[str, ...] | None = None
    images: int = 1
    image_file: str | None = None
    cycles: int = TRACE_CYCLES
    changes: Mapping[str, Any] = field(default_factory=dict)


def folder_name(architecture: str, workload: str, changes: Mapping[str, Any] | None = None) -> str:
    """Name a golden's folder after what it is of.

    >>> folder_name("my chip", "fashion-vgg"), folder_name("small", "tiny", {"pe.count": 32})
    ('my_chip-fashion-vgg', 'small-tiny-pe.count_32')
    """
    changed = [f"{key}={value}" for key, value in (changes or {}).items()]
    return "-".join(re.sub(r"[^\w.-]+", "_", name) for name in (architecture, workload, *changed))


def trace_name(number: int, layer: str) -> str:
    """Name the trace file of a layer.

    >>> trace_name(0, "conv1")
    'trace-00-conv1.txt.gz'
    """
    return f"trace-{number:02}-{re.sub(r'[^A-Za-z0-9.-]+', '_', layer)}.txt.gz"


def digest(value: Any) -> str:
    """Return the SHA-256 of plain values, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def seen_from(case: Case, folder: Path) -> Case:
    """Write paths relative to a golden's folder, so that they hold in any checkout."""
    return replace(
        case,
        architecture=_relative("architecture", case.architecture, folder),
        workload=_relative("workload", case.workload, folder),
        image_file=None if case.image_file is None else _to_posix(case.image_file, folder),
    )


def found_from(case: Case, folder: Path) -> Case:
    """Turn paths relative to a golden's folder into ones that can be opened from here."""
    return replace(
        case,
        architecture=_joined(case.architecture, folder),
        workload=_joined(case.workload, folder),
        image_file=None if case.image_file is None else os.path.normpath(folder / case.image_file),
    )


def _relative(kind: Any, name: str, folder: Path) -> str:
    from o3sim.config.catalog import names

    return name if name in names(kind) else _to_posix(name, folder)


def _to_posix(name: str, folder: Path) -> str:
    return Path(os.path.relpath(os.path.realpath(name), os.path.realpath(folder))).as_posix()


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
    if version != FORMAT_VERSION:
        raise InputError(
            f"{path}: is no manifest of a golden of version {FORMAT_VERSION}, but of {version!r}"
        )
    return dict(manifest)


def case_of(manifest: dict[str, Any], folder: Path) -> Case:
    """Return the inputs a manifest names.

    Raises
    ------
    InputError
        If the manifest does not name them.
    """
    try:
        images, traces = manifest["images"], manifest["traces"]
        kept = Case(
            str(manifest["architecture"]["source"]),
            str(manifest["workload"]["source"]),
            tuple(str(layer) for layer in traces["layers"]),
            int(images["count"]),
            None if images["file"] is None else str(images["file"]),
            int(traces["cycles"]),
            dict(manifest["architecture"].get("changes", {})),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder / MANIFEST}: is incomplete: {error}") from None
    return found_from(kept, folder)
