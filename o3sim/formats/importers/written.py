"""What an importer makes, and how it is written: a YAML file and an NPZ file beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from numpy.typing import NDArray

from o3sim.config.workload import Workload
from o3sim.errors import InputError
from o3sim.files import save_npz, write_atomic


@dataclass(frozen=True, eq=False)
class ImportedWorkload:
    """A workload out of somebody else's files.

    Attributes
    ----------
    keys : dict
        The keys of its YAML but ``name`` and ``parameters``.
    arrays : dict of str to ndarray
        Its parameters, as ``docs/workload.md`` lays them out.
    notes : tuple of str
        What had to be taken for granted, for the user to look at.
    """

    name: str
    keys: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    notes: tuple[str, ...] = ()

    def write(self, target: Path) -> tuple[Path, Path]:
        """Write ``target.yaml`` and ``target.npz``, each whole or not at all.

        Parameters
        ----------
        target : Path
            Without suffix; its folder exists.

        Returns
        -------
        tuple of Path
            The two files.

        Raises
        ------
        InputError
            If they cannot be written.
        """
        parameters = target.with_name(f"{target.name}.npz")
        text = topology_text(target, {"name": self.name, **self.keys, "parameters": parameters.name})
        save_npz(parameters, self.arrays)
        return write_topology(target, text), parameters


def topology_text(target: Path, keys: dict[str, Any]) -> str:
    """Check that a workload can be written and is valid, and return its YAML.

    Raises
    ------
    InputError
        If the folder is not there.
    """
    if not target.parent.is_dir():
        raise InputError(f"{target.parent}: no such folder")
    Workload.model_validate(keys)
    return yaml.safe_dump(keys, sort_keys=False, default_flow_style=None, width=100, allow_unicode=True)


def write_topology(target: Path, text: str) -> Path:
    """Write ``target.yaml`` whole or not at all, and return its path."""
    path = target.with_name(f"{target.name}.yaml")
    write_atomic(path, text)
    return path
