"""Cycles of every image on a machine, in several processes, kept so that an interrupted run goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.reach import timing_key
from o3sim.errors import InputError
from o3sim.files.growing import GrowingFile
from o3sim.runs.kernels import load_kernels
from o3sim.runs.point import count_image
from o3sim.runs.runner import runner_of
from o3sim.runs.spread import spread
from o3sim.studies.sealed import damaged, sealed, unsealed, whole_lines

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.runs.case import Case
    from o3sim.runs.runner import Runner

PART = 100
"""Images that are run, and kept, at a time."""


@dataclass(frozen=True)
class Latencies:
    """Cycles of images on a machine, and the classes that they come out as."""

    cycles: NDArray[np.int64]
    classes: NDArray[np.int64]


class Kept:
    """A file of latencies, a line for some images on a machine; a last line cut short is dropped.

    Parameters
    ----------
    path : Path
        Made if it is not there.

    Raises
    ------
    InputError
        If a line in it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._found: dict[tuple[str, int], dict[str, list[int]]] = {}
        whole_bytes = 0
        for number, line in whole_lines(path):
            try:
                values = unsealed(line)
            except ValueError as error:
                raise damaged(path, number, error) from None
            self._found[values["of"], values["first"]] = values
            whole_bytes += len(line)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = GrowingFile(path, whole_bytes)
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from None

    def __enter__(self) -> Self:
        """Open it for a block."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close it."""
        self._file.close()

    def get(self, of: str, first: int) -> dict[str, list[int]] | None:
        """Return what is there of the images from ``first`` on; None if nothing is."""
        return self._found.get((of, first))

    def add(self, of: str, first: int, found: Latencies) -> None:
        """Write what some images took."""
        lists = {"cycles": found.cycles.tolist(), "classes": found.classes.tolist()}
        self._file.append(sealed({"of": of, "first": first, **lists}))


def latencies(machine: Architecture, case: Case, jobs: int = 1, kept: Kept | None = None) -> Latencies:
    """Run every image by itself; what is kept is not run again.

    Parameters
    ----------
    jobs : int
        Processes; the result does not depend on it.
    kept : Kept, optional
    """
    parts = [case.images.x[first : first + PART] for first in range(0, len(case), PART)]
    names = [_name(machine, case, part) for part in parts]
    known = [None if kept is None else kept.get(name, place) for place, name in enumerate(names)]
    missing = [place for place, lists in enumerate(known) if lists is None]
    found = {place: _of_lists(lists) for place, lists in enumerate(known) if lists is not None}
    work = _OnImages(machine, case.without_images())
    for place, part in zip(missing, _run(work, [parts[place] for place in missing], jobs), strict=True):
        found[place] = part
        if kept is not None:
            kept.add(names[place], place, part)
    ordered = [found[place] for place in range(len(parts))]
    return Latencies(
        np.concatenate([part.cycles for part in ordered]), np.concatenate([part.classes for part in ordered])
    )


def _name(machine: Architecture, case: Case, part: NDArray[np.uint8]) -> str:
    """Return a digest of all that cycles of some images depend on."""
    pixels = hashlib.sha256(part.tobytes()).hexdigest()
    text = f"{timing_key(machine)} {case.network_sha256} {pixels}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _of_lists(lists: dict[str, list[int]]) -> Latencies:
    return Latencies(np.array(lists["cycles"]), np.array(lists["classes"]))


def _run(work: _OnImages, parts: list[NDArray[np.uint8]], jobs: int) -> Iterator[Latencies]:
    if jobs == 1 or not parts:
        yield from map(work, parts)
        return
    load_kernels([work.machine], work.case.network.layers)
    with closing(spread(work, parts, jobs)) as done:
        yield from done


@dataclass(frozen=True)
class _OnImages:
    """Runs some images on a machine: what a worker does."""

    machine: Architecture
    case: Case

    @cached_property
    def runner(self) -> Runner:
        """No image depends on those before it."""
        return runner_of(self.machine, self.case.network)

    def __call__(self, part: NDArray[Any]) -> Latencies:
        layers = self.case.network.layers
        counted = [count_image(self.runner, self.case.image(each), layers).result for each in part]
        cycles, classes = zip(*((each.cycles, each.predicted) for each in counted), strict=True)
        return Latencies(np.array(cycles), np.array(classes))
