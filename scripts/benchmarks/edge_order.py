"""What orders of edges and members prune on test images, and cost on machines: one table of each."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from o3sim.config.architecture import Architecture
from o3sim.config.controls import control_of
from o3sim.config.load import load_architecture
from o3sim.network.images import Images, load_images
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.network.network import Network
from o3sim.profile.ordering.choose import Ordering
from o3sim.profile.ordering.workload import choose_orders, reordered
from o3sim.profile.survey import survey
from o3sim.runs.simulation import simulate

WIDTHS = (1, 32, 64)


class Order(NamedTuple):
    """How the edges of channels are ordered, if they are, and whether members are."""

    edges: Ordering | None
    members: bool = True


ORDERS = {
    "natural": Order(None, members=False),
    "members": Order(None),
    "words of 32": Order(Ordering(32, 1)),
    "edges": Order(Ordering(1, 1)),
    **{f"edges, {channels} channels share": Order(Ordering(1, channels)) for channels in (2, 4, 8, 16, 64)},
}
ARGMAX = {"pruning.argmax": True}


def variants(network: Network, calibration: Images, names: Sequence[str]) -> Iterator[tuple[str, Network]]:
    """Yield the network in every order."""
    for name in names:
        edges, members = ORDERS[name]
        ordered = edges is not None or members
        orders = list(choose_orders(network, list(calibration.x), edges, members)) if ordered else []
        yield name, reordered(network, orders)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="scripts/edge-order", description=__doc__)
    parser.add_argument("workload")
    parser.add_argument("training", type=Path, help="NPZ with training images: the first are calibrated on")
    parser.add_argument("--calibration", type=int, default=100)
    parser.add_argument("--image-file", type=Path)
    parser.add_argument("--images", type=int, default=100, help="test images to count pruning on")
    parser.add_argument("--run", type=int, default=4, help="test images to run on machines")
    parser.add_argument("--orders", nargs="+", choices=ORDERS, default=list(ORDERS), metavar="ORDER")
    parser.add_argument("--machine", default="o3bnn-64pe", help="to run on, and its control without limits")
    parser.add_argument("--resident-kbit", type=int, help="of the weight buffers, for tables that shall stay")
    parser.add_argument("--argmax", action="store_true", help="drop classes that can no longer win, too")
    arguments = parser.parse_args()
    files = load_workload(arguments.workload)
    network = load_network(files)
    test = workload_images(files, network, arguments.image_file, arguments.images)
    calibration = load_images(arguments.training, network).first(arguments.calibration)
    print(f"{network.name}: edges pruned on {len(test)} test images, threshold alone / with pooling, %")
    print(f"{'order':26}" + "".join(f"{f'check every {width}':>18}" for width in WIDTHS))
    found = []
    for name, ordered in variants(network, calibration, arguments.orders):
        found.append((name, ordered))
        total = survey(ordered, test, WIDTHS).total
        cells = (
            f"{total.percent_pruned(total.threshold[width]):8.1f} /"
            f"{total.percent_pruned(total.both[width]):5.1f}"
            for width in WIDTHS
        )
        print(f"{name:26}" + "".join(f"{cell:>18}" for cell in cells), flush=True)
    images = test.first(arguments.run)
    print(f"\non {len(images)} images: cycles of an image, stalls for operands, energy of an image")
    machine = _sized(arguments.machine, arguments.resident_kbit)
    for each in (machine, control_of(machine, "ideal")):
        _print_runs(each, found, images, argmax=arguments.argmax)


def _sized(machine: str, resident_kbit: int | None) -> Architecture:
    architecture = load_architecture(machine)
    if resident_kbit is None:
        return architecture
    buffer = architecture.weight_buffer
    more_kbit = resident_kbit - buffer.resident_kbit
    return architecture.with_(
        {
            "weight_buffer.resident_kbit": resident_kbit,
            "weight_buffer.size_kbit": buffer.size_kbit + more_kbit,
        }
    )


def _print_runs(
    machine: Architecture, networks: Sequence[tuple[str, Network]], images: Images, *, argmax: bool
) -> None:
    print(f"{machine.name:26}{'cycles':>10}{'operand %':>12}{'nJ':>10}{'DRAM nJ':>10}{'without':>10}")
    for name, network in networks:
        _print_run(name, machine, network, images)
        if argmax:
            _print_run(f"{name}, argmax", machine.with_(ARGMAX), network, images)


def _print_run(name: str, machine: Architecture, network: Network, images: Images) -> None:
    run = simulate(machine, network, images.x)
    each = {unit: pj / 1e3 / run.images for unit, pj in run.energy_pj.items()}
    stalls = 100 * run.pe_cycle_share("operand_stall")
    print(
        f"  {name:24}{run.cycles_per_image:10,.0f}{stalls:12.1f}{each['total']:10,.0f}"
        f"{each['dram']:10,.0f}{each['total'] - each['dram']:10,.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
