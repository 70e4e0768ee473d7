"""LUTs against speed for each way to dispatch, each at its own best: ``docs/studies/worth-its-area.md``.

``sh scripts/worth-its-area WORKLOAD...`` sizes machines of every way, keeps those that fit the chip, runs
them on ``--images`` images, and prints for each way the machines that no other of that way beats in both.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from o3sim.area.machine import taken_by
from o3sim.area.parts import Part, part_of
from o3sim.area.pieces import Taken
from o3sim.config.architecture import Architecture
from o3sim.config.load import load_architecture
from o3sim.errors import InputError
from o3sim.runs.case import load_case
from o3sim.runs.simulation import simulate_case

KBIT = {
    "activation_buffer.size_kbit": 512,
    "weight_buffer.size_kbit": 15872,
    "weight_buffer.resident_kbit": 13824,
}
"""Memories of all machines: maps of CIFAR-10 networks, and all weights of the widest stay on the chip."""


class Candidate(NamedTuple):
    """A machine of a way to dispatch, and what it takes."""

    way: str
    sizes: str
    machine: Architecture
    taken: Taken


def candidates(part: Part) -> Iterator[Candidate]:
    """Yield the machines of every way that fit a chip."""
    for way, sizes, base, changes in _sized():
        machine = load_architecture(base).with_({**KBIT, **changes, "name": f"{way}, {sizes}"})
        taken = taken_by(machine)
        if not part.lacks(taken):
            yield Candidate(way, sizes, machine, taken)


def _sized() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for pes, width in product((16, 32, 64, 128), (32, 64)):
        pe = {"pe.count": pes, "pe.width_edges": width}
        label = f"{pes} x {width}"
        group = pes * 3
        yield (
            "dense",
            label,
            "dense",
            {
                **pe,
                "issue_queue.depth_ops": group,
                "sequencer.width_ops": min(16, pes),
                "scheduler.issue_width_ops": group,
                "output_buffer.write_width_ops": group,
                "activation_buffer.banks": 4,
                "weight_buffer.banks": "ideal",
            },
        )
        for share in (1, 2):
            banks = pes * share
            buffers = {"activation_buffer.banks": banks, "weight_buffer.banks": banks}
            at = f"{label}, {banks} banks"
            ports = {"output_buffer.write_width_ops": 4}
            for depth, issue in ((32, 4), (64, 8)):
                queue = {
                    "issue_queue.depth_ops": depth,
                    "scheduler.issue_width_ops": issue,
                    "sequencer.width_ops": issue,
                }
                yield (
                    "central",
                    f"{at}, queue {depth} x {issue}",
                    "o3bnn",
                    {**pe, **buffers, **ports, **queue},
                )
            parts = {"scheduler.banks": pes // 4, "issue_queue.depth_ops": 2 * pes, "sequencer.width_ops": 4}
            yield "banked", f"{at}, {pes // 4} queues", "banked", {**pe, **buffers, **ports, **parts}
            yield "window", f"{at}, {pes // 8} counters", "window", {
                **pe, **buffers, **ports, "scheduler.counters": pes // 8,
            }  # fmt: skip
        narrow = {"activation_buffer.banks": max(1, 64 // width), "output_buffer.write_width_ops": 4}
        for share in (1, 2):
            yield "group", f"{label}, {pes // 8} groups, {pes * share} banks", "group", {
                **pe, **narrow, "weight_buffer.banks": pes * share, "scheduler.groups": pes // 8,
            }  # fmt: skip
        for groups, opened in ((1, 16), (2, 8), (2, 16)):
            yield "carousel", f"{label}, {groups} x {opened} channels", "carousel", {
                **pe, **narrow, "scheduler.groups": groups, "scheduler.open_channels": opened,
                "weight_buffer.banks": groups * opened, "scheduler.windows_per_cycle": 4,
            }  # fmt: skip


class Row(NamedTuple):
    """What came of a machine on a network."""

    workload: str
    way: str
    sizes: str
    lut: int
    bram36: float
    cycles: float
    images_per_s: float
    per_klut: float
    chip_uj: float


def run(workload: str, image_file: Path | None, images: int, machines: list[Candidate]) -> list[Row]:
    """Run the machines on a network; one that cannot run it is left out, and said so."""
    case = load_case(workload, image_file, images)
    rows = []
    for place, each in enumerate(machines):
        try:
            (result,) = simulate_case([each.machine], case)
        except InputError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        if not result.outputs_exact:
            sys.exit(f"error: {each.machine.name}: outputs are not those of functional inference")
        rows.append(
            Row(
                case.network.name,
                each.way,
                each.sizes,
                each.taken.lut,
                each.taken.bram36,
                result.cycles_per_image,
                result.images_per_s,
                1000 * result.images_per_s / each.taken.lut,
                result.on_chip_pj / result.images / 1e6,
            )
        )
        print(f"{workload}: {place + 1} of {len(machines)}", file=sys.stderr, flush=True)
    return rows


def front(rows: list[Row]) -> list[Row]:
    """Return the rows that no other takes fewer LUTs and fewer cycles than, the smallest first."""
    kept: list[Row] = []
    for row in sorted(rows, key=lambda each: (each.lut, each.cycles)):
        if not kept or row.cycles < kept[-1].cycles:
            kept.append(row)
    return kept


def print_front(rows: list[Row]) -> None:
    """Print for each way the machines that no other of that way beats, and which of all no other does."""
    overall = front(rows)
    print("| way | sizes | LUT | BRAM36 | cycles | images/s | images/s a kLUT | chip uJ | best of all |")
    print(f"|{' --- |' * 9}")
    for way in dict.fromkeys(row.way for row in rows):
        for row in front([each for each in rows if each.way == way]):
            print(
                f"| {row.way} | {row.sizes} | {row.lut:,} | {row.bram36:g} | {row.cycles:,.0f}"
                f" | {row.images_per_s:,.0f} | {row.per_klut:.1f} | {row.chip_uj:.4g}"
                f" | {'yes' if row in overall else ''} |"
            )


def main() -> None:
    """Run networks through all machines, print the tables, and write one of all."""
    parser = argparse.ArgumentParser(prog="scripts/worth-its-area", description=__doc__)
    parser.add_argument("workload", nargs="*", default=["fashion-vgg"])
    parser.add_argument("--image-file", type=Path)
    parser.add_argument("--images", type=int, default=1)
    parser.add_argument("--part", default="zc706")
    parser.add_argument("--csv", type=Path, metavar="FILE")
    given = parser.parse_args()
    if given.images < 1:
        parser.error("--images: expected at least 1")
    rows: list[Row] = []
    try:
        machines = list(candidates(part_of(given.part, "--part")))
        for workload in given.workload:
            found = run(workload, given.image_file, given.images, machines)
            print(f"\n## {workload}, {given.images} images, {len(found)} machines that fit {given.part}\n")
            print_front(found)
            rows += found
    except InputError as error:
        parser.exit(2, f"error: {error}\n")
    if given.csv is not None:
        with given.csv.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(Row._fields)
            writer.writerows(
                [f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row] for row in rows
            )


if __name__ == "__main__":
    main()
