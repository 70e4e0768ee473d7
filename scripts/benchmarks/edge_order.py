"""What edge orders prune on test images, and what they cost on machines: one table of each."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

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
ORDERS: dict[str, Ordering | None] = {
    "natural": None,
    "words of 32": Ordering(32, 1),
    "edges": Ordering(1, 1),
    **{f"edges, {channels} channels share": Ordering(1, channels) for channels in (2, 4, 8, 16, 64)},
}
MACHINE = load_architecture("o3bnn-64pe")
MACHINES = (MACHINE, control_of(MACHINE, "ideal"))


def variants(network: Network, calibration: Images) -> Iterator[tuple[str, Network]]:
    """Yield the network in every order."""
    for name, how in ORDERS.items():
        members = how is not None
        orders = list(choose_orders(network, list(calibration.x), how, members)) if members else []
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
    arguments = parser.parse_args()
    files = load_workload(arguments.workload)
    network = load_network(files)
    test = workload_images(files, network, arguments.image_file, arguments.images)
    calibration = load_images(arguments.training, network).first(arguments.calibration)
    print(f"{network.name}: edges pruned on {len(test)} test images, threshold alone / with pooling, %")
    print(f"{'order':26}" + "".join(f"{f'check every {width}':>18}" for width in WIDTHS))
    found = []
    for name, ordered in variants(network, calibration):
        found.append((name, ordered))
        total = survey(ordered, test, WIDTHS).total
        cells = (
            f"{total.percent_pruned(total.threshold[width]):8.1f} /"
            f"{total.percent_pruned(total.both[width]):5.1f}"
            for width in WIDTHS
        )
        print(f"{name:26}" + "".join(f"{cell:>18}" for cell in cells), flush=True)
    print(f"\non {arguments.run} images: cycles of an image, stalls for operands, energy of an image")
    for machine in MACHINES:
        print(f"{machine.name:26}{'cycles':>10}{'operand %':>12}{'nJ':>10}{'DRAM nJ':>10}{'without':>10}")
        for name, ordered in found:
            run = simulate(machine, ordered, test.x[: arguments.run])
            each = {unit: pj / 1e3 / run.images for unit, pj in run.energy_pj.items()}
            stalls = 100 * run.pe_cycle_share("operand_stall")
            print(
                f"  {name:24}{run.cycles_per_image:10,.0f}{stalls:12.1f}{each['total']:10,.0f}"
                f"{each['dram']:10,.0f}{each['total'] - each['dram']:10,.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
