"""Import FINN's folding configuration as a pipelined architecture: its matrix-vector units are the stages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from o3sim.config.load import load_architecture
from o3sim.config.overrides import laid_over
from o3sim.errors import InputError
from o3sim.files import write_atomic
from o3sim.network.finn.folding import Folding, read_folding
from o3sim.network.finn.machine import folded_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from o3sim.network.layer import Layer

BASE = "dense"
NOTE = (
    "a folding of FINN's, timed dense: a cycle a fold whatever the bits of weights and activations, nothing"
    " pruned, FIFOs without end"
)


@dataclass(frozen=True)
class ImportedFolding:
    """A folding, and the machine that it makes of its matrix-vector units.

    Attributes
    ----------
    folding : Folding
    keys : dict
        The keys of the architecture's YAML.
    """

    folding: Folding
    keys: dict[str, Any]

    def write(self, target: Path) -> Path:
        """Write ``target.yaml`` whole or not at all, and return its path.

        Raises
        ------
        InputError
            If the folder is not there, or the file cannot be written.
        """
        if not target.parent.is_dir():
            raise InputError(f"{target.parent}: no such folder")
        path = target.with_name(f"{target.name}.yaml")
        text = yaml.safe_dump(self.keys, sort_keys=False, default_flow_style=None, width=100)
        write_atomic(path, text)
        return path


def import_folding(path: Path, layers: Sequence[Layer], name: str, clock_mhz: float) -> ImportedFolding:
    """Read a folding configuration of a network.

    Parameters
    ----------
    path : Path
        JSON as FINN's ``folding_config_file``.
    layers : sequence of Layer
        Of the network that it is of.
    name : str
        What to call the architecture.
    clock_mhz : float

    Raises
    ------
    InputError
        If the file cannot be read, or is no folding of this network.
    """
    shapes = [(layer.name, layer.geometry) for layer in layers]
    folding = read_folding(_values(path), shapes, str(path))
    keys = folded_keys([shape for _, shape in shapes], folding)
    _check(keys, path)
    about = {
        "extends": BASE,
        "name": name,
        "description": f"FINN's folding {path.name}, dense",
        "note": NOTE,
        "clock_mhz": clock_mhz,
    }
    return ImportedFolding(folding, {**about, **keys})


def _check(keys: dict[str, Any], path: Path) -> None:
    """Refuse units that a machine cannot have."""
    widest = max(stage["pe"]["width_edges"] for stage in keys["stages"])
    most = 4096
    if widest > most:
        raise InputError(
            f"{path}: a unit of {widest:,} edges a cycle: PEs have {most:,} at most; fold it more"
        )
    values = laid_over(load_architecture(BASE).model_dump(), keys)
    type(load_architecture(BASE)).of(values)


def _values(path: Path) -> dict[str, Any]:
    """Read the file."""
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON: {error}") from None
    if not isinstance(found, dict):
        raise InputError(f"{path}: not a folding of FINN's: expected nodes by name, each with its keys")
    return found
