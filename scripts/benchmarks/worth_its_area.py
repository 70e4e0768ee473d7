"""The study of ``docs/studies/worth-its-area.md``: its runs, and its tables.

``sh scripts/worth-its-area -o DIR --cnv CNV.yaml ...`` tries the space of
``scripts/studies/worth-its-area`` on a training image of each network, runs the best of each way and level on
test images, and prints the tables.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from o3sim.errors import InputError
from o3sim.runs.case import Case, load_case
from scripts.benchmarks.worth_choice import Kept, Runs, best_of, cycles_of, front_of, try_all
from scripts.benchmarks.worth_machines import Point, levels_of, load_space, points_of
from scripts.benchmarks.worth_tables import COLUMNS, Shown, print_tables

SHOWN_IMAGES = 20
CNV, FASHION, VGG = "CNV", "fashion-vgg", "cifar-vgg-bn-pool"
NETWORKS = CNV, FASHION, VGG


@dataclass(frozen=True)
class Given:
    """What the command was given."""

    folder: Path
    cnv: str
    cifar_train: str
    cifar_test: str
    fashion_train: str

    def cases(self) -> dict[str, tuple[Case, Case]]:
        """Load a training image and the test images of each network."""
        files = {
            CNV: (self.cnv, self.cifar_train, self.cifar_test),
            FASHION: (FASHION, self.fashion_train, None),
            VGG: (VGG, self.cifar_train, self.cifar_test),
        }
        return {
            name: (_case(workload, train, 1), _case(workload, test, SHOWN_IMAGES))
            for name, (workload, train, test) in files.items()
        }


def _case(workload: str, images: str | None, count: int) -> Case:
    return load_case(workload, Path(images) if images else None, count)


def try_way(given: Given, way: str) -> None:
    """Try the machines of a way on the training images, and the best of them on the test images."""
    space, cases = load_space(), given.cases()
    points = list(points_of(space, way, [case.network for case, _ in cases.values()]))
    kept = _kept(given, way)
    runs = {name: Runs(kept, case) for name, (case, _) in cases.items()}
    for name in NETWORKS:
        try_all(points, runs[name], runs[CNV] if name == VGG else None)
        print(f"{way}: {name} tried", file=sys.stderr, flush=True)
    for name in NETWORKS:
        shown = Runs(kept, cases[name][1])
        best = [best_of(points, runs[name], level) for level in levels_of(space)]
        shown.run([*dict.fromkeys(point for point in best if point)])
        print(f"{way}: {name} shown", file=sys.stderr, flush=True)


def _kept(given: Given, way: str) -> Kept:
    return Kept(given.folder / f"{way.replace(' ', '-').replace(',', '')}.jsonl")


def tables(given: Given) -> None:
    """Print the tables, and write the fronts, from what was run."""
    space, cases = load_space(), given.cases()
    shown: list[Shown] = []
    with (given.folder / "fronts.csv").open("w", newline="") as opened:
        rows = csv.writer(opened, lineterminator="\n")
        rows.writerow(COLUMNS)
        for way in space["ways"]:
            points = list(points_of(space, way, [case.network for case, _ in cases.values()]))
            kept = _kept(given, way)
            for name, (train, test) in cases.items():
                runs, tests = Runs(kept, train), Runs(kept, test)
                rows.writerows(_front_rows(name, way, points, runs))
                for level in levels_of(space):
                    best = best_of(points, runs, level)
                    cost = best and tests.cost(best)
                    if best and cost:
                        shown.append(
                            Shown(
                                name,
                                way,
                                level,
                                best,
                                cost,
                                cycles_of(runs, best),
                                cycles_of(runs, points[-1]),
                            )
                        )
            tried = sum(any(Runs(kept, case).cost(point) for case, _ in cases.values()) for point in points)
            print(f"{way}: {len(points)} machines, {tried} tried")
    print_tables(shown)


def _front_rows(network: str, way: str, points: Sequence[Point], runs: Runs) -> list[tuple[object, ...]]:
    front = [(point, runs.cost(point)) for point in front_of(points, runs)]
    return [
        (network, way, point.lut, point.bram36, cost.cycles[0], round(cost.chip_nj[0]), point.label)
        for point, cost in front
        if cost
    ]


def main() -> None:
    """Run, and print."""
    parser = argparse.ArgumentParser(prog="sh scripts/worth-its-area", description=__doc__.split("\n")[0])
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="what is kept of runs"
    )
    for name in ("cnv", "cifar-train", "cifar-test", "fashion-train"):
        parser.add_argument(f"--{name}", required=True, metavar="FILE")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="ways to dispatch at a time")
    parser.add_argument("--tables", action="store_true", help="run nothing more, print what there is")
    options = parser.parse_args()
    given = Given(options.output, options.cnv, options.cifar_train, options.cifar_test, options.fashion_train)
    try:
        given.folder.mkdir(parents=True, exist_ok=True)
        if not options.tables:
            given.cases()  # so that a file that is not there is said once
            with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
                pool.map(partial(try_way, given), load_space()["ways"], chunksize=1)
        tables(given)
    except (InputError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
