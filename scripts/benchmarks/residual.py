"""What a residual network leaves to prune and what its skip path costs, beside its plain twin, as Markdown.

``sh scripts/residual [--images N]`` runs the shipped networks on shipped machines, and the residual one with
its sums in 16 bits too: each constant rounded by as many bits of fraction as that takes.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from o3sim.config.architecture import Architecture
from o3sim.config.load import load_architecture
from o3sim.errors import InputError
from o3sim.network.images import Images
from o3sim.network.infer import accuracy
from o3sim.network.layer import Layer, SumRule
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.network.network import Network
from o3sim.network.sums import check_ranges
from o3sim.profile.survey import survey
from o3sim.results.result import RunResult
from o3sim.runs.simulation import simulate

NETWORKS = ("fashion-plain", "fashion-residual-pairs", "fashion-residual")
WIDTH_EDGES = 32


def machines() -> dict[str, Architecture]:
    """Return the machines that are compared: of one array, by what it may choose."""
    o3bnn = load_architecture("o3bnn-64pe")
    few = {"activation_buffer.banks": 32, "weight_buffer.banks": 32}
    return {
        "out of order": o3bnn,
        "in order": o3bnn.with_({"scheduler.policy": "in_order"}),
        "lockstep": load_architecture("dense-64pe"),
        "out of order, 32 banks": o3bnn.with_(few),
        "in order, 32 banks": o3bnn.with_({**few, "scheduler.policy": "in_order"}),
    }


def in_16_bits(network: Network) -> Network:
    """Return the network with its sums in 16 bits, and as fine constants as these have room for."""
    for dropped in range(17):
        layers = tuple(_coarser(layer, dropped) for layer in network.layers)
        try:
            check_ranges(layers)
        except InputError:
            continue
        return replace(network, name=f"{network.name}, 16 bits", layers=layers)
    raise InputError(f"{network.name}: does not fit 16 bits")


def _coarser(layer: Layer, dropped: int) -> Layer:
    """Round bits of fraction away from a layer's constants; its sums, and what it adds, have 16 bits."""
    if layer.sums is None:
        return layer
    one = 2**dropped
    scale = np.maximum(1, np.round(layer.sums.scale / one)).astype(np.int64)
    shift = np.round(layer.sums.shift / one).astype(np.int64)
    g = layer.geometry
    adds = g.addend if g.addend is None else replace(g.addend, bits=min(16, g.addend.bits))
    shape = replace(g, sum_bits=min(16, g.sum_bits), addend=adds)
    return replace(layer, geometry=shape, sums=SumRule(scale, shift, layer.sums.add_scale))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=256)
    count = parser.parse_args().images
    networks, images = [], None
    for name in NETWORKS:
        files = load_workload(name)
        networks.append(load_network(files))
        images = workload_images(files, networks[-1], count=count)
    assert images is not None  # noqa: S101 - there are networks
    networks.append(in_16_bits(networks[-1]))
    print_pruning(networks, images)
    print_costs(networks, images.first(min(4, count)))


def print_pruning(networks: Sequence[Network], images: Images) -> None:
    """Print accuracy, and what threshold pruning leaves out of each layer."""
    labels = [] if images.y is None else images.y.tolist()
    rows: dict[str, Sequence[object]] = {
        f"right, of {len(images)}": [round(accuracy(net, images.x, labels) * len(images)) for net in networks]
    }
    few = images.first(min(64, len(images)))
    found = [survey(net, few, (WIDTH_EDGES,)) for net in networks]
    for number, layer in enumerate(found[0].layers):
        if layer.in_total:
            cells = [each.layers[number] for each in found]
            rows[f"{layer.name}, pruned % (p1)"] = [
                f"{cell.percent_pruned(cell.threshold[WIDTH_EDGES]):.1f} ({cell.p1:.2f})" for cell in cells
            ]
    totals = [each.total for each in found]
    rows["all binary layers, pruned %"] = [
        f"{cell.percent_pruned(cell.threshold[WIDTH_EDGES]):.1f}" for cell in totals
    ]
    _print("", [net.name for net in networks], rows)


def print_costs(networks: Sequence[Network], images: Images) -> None:
    """Print cycles and energy on each machine, and what of them the skip path takes."""
    for name, machine in machines().items():
        results = [simulate(machine, net, images.x) for net in networks]
        rows = {
            "cycles an image": [f"{found.cycles_per_image:,.0f}" for found in results],
            "words that waited for an operand, %": [_stalled(found) for found in results],
            "activation words read an image": [_events(found, "activation_reads") for found in results],
            "of them for what is added": [_events(found, "addend_words") for found in results],
            "nJ an image": [f"{found.energy_pj.total / len(images) / 1000:,.0f}" for found in results],
            "of them in the activation buffer": [
                f"{found.energy_pj.activation_buffer / len(images) / 1000:,.0f}" for found in results
            ],
            "of them for sums": [f"{found.energy_pj.sums / len(images) / 1000:,.1f}" for found in results],
            "maps held beside input and output, kbit": [
                f"{found.storage_kbit.other_maps:,.0f}" for found in results
            ],
        }
        _print(name, [net.name for net in networks], rows)


def _stalled(found: RunResult) -> str:
    causes = found.pe_cycles
    return f"{100 * causes.operand_stall / (causes.operand_stall + causes.useful + causes.wasted):.1f}"


def _events(found: RunResult, name: str) -> str:
    return f"{getattr(found.events, name) / found.images:,.0f}"


def _print(title: str, names: Sequence[str], rows: Mapping[str, Sequence[object]]) -> None:
    print(f"\n| {title} | {' | '.join(names)} |")
    print("| --- " * (len(names) + 1) + "|")
    for name, cells in rows.items():
        print(f"| {name} | {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
