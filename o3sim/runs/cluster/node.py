"""What runs on worker nodes: points, from profiles that lie in a folder of the node.

The folder is beside the scratch folders of dask's workers, so that all worker processes of a node
share it, and has the hash of its content for a name. It appears whole or not at all, and is held against that
name before a process maps it, whoever wrote it and whenever.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from o3sim.profile.store.read import forget_mapped
from o3sim.runs.cluster.digests import content_of
from o3sim.runs.cluster.installed import Installed, installed
from o3sim.runs.kernels import load_kernels
from o3sim.runs.tasks import PointOutcome, PointTask

SHELF = "o3sim-profiles"
"""Folder of a node that holds profiles, beside the workers' own."""

READ_ONLY = 0o444

Work = Callable[[Sequence[PointTask]], list[PointOutcome]]


@dataclass(frozen=True)
class NotPlaced:
    """What a worker answers where profiles are missing on its node.

    Attributes
    ----------
    worker : str
        Its address.
    contents : tuple of str
        What is missing.
    """

    worker: str
    contents: tuple[str, ...]


@dataclass(frozen=True)
class OtherInstalled:
    """What a worker answers that computes with another o3sim, or on others of the packages that matter.

    Attributes
    ----------
    worker : str
    installed : mapping
    """

    worker: str
    installed: Installed


def work_here(
    work: Work, tasks: Sequence[PointTask], contents: Mapping[str, str], wanted: Installed
) -> list[PointOutcome] | NotPlaced | OtherInstalled:
    """Do work on tasks with this node's copies of their profiles.

    Parameters
    ----------
    contents : mapping of str to str
        Content of each folder that the tasks name.
    wanted : mapping
        What is installed where the tasks come from.
    """
    from distributed import get_worker

    worker = get_worker()
    if installed() != wanted:
        return OtherInstalled(worker.address, installed())
    copies = {folder: shelf_of(worker) / content for folder, content in contents.items()}
    missing = tuple(copy.name for copy in copies.values() if not is_whole(copy))
    if missing:
        return NotPlaced(worker.address, missing)
    here = {folder: str(copy) for folder, copy in copies.items()}
    for task in tasks:
        load_kernels([task.architecture], task.case.network.layers)  # one of a node's workers compiles
    return work([replace(task, case=task.case.moved(here)) for task in tasks])


def shelf_of(worker: Any) -> Path:
    """Return where a node has its profiles, from any of its workers."""
    return Path(worker.local_directory).parent / SHELF


Signature = frozenset[tuple[str, int, int, int]]

_verified: dict[Path, Signature] = {}
"""Copies that this process has read and found right, with what their files looked like then."""


def is_whole(copy: Path) -> bool:
    """Return whether a copy is here and as it was sent; one that is not is removed, to be sent again.

    All of it is read once a process, and again when one of its files looks different.
    """
    if not copy.is_dir():
        return False
    try:
        signature = _signature(copy)
        if _verified.get(copy) == signature:
            return True
        right = content_of(copy) == copy.name
    except OSError:  # unreadable, or on its way out
        right = False
    if right:
        _verified[copy] = signature
    else:
        forget_mapped()  # what is mapped stays so after its file is gone
        _remove(copy)
    return right


def _signature(folder: Path) -> Signature:
    stats = ((file.name, file.stat()) for file in folder.iterdir())
    return frozenset((name, stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


def _remove(copy: Path) -> None:
    aside = copy.with_name(f".{secrets.token_hex(8)}")
    with suppress(OSError):  # another worker of the node was faster
        copy.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)


def begin_copy(content: str, token: str, dask_worker: Any = None) -> bool:
    """Begin a copy; False if this node has one already."""
    shelf = shelf_of(dask_worker)
    if (shelf / content).is_dir():
        return False
    (shelf / token).mkdir(parents=True)
    return True


def add_files(token: str, files: Mapping[str, bytes], dask_worker: Any = None) -> None:
    """Write files of a copy, or go on with those that were begun."""
    for name, raw in files.items():
        with (shelf_of(dask_worker) / token / name).open("ab") as stream:
            stream.write(raw)


def finish_copy(content: str, token: str, dask_worker: Any = None) -> None:
    """Check a copy, and give it its name.

    Raises
    ------
    ValueError
        If it is not what it should be.
    """
    shelf = shelf_of(dask_worker)
    part, whole = shelf / token, shelf / content
    try:
        if content_of(part) != content:
            raise ValueError("the copy is not like the original")
        for file in part.iterdir():
            file.chmod(READ_ONLY)
        if not whole.is_dir():
            part.rename(whole)
    except OSError:
        if not whole.is_dir():  # else another run was faster
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
