"""Which machines of a space are worth their area: tried on training images, shown on test images."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from o3sim.errors import InputError
from o3sim.runs.case import Case
from o3sim.runs.simulation import simulate_case
from scripts.benchmarks.worth_machines import SHIPPED, Level, Point

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.network import Network

MOST_PRUNED = 0.35
"""More than the share of the edges that words of 32 can prune on any of the networks (`o3sim profile`)."""

NEAR = 1.3
"""What a machine may take on the first network, over the best of its way, to be tried on the largest."""

AT_ONCE = 8
"""Machines that share the profile of an image."""


class Cost(NamedTuple):
    """What images took on a machine, one by one."""

    cycles: tuple[int, ...]
    chip_nj: tuple[float, ...]


@dataclass(frozen=True)
class Kept:
    """Runs that are in a file, a line each, so that an interrupted study goes on where it was."""

    file: Path

    def load(self) -> dict[str, Cost]:
        """Read what is there.

        Raises
        ------
        InputError
            If a line is no run.
        """
        if not self.file.exists():
            return {}
        costs: dict[str, Cost] = {}
        for number, line in enumerate(self.file.read_text().splitlines(), 1):
            try:
                row = json.loads(line)
                costs[row["run"]] = Cost(tuple(row["cycles"]), tuple(row["chip_nj"]))
            except (ValueError, KeyError, TypeError):
                damaged = f"{self.file}:{number}: damaged; without this line its machine runs again"
                raise InputError(damaged) from None
        return costs

    def add(self, key: str, cost: Cost) -> None:
        """Write a run."""
        with self.file.open("a") as opened:
            opened.write(json.dumps({"run": key, "cycles": cost.cycles, "chip_nj": cost.chip_nj}) + "\n")


class Runs:
    """Runs machines on a case, each once."""

    def __init__(self, kept: Kept, case: Case) -> None:
        self.kept, self.case = kept, case
        self.done = kept.load()

    def cost(self, point: Point) -> Cost | None:
        """Return what is known of a machine."""
        return self.done.get(self.key(point))

    def run(self, points: Sequence[Point]) -> None:
        """Run those that have not been."""
        new = [point for point in points if self.cost(point) is None]
        if not new:
            return
        for point, result in zip(
            new, simulate_case([point.machine for point in new], self.case), strict=True
        ):
            cost = Cost(
                tuple(image.cycles for image in result.per_image),
                tuple((image.on_chip_pj or 0) / 1000 for image in result.per_image),
            )
            self.done[self.key(point)] = cost
            self.kept.add(self.key(point), cost)

    def key(self, point: Point) -> str:
        """Return what tells a run apart: the network, the images, and the machine."""
        return f"{self.case.network_sha256[:16]} {self.case.images_sha256[:16]} {machine_key(point.machine)}"


def machine_key(machine: Architecture) -> str:
    """Return a hash of a machine's keys, whatever it is called."""
    keys: dict[str, Any] = machine.model_dump(mode="json", exclude={"name", "description", "note", "fits"})
    return hashlib.sha256(json.dumps(keys, sort_keys=True).encode()).hexdigest()[:16]


def try_all(points: Sequence[Point], runs: Runs, near: Runs | None = None) -> None:
    """Run what may be the best of its way at some area, the smallest first.

    Machines that could not beat a smaller one if their PEs never waited are left out, and with
    ``near``, which has run another network, those that are not near the best of their area there.
    """
    ordered = sorted(points, key=lambda point: point.lut)
    candidates = ordered if near is None else list(_near(ordered, near))
    edges = edges_of(runs.case.network)
    best = float("inf")
    for first in range(0, len(candidates), AT_ONCE):
        some = candidates[first : first + AT_ONCE]
        hopeful = [point for point in some if least_cycles(point, edges) <= best or point.label == SHIPPED]
        runs.run(hopeful)
        best = min([best, *(cycles_of(runs, point) for point in hopeful)])


def _near(ordered: Sequence[Point], runs: Runs) -> Iterator[Point]:
    best = float("inf")
    for point in ordered:
        cycles = cycles_of(runs, point)
        best = min(best, cycles)
        if cycles <= NEAR * best or point.label == SHIPPED:
            yield point


def edges_of(network: Network) -> int:
    """Count the edges of all neurons, pruned or not."""
    return sum(
        int(layer.geometry.n_edges_map()[layer.geometry.pooled_mask()].sum()) * layer.geometry.out_channels
        for layer in network.layers
    )


def least_cycles(point: Point, edges: int) -> float:
    """Return what PEs take that never wait, and prune as much as can be."""
    pe, pruning = point.machine.pe, point.machine.pruning
    prunes = pruning.threshold or pruning.pooling
    return (1 - MOST_PRUNED * prunes) * edges / (pe.count * pe.width_edges)


def cycles_of(runs: Runs, point: Point) -> float:
    """Return the cycles of an image, on average; infinity if it was not run."""
    cost = runs.cost(point)
    return sum(cost.cycles) / len(cost.cycles) if cost else float("inf")


def best_of(points: Sequence[Point], runs: Runs, level: Level) -> Point | None:
    """Return the fastest machine that fits a level; of equals the smallest. None if none was run."""
    fitting = [point for point in points if point.lut <= level.lut and point.bram36 <= level.bram36]
    tried = [point for point in fitting if runs.cost(point)]
    return min(tried, key=lambda point: (cycles_of(runs, point), point.lut), default=None)


def front_of(points: Sequence[Point], runs: Runs) -> list[Point]:
    """Return the machines that no smaller one beats, the smallest first."""
    front: list[Point] = []
    best = float("inf")
    for point in sorted(points, key=lambda point: (point.lut, cycles_of(runs, point))):
        if cycles_of(runs, point) < best:
            best = cycles_of(runs, point)
            front.append(point)
    return front
