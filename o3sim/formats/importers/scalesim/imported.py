"""A SCALE-Sim table made into a workload, checked against what a workload can hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from o3sim.config.load import check
from o3sim.config.marks import Document, KeyPath, Mark, Marks
from o3sim.config.workload import Workload
from o3sim.formats.importers.scalesim.table import Row
from o3sim.formats.importers.written import topology_text, write_topology


@dataclass(frozen=True)
class ImportedTopology:
    """The keys of a workload, and a line for everything that the topology does not say itself."""

    keys: dict[str, Any]
    notes: tuple[str, ...]

    def write(self, target: Path) -> Path:
        """Write ``target.yaml``, whole or not at all, and return its path.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        return write_topology(target, topology_text(target, self.keys))


def common_keys(path: Path, name: str, description: str) -> dict[str, Any]:
    """Return what all such workloads have: parameters and images out of seeds."""
    return {
        "name": name,
        "description": f"{description}, synthetic parameters",
        "source": f"shapes from {path.name}; parameters made by seed",
        "parameters": {"synthetic": {"seed": 1, "ones": 0.5}},
        "images": {"synthetic": {"seed": 1, "count": 16}},
    }


def check_sizes(path: Path, rows: Sequence[Row], keys: dict[str, Any]) -> None:
    """Refuse sizes that a workload cannot hold, at the lines of the layers that have them.

    Raises
    ------
    InputError
        With file and line (``ConfigError``).
    """
    lines = [Mark(str(path), int(row.place.rpartition(":")[2]), 1) for row in rows]
    marks: dict[KeyPath, Marks] = {(): Marks(lines[0], lines[0]), ("classes",): Marks(lines[-1], lines[-1])}
    for number in range(len(keys["layers"])):
        line = lines[min(number, len(lines) - 1)]  # a last layer may have been added
        marks["layers", number] = Marks(line, line)
    check(Document(keys, marks, [], [str(path)]), Workload)
