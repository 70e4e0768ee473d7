"""All ways to dispatch on the same PEs, and dense: the tables of ``docs/studies/without-a-queue.md``.

``sh scripts/without-a-queue WORKLOAD [--image-file FILE.npz]`` runs them as shipped on ``--images`` images,
and with other latencies, contexts, widths, banks and memories on ``--varied`` of them.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from o3sim.config.architecture import Architecture
from o3sim.config.flat import flattened
from o3sim.config.load import load_architecture
from o3sim.errors import InputError
from o3sim.network.network import Network
from o3sim.results.result import LayerResult, RunResult
from o3sim.runs.case import Case, load_case
from o3sim.runs.simulation import simulate_case


@dataclass(frozen=True)
class Way:
    """A way to dispatch.

    Attributes
    ----------
    machine : str
        Shipped machine of that way.
    changes : mapping of str to value
        By dotted key, what differs from it.
    """

    machine: str
    changes: dict[str, Any] = field(default_factory=dict)


BALANCED = "group + patch, balanced"
"""Runs on workloads that `o3sim balance` wrote, and is left out on others."""

CAROUSEL = "carousel"

PATCH = {"activation_buffer.banks": 2, "activation_buffer.patch_kbit": 16}

WAYS: dict[str, Way] = {
    "dense": Way("dense"),
    "central, out of order": Way("o3bnn"),
    "central, in order": Way("in-order-interleaved"),
    "window": Way("window"),
    "window + patch": Way("window", PATCH),
    "group + patch": Way("group"),
    BALANCED: Way("group", {"scheduler.assignment": "channel_balanced"}),
    CAROUSEL: Way("carousel"),
}
"""By what tables call them; the first is what the others are compared with."""

DENSE = next(iter(WAYS))
BANKED = (DENSE, "central, out of order", "central, in order", "window")
"""Machines that read activations from the banks of the buffer."""
PATCHED = ("window + patch", "group + patch", BALANCED)
"""Machines that read them from memories of their PEs, as windows ask for them."""


class Sizes(NamedTuple):
    """What all ways are sized by; as shipped where nothing is said."""

    pes: int = 64
    width: int = 32
    latency: int = 3
    contexts: int = 3


SHIPPED_SIZES = Sizes()


@dataclass(frozen=True)
class Setting:
    """Some ways, with other sizes or other values of some keys."""

    table: str
    label: str
    ways: tuple[str, ...]
    sizes: Sizes = SHIPPED_SIZES
    changes: dict[str, Any] = field(default_factory=dict)


def settings() -> Iterator[Setting]:
    """Yield what is varied, one thing at a time."""
    every = tuple(WAYS)
    for latency, contexts in ((2, 2), (4, 4), (3, 2), (3, 4), (4, 3)):
        sizes = Sizes(latency=latency, contexts=contexts)
        yield Setting("latency and contexts", f"L {latency}, C {contexts}", every, sizes)
    for pes, width in ((128, 16), (32, 64)):
        yield Setting("PEs x width", f"{pes} x {width}", every, Sizes(pes, width))
    for banks in (64, 256):
        weights = {"weight_buffer.banks": banks}
        yield Setting("banks", f"{banks}", BANKED, changes={"activation_buffer.banks": banks, **weights})
        yield Setting("banks", f"{banks}", PATCHED, changes=weights)
    for banks in (1, 4, 16):
        broadcast = {"activation_buffer.banks": banks}
        yield Setting("broadcast", f"{32 * banks} bits", PATCHED, changes=broadcast)
        lanes = {"activation_buffer.broadcast_words": banks}
        yield Setting("broadcast", f"{32 * banks} bits", (CAROUSEL,), changes=lanes)
    for banks in (2, 8, 31, 128):
        written = {"activation_buffer.banks": banks}
        yield Setting("banks that outputs are written to", f"{banks}", (CAROUSEL,), changes=written)
    for label, kbit in (("half", 8), ("twice", 32)):
        yield Setting("own memory", label, PATCHED, changes={"activation_buffer.patch_kbit": kbit})
        halves = {"activation_buffer.patch_kbit": 2 * kbit}
        yield Setting("own memory", label, (CAROUSEL,), changes=halves)
    for counters in (1, 4, 64):
        counted = {"scheduler.counters": counters}
        yield Setting("counters", f"{counters}", ("window", "window + patch"), changes=counted)
    for groups in (4, 16):
        bound = {"scheduler.groups": groups}
        yield Setting("groups", f"{groups}", ("group + patch", BALANCED), changes=bound)
    for groups, channels in ((2, 8), (2, 16), (1, 24), (4, 16)):
        streams = {"scheduler.groups": groups, "scheduler.open_channels": channels}
        yield Setting("groups x open channels", f"{groups} x {channels}", (CAROUSEL,), changes=streams)


def machine_of(
    name: str, sizes: Sizes = SHIPPED_SIZES, changes: dict[str, Any] | None = None
) -> Architecture:
    """Size a way: all that feeds the PEs grows with them, and the queue with the latency."""
    way = WAYS[name]
    base = load_architecture(way.machine)
    shipped = flattened(base.model_dump(mode="json"))
    sized = {key: value for key, value in _sized(name, sizes, shipped).items() if key in shipped}
    return base.with_({**sized, **way.changes, **_broadcast(way, sizes, base), **(changes or {})})


def _sized(name: str, sizes: Sizes, shipped: Mapping[str, Any]) -> dict[str, Any]:
    ops = sizes.pes * sizes.contexts if name == DENSE else sizes.pes // 2
    queue = max(2**sizes.latency * sizes.pes, sizes.pes * sizes.contexts)
    return {
        "pe.count": sizes.pes,
        "pe.width_edges": sizes.width,
        "pe.latency_cycles": sizes.latency,
        "pe.contexts": sizes.contexts,
        # With fewer contexts than cycles of latency taking turns wastes less.
        "pe.pick": "oldest" if sizes.contexts >= sizes.latency else "barrel",
        "sequencer.width_ops": ops,
        "sequencer.group_windows": queue,
        "issue_queue.depth_ops": queue,
        "scheduler.issue_width_ops": ops,
        "output_buffer.write_width_ops": ops,
        "activation_buffer.banks": 2 * sizes.pes,
        **{key: shipped.get(key, 0) * sizes.pes // SHIPPED_SIZES.pes for key in PES_SHARE},
    }


PES_SHARE = ("scheduler.counters", "scheduler.groups", "weight_buffer.banks")
"""What there is of a kind for so many PEs each."""


def _broadcast(way: Way, sizes: Sizes, base: Architecture) -> dict[str, Any]:
    """Return as many banks as broadcast 64 bits a cycle, of a machine that does."""
    lanes = max(1, 64 // sizes.width)
    if base.activation_buffer.broadcast_words is not None:
        banks = {"activation_buffer.banks": base.activation_buffer.banks}
        return {**banks, "activation_buffer.broadcast_words": lanes}
    has_patch = base.activation_buffer.patch_kbit or "activation_buffer.patch_kbit" in way.changes
    return {"activation_buffer.banks": lanes} if has_patch else {}


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
        return sum(getattr(theirs, figure) for theirs, _ in pairs) / sum(
            getattr(ours, figure) for _, ours in pairs
        )


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


SHIPPED = Setting("as shipped", "64 x 32, L 3, C 3", tuple(WAYS))


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
