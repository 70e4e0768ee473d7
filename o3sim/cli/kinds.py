"""The kinds of configuration files, and how to tell which one a file is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from o3sim.config.architecture import Architecture
from o3sim.config.load import check, check_architecture
from o3sim.config.marks import Document
from o3sim.config.workload import Workload
from o3sim.energy.table import EnergyTable
from o3sim.runs.cluster.config import SlurmCluster
from o3sim.studies.search.config import Explore
from o3sim.studies.sweep.config import Sweep
from o3sim.train.config import Training


@dataclass(frozen=True)
class FileKind:
    """A kind of file.

    Attributes
    ----------
    check : callable
        Checks a document by its model.
    beyond : callable or None
        Checks a file by all that it names, too.
    """

    label: str
    model: type[BaseModel]
    check: Callable[[Document], BaseModel]
    beyond: Callable[[Path], None] | None = None


def _check_sweep(path: Path) -> None:
    from o3sim.studies.sweep.expand import load_sweep
    from o3sim.studies.sweep.run import check_sweep

    check_sweep(load_sweep(path))


def _check_search(path: Path) -> None:
    from o3sim.studies.search.plan import check_search

    check_search(path)


KINDS: tuple[FileKind, ...] = (
    FileKind("architecture", Architecture, check_architecture),
    FileKind("workload", Workload, lambda document: check(document, Workload)),
    FileKind("sweep", Sweep, lambda document: check(document, Sweep), _check_sweep),
    FileKind("search", Explore, lambda document: check(document, Explore), _check_search),
    FileKind("training", Training, lambda document: check(document, Training)),
    FileKind("cluster", SlurmCluster, lambda document: check(document, SlurmCluster)),
    FileKind("energy table", EnergyTable, lambda document: check(document, EnergyTable)),
)


def kind_of(document: Document) -> FileKind:
    """Return the kind that shares most of its keys with a document; architecture if none does."""
    return max(KINDS, key=lambda kind: len(document.data.keys() & kind.model.model_fields.keys()))
