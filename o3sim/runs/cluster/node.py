"""What runs on worker nodes: points, from profiles that lie in a folder of the node.

The folder is beside the scratch folders of dask's workers, so that all worker processes of a node
share it, and has the hash of its content for a name. It appears whole or not at all.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from o3sim.runs.tasks import PointOutcome, PointTask

SHELF = "o3sim-profiles"
"""Folder of a node that holds profiles, beside the workers' own."""

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
class OtherVersion:
    """What a worker answers that has another o3sim.

    Attributes
    ----------
    worker, version : str
    """

    worker: str
    version: str


def work_here(
    work: Work, tasks: Sequence[PointTask], contents: Mapping[str, str], wanted_version: str
) -> list[PointOutcome] | NotPlaced | OtherVersion:
    """Do work on tasks with this node's copies of their profiles.

    Parameters
    ----------
    contents : mapping of str to str
        Content of each folder that the tasks name.
    """
    from distributed import get_worker

    worker = get_worker()
    if version("o3sim") != wanted_version:
        return OtherVersion(worker.address, version("o3sim"))
    copies = {folder: shelf_of(worker) / content for folder, content in contents.items()}
    missing = tuple(copy.name for copy in copies.values() if not copy.is_dir())
    if missing:
        return NotPlaced(worker.address, missing)
    here = {folder: str(copy) for folder, copy in copies.items()}
    return work([replace(task, case=task.case.moved(here)) for task in tasks])


def shelf_of(worker: Any) -> Path:
    """Return where a node has its profiles, from any of its workers."""
    return Path(worker.local_directory).parent / SHELF


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
        if not whole.is_dir():
            part.rename(whole)
    except OSError:
        if not whole.is_dir():  # else another run was faster
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def content_of(folder: Path) -> str:
    """Return a hash of the names and bytes of all files in a folder."""
    whole = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        with path.open("rb") as stream:
            whole.update(f"{path.name} {hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()[:32]
