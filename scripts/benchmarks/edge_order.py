"""What orders of edges and members prune on test images, in all and by layer, and cost on machines."""

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
from o3sim.profile.survey import Survey, survey
from o3sim.runs.simulation import simulate

WIDTHS = (1, 32, 64)
WIDTH = 32
"""Of those, what the pruning of single layers is shown at."""


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


def variants(
    network: Network, calibration: Images, names: Sequence[str], layers: Sequence[str] | None
) -> Iterator[tuple[str, Network]]:
    """Yield the network in every order; of the edges of these layers alone, if any are named."""
    for name in names:
        edges, members = ORDERS[name]
        ordered = edges is not None or members
        orders = choose_orders(network, list(calibration.x), edges, members, layers) if ordered else ()
        yield name, reordered(network, list(orders))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="scripts/edge-order", description=__doc__)
    parser.add_argument("workload")
    parser.add_argument("training", type=Path, help="NPZ with training images: the first are calibrated on")
    parser.add_argument("--calibration", type=int, default=100)
    parser.add_argument("--image-file", type=Path)
    parser.add_argument("--images", type=int, default=100, help="test images to count pruning on")
    parser.add_argument("--run", type=int, default=4, help="test images to run on machines, if any")
    parser.add_argument("--orders", nargs="+", choices=ORDERS, default=list(ORDERS), metavar="ORDER")
    parser.add_argument("--layers", nargs="+", metavar="LAYER", help="whose edges are ordered (all)")
    parser.add_argument("--by-layer", action="store_true", help="print tables and pruning of each layer too")
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
    found, surveys = [], []
    for name, ordered in variants(network, calibration, arguments.orders, arguments.layers):
        found.append((name, ordered))
        surveys.append(survey(ordered, test, WIDTHS))
        total = surveys[-1].total
        cells = (
            f"{total.percent_pruned(total.threshold[width]):8.1f} /"
            f"{total.percent_pruned(total.both[width]):5.1f}"
            for width in WIDTHS
        )
        print(f"{name:26}" + "".join(f"{cell:>18}" for cell in cells), flush=True)
    if arguments.by_layer:
        _print_layers(found, surveys)
    if not arguments.run:
        return
    images = test.first(arguments.run)
    print(f"\non {len(images)} images: cycles of an image, stalls for operands, energy of an image")
    machine = _sized(arguments.machine, arguments.resident_kbit)
    for each in (machine, control_of(machine, "ideal")):
        _print_runs(each, found, images, argmax=arguments.argmax)


def _print_layers(found: Sequence[tuple[str, Network]], surveys: Sequence[Survey]) -> None:
    """Print, for every order, its tables and what it prunes in each layer that counts."""
    print(f"\nby layer, checked every {WIDTH} edges")
    print(
        f"{'order':26}{'layer':10}{'M edges':>9}{'tables, Mbit':>14}{'threshold alone / with pooling, %':>35}"
    )
    for (name, network), survey_of_it in zip(found, surveys, strict=True):
        for layer, rates in zip(network.layers, survey_of_it.layers, strict=True):
            if rates.in_total:
                order = layer.geometry.edge_order
                bits = 0 if order is None else len(order.granules) * order.table_bits
                pruned = (rates.percent_pruned(each[WIDTH]) for each in (rates.threshold, rates.both))
                cell = " / ".join(f"{percent:.1f}" for percent in pruned)
                edges = rates.edges / len(survey_of_it.classes) / 1e6
                print(f"{name:26}{layer.name:10}{edges:9.1f}{bits / 2**20:14.2f}{cell:>30}")


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
