"""How long images take a machine whose time depends on them, and what that gives away, as a Markdown table.

``sh scripts/latency-of-data [WORKLOAD] [--image-file FILE.npz] [--images N] [--tries N] [--jobs N]
[--keep FILE]`` runs the queue, the windows, the groups and the carousel on the same images, and each once
more of constant time (``release: worst_case``), the queue with nothing pruned too. What FILE holds of an
interrupted run is not run again.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from o3sim.config.load import load_architecture
from o3sim.errors import InputError
from o3sim.network.images import Images
from o3sim.runs.case import Case, load_case
from o3sim.runs.estimate.bounds import cycle_bounds
from o3sim.runs.point import count_image
from o3sim.runs.runner import runner_of
from scripts.benchmarks.latencies import Kept, Latencies, latencies

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture

MACHINES = "o3bnn-64pe", "window-64pe", "group-64pe", "carousel-64pe"
BINS = 8
"""Of latencies, with as many images in each: an observer that tells eighths apart."""
PERMUTATIONS = 2000
NOTHING_PRUNED = {"pruning.threshold": False, "pruning.pooling": False}
CONSTANT_TIME = {**NOTHING_PRUNED, "output_buffer.release": "worst_case"}
CONSTANT_IMAGES = 1000
"""Run on machines of constant time, of which one image would do: all take the same (docs/machine.md, 150)."""


def mutual_information(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Return what one of two series tells of the other, in bits, from their joint frequencies.

    >>> series = np.array([0, 1, 0, 1])
    >>> float(mutual_information(series, series)), float(mutual_information(series, np.array([0, 0, 1, 1])))
    (1.0, 0.0)
    """
    _, rows = np.unique(first, return_inverse=True)
    _, columns = np.unique(second, return_inverse=True)
    joint = np.zeros((rows.max() + 1, columns.max() + 1), np.int64)  # counts: what is 0 comes out as 0
    np.add.at(joint, (rows, columns), 1)
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    there = joint > 0
    share = joint[there] / len(rows)
    return float((share * np.log2(joint[there] * len(rows) / apart[there])).sum())


def binned(cycles: NDArray[np.int64], bins: int = BINS) -> NDArray[np.int64]:
    """Sort latencies into bins with as many images in each; equal latencies share one."""
    edges = np.quantile(cycles, np.arange(1, bins) / bins)
    return np.searchsorted(edges, cycles, side="left")


@dataclass(frozen=True)
class Leak:
    """What latencies tell of classes.

    Attributes
    ----------
    bits : float
        Of mutual information, less what shuffled classes have on average: frequencies of few images
        always look as if they told something.
    p : float
        Share of shuffled series that tell as much.
    """

    bits: float
    p: float


def leak(found: Latencies, seed: int = 0, permutations: int = PERMUTATIONS) -> Leak:
    """Measure what latencies tell of classes, with a permutation test."""
    cycles, chance = binned(found.cycles), np.random.default_rng(seed)
    told = mutual_information(cycles, found.classes)
    shuffled = [mutual_information(cycles, chance.permutation(found.classes)) for _ in range(permutations)]
    p = (1 + sum(each >= told for each in shuffled)) / (1 + permutations)
    return Leak(told - float(np.mean(shuffled)), p)


def slowest_by_search(
    machine: Architecture, case: Case, start: NDArray[np.uint8], tries: int, seed: int = 0
) -> int:
    """Look for a slower image: replace parts by those of others or by noise, and keep what is slower."""
    chance, pixels = np.random.default_rng(seed), case.images.x
    runner, best, most = runner_of(machine, case.network), start.copy(), 0
    for _ in range(tries + 1):
        tried = best.copy() if most else start.copy()
        if most:
            _replace_part(tried, pixels, chance)
        one = Case(case.network, Images(tried[None], None))
        took = count_image(runner, one.image(tried), case.network.layers).result.cycles
        if took > most:
            best, most = tried, took
    return most


def _replace_part(image: NDArray[np.uint8], pixels: NDArray[np.uint8], chance: np.random.Generator) -> None:
    height, width = image.shape[:2]
    y, x = chance.integers(height), chance.integers(width)
    part = slice(y, y + chance.integers(1, height)), slice(x, x + chance.integers(1, width))
    other = pixels[chance.integers(len(pixels))]
    noise = chance.integers(0, 256, image.shape, np.uint8)
    image[part] = (other if chance.random() < 0.5 else noise)[part]


@dataclass(frozen=True)
class Asked:
    """What a table is made with.

    Attributes
    ----------
    case : Case
    tries : int
        Of the search.
    jobs : int
        Processes; the table does not depend on it.
    kept : Kept or None
    """

    case: Case
    tries: int
    jobs: int = 1
    kept: Kept | None = None


def report(asked: Asked, say: Callable[[str], None]) -> Iterator[str]:
    """Yield the lines of the table: each machine as shipped and of constant time, and queues unpruned."""
    case = asked.case
    images, tries = f"{len(case):,} images of {case.network.name}", f"{asked.tries:,} tries of the search"
    yield f"{images}; {tries}; cycles of an image."
    yield ""
    yield "| machine | least | p50 | p99 | worst | by search | held to that | bound | bits of the class | p |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for name in MACHINES:
        shipped = load_architecture(name)
        for called, changes in _variants(shipped).items():
            machine = shipped.with_(changes)
            begun, run = time.monotonic(), case
            if changes is CONSTANT_TIME and len(case) > CONSTANT_IMAGES:
                run = replace(case, images=case.images.first(CONSTANT_IMAGES))
            found = latencies(machine, run, asked.jobs, asked.kept)
            say(f"{name}, {called}: {len(run):,} images in {time.monotonic() - begun:,.0f} s")
            yield _row(called, machine, asked, found)


def _variants(shipped: Architecture) -> dict[str, dict[str, Any]]:
    """Return what is changed of a machine, by what a row is called."""
    variants: dict[str, dict[str, Any]] = {f"`{shipped.name}`": {}, "`release: worst_case`": CONSTANT_TIME}
    if shipped.scheduler.has_queue:  # others take constant time already where nothing is pruned
        variants["nothing pruned"] = NOTHING_PRUNED
    return variants


def _row(called: str, machine: Architecture, asked: Asked, found: Latencies) -> str:
    case = asked.case
    p50, p99 = np.quantile(found.cycles, (0.5, 0.99))
    searched = slowest_by_search(machine, case, case.images.x[int(found.cycles.argmax())], asked.tries)
    numbers = found.cycles.min(), p50, p99, found.cycles.max(), searched
    held = f"{searched / found.cycles.mean():.2f} x"
    told = leak(found)
    most = cycle_bounds(machine, case.network.layers).most
    bits = round(told.bits, 2) + 0.0  # less than nothing, by chance or rounding, has no minus
    cells = *(f"{number:,.0f}" for number in numbers), held, f"{most:,}", f"{bits:.2f}", f"{told.p:.4f}"
    return f"| {called} | {' | '.join(cells)} |"


def main() -> int:
    """Print the table; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workload", nargs="?", default="fashion-vgg")
    parser.add_argument("--image-file", type=Path)
    parser.add_argument("--images", type=int)
    parser.add_argument("--tries", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument(
        "--keep", type=Path, help="file of what was run, with which an interrupted run goes on"
    )
    given = parser.parse_args()
    machines = [load_architecture(name) for name in MACHINES]
    try:
        case = load_case(given.workload, given.image_file, given.images, machines)
        with nullcontext() if given.keep is None else Kept(given.keep) as kept:
            asked = Asked(case, given.tries, given.jobs, kept)
            for line in report(asked, lambda told: print(told, file=sys.stderr, flush=True)):
                print(line, flush=True)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
