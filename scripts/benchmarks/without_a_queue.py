"""All ways to dispatch on the same PEs, and dense: the tables of ``docs/studies/without-a-queue.md``.

``sh scripts/without-a-queue WORKLOAD [--image-file FILE.npz]`` runs them as shipped on ``--images`` images,
and with other latencies, contexts, widths, banks and memories on ``--varied`` of them.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from o3sim.config.architecture import Architecture
from o3sim.errors import InputError
from o3sim.network.network import Network
from o3sim.results.result import LayerResult, RunResult
from o3sim.runs.case import Case, load_case
from o3sim.runs.simulation import simulate_case
from scripts.benchmarks.ways_to_dispatch import BALANCED, SHIPPED, Setting, machine_of, settings


@dataclass(frozen=True)
class Figures:
    """What is compared, of the binary layers behind the first and before the scores, on one image."""

    cycles: int
    image_cycles: int
    useful_percent: float
    activation_reads: float
    weight_reads: float
    patch_reads: float
    chip_uj: float
    pe_uj: float
    activations_uj: float
    weights_uj: float
    control_uj: float
    leakage_uj: float


CONTROL = ("threshold_table", "issue_queue", "scheduler", "sequencer", "scoreboard", "output_buffer")


def figures_of(result: RunResult) -> Figures:
    """Add up the layers; reads are those a word that went into a PE."""
    layers = result.layers[1:-1]
    words = sum(layer.events.words_executed for layer in layers)
    return Figures(
        cycles=sum(layer.cycles for layer in layers),
        image_cycles=result.cycles,
        useful_percent=100
        * sum(layer.pe_cycles.useful for layer in layers)
        / sum(layer.pe_cycles_total for layer in layers),
        activation_reads=sum(layer.events.activation_reads for layer in layers) / words,
        weight_reads=sum(layer.events.weight_reads for layer in layers) / words,
        patch_reads=sum(layer.events.patch_reads for layer in layers) / words,
        chip_uj=sum(layer.on_chip_pj for layer in layers) / 1e6,
        pe_uj=_uj(layers, "pe", "threshold_compare"),
        activations_uj=_uj(layers, "activation_buffer", "patch_memory", "line_buffer"),
        weights_uj=_uj(layers, "weight_buffer"),
        control_uj=_uj(layers, *CONTROL),
        leakage_uj=_uj(layers, "leakage"),
    )


def _uj(layers: Sequence[LayerResult], *units: str) -> float:
    return sum(layer.energy_pj[unit] for layer in layers for unit in units) / 1e6


class Row(NamedTuple):
    """A way in a setting, on some images."""

    table: str
    setting: str
    way: str
    images: list[Figures]

    def mean(self, figure: str) -> float:
        """Return a figure's mean over the images."""
        return fmean(getattr(image, figure) for image in self.images)

    def ratios(self, dense: Row, figure: str) -> list[float]:
        """Return dense's figure over this one's, image by image."""
        pairs = zip(dense.images, self.images, strict=False)
        return [getattr(theirs, figure) / getattr(ours, figure) for theirs, ours in pairs]

    def over(self, dense: Row, figure: str) -> float:
        """Return dense's figure over this one's, of all images that both ran."""
        pairs = list(zip(dense.images, self.images, strict=False))
        theirs = sum(float(getattr(image, figure)) for image, _ in pairs)
        return theirs / sum(float(getattr(image, figure)) for _, image in pairs)


def run(case: Case, points: Sequence[tuple[str, str, str, Architecture]], images: int) -> list[Row]:
    """Run machines on the first images, one image after another."""
    rows = [Row(table, setting, way, []) for table, setting, way, _ in points]
    for place in range(min(images, len(case))):
        results = simulate_case([machine for *_, machine in points], case.one(place))
        for row, result in zip(rows, results, strict=True):
            if not result.outputs_exact:
                sys.exit(f"error: {row.way}, {row.setting}: outputs are not those of functional inference")
            row.images.append(figures_of(result))
        print(f"image {place}: {len(points)} machines", file=sys.stderr, flush=True)
    return rows


def points_of(network: Network, chosen: Sequence[Setting]) -> list[tuple[str, str, str, Architecture]]:
    """Make the machines of settings that can run a network."""
    measured = all(layer.geometry.channel_work for layer in network.layers)
    return [
        (setting.table, setting.label, way, machine_of(way, setting.sizes, setting.changes))
        for setting in chosen
        for way in setting.ways
        if measured or way != BALANCED
    ]


def print_shipped(name: str, rows: Sequence[Row]) -> None:
    """Print two tables: what each way takes, and what its energy goes to."""
    dense = rows[0]
    print(f"## {name}, {len(dense.images)} images\n")
    _print_row(
        "way to dispatch",
        *("cycles", "speed-up", "least", "most", "useful %", "of the whole image"),
        *("activation reads", "weight reads", "own memory", "chip uJ", "energy gain", "least", "most"),
    )
    _print_row(*["---"] * 14)
    for row in rows:
        faster, saved = row.ratios(dense, "cycles"), row.ratios(dense, "chip_uj")
        _print_row(
            row.way,
            f"{row.mean('cycles'):,.0f}",
            f"{row.over(dense, 'cycles'):.3f}",
            f"{min(faster):.2f}",
            f"{max(faster):.2f}",
            f"{row.mean('useful_percent'):.1f}",
            f"{row.over(dense, 'image_cycles'):.3f}",
            f"{row.mean('activation_reads'):.3f}",
            f"{row.mean('weight_reads'):.2f}",
            f"{row.mean('patch_reads'):.2f}",
            f"{row.mean('chip_uj'):.4g}",
            f"{row.over(dense, 'chip_uj'):.2f}",
            f"{min(saved):.2f}",
            f"{max(saved):.2f}",
        )
    print()
    parts = ("pe", "activations", "weights", "control", "leakage")
    _print_row("uJ of an image", *parts)
    _print_row(*["---"] * (len(parts) + 1))
    for row in rows:
        _print_row(row.way, *(f"{row.mean(f'{part}_uj'):.3g}" for part in parts))


def print_varied(rows: Sequence[Row], shipped: Sequence[Row]) -> None:
    """Print a table for each thing varied: dense as shipped over each, in cycles and in chip energy."""
    dense, by_way = shipped[0], {row.way: row for row in shipped}
    for table in dict.fromkeys(row.table for row in rows):
        inside = [row for row in rows if row.table == table]
        labels = list(dict.fromkeys(row.setting for row in inside))
        found = {(row.way, row.setting): row for row in inside}
        print()
        _print_row(table, "as shipped", *labels)
        _print_row(*["---"] * (len(labels) + 2))
        for way in dict.fromkeys(row.way for row in inside):
            cells = [found.get((way, label)) for label in labels]
            count = len(inside[0].images)
            base = by_way[way]._replace(images=by_way[way].images[:count])
            _print_row(way, *(_cell(row, dense) for row in (base, *cells)))


def _cell(row: Row | None, dense: Row) -> str:
    return "" if row is None else f"{row.over(dense, 'cycles'):.2f} / {row.over(dense, 'chip_uj'):.2f}"


def _print_row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def write_csv(file: Path, network: str, rows: Sequence[Row]) -> None:
    """Add every figure of every row to a table."""
    names = list(Figures.__dataclass_fields__)
    new = not file.exists()
    with file.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        if new:
            writer.writerow(["network", "table", "setting", "way", "images", *names])
        for row in rows:
            means = (f"{row.mean(name):.6g}" for name in names)
            writer.writerow([network, row.table, row.setting, row.way, len(row.images), *means])


def main() -> None:
    """Run a network through all of them, and print the tables as Markdown."""
    parser = argparse.ArgumentParser(prog="scripts/without-a-queue", description=__doc__)
    parser.add_argument("workload", nargs="?", default="fashion-vgg")
    parser.add_argument("--image-file", type=Path)
    parser.add_argument("--images", type=int, default=20, help="images of the machines as shipped")
    parser.add_argument("--varied", type=int, default=2, help="images of the others, of these the first")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="add the means of all figures to this table")
    given = parser.parse_args()
    if given.images < 1 or not 0 <= given.varied <= given.images:
        parser.error("--images: expected at least 1; --varied: expected 0 to --images")
    if given.csv is not None and (given.csv.is_dir() or not given.csv.parent.is_dir()):
        parser.error(f"--csv {given.csv}: expected a file in a folder that is there")
    try:
        compare(given.workload, given.image_file, given.images, given.varied, given.csv)
    except InputError as error:
        parser.exit(2, f"error: {error}\n")


def compare(workload: str, image_file: Path | None, images: int, varied: int, csv_file: Path | None) -> None:
    """Run and print everything, and write the table if there is to be one.

    Raises
    ------
    InputError
        If there is no such workload, it has no images, or one of the machines cannot run it.
    """
    case = load_case(workload, image_file, images)
    if len(case.network.layers) < LEAST_LAYERS:
        raise InputError(f"{workload}: no layer between the first one and the scores to compare")
    shipped = run(case, points_of(case.network, [SHIPPED]), images)
    print_shipped(case.network.name, shipped)
    others = run(case, points_of(case.network, list(settings())), varied) if varied else []
    print_varied(others, shipped)
    if csv_file is not None:
        write_csv(csv_file, case.network.name, [*shipped, *others])


LEAST_LAYERS = 3

if __name__ == "__main__":
    main()
