"""The machine sized to O3BNN-R beside its published latencies: the tables of ``docs/studies/zc706.md``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from o3sim.compiled.run import simulate_image
from o3sim.config.architecture import Architecture
from o3sim.config.load import load_architecture
from o3sim.contract.counters import LayerCounters
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.network.network import Network
from o3sim.profile.profile import LayerProfile, profile_layers

PUBLISHED = {"alexnet": (774, 16), "vgg16": (5626, 27)}
"""Latency in us on a ZC706 at batch 1 (BSTC, SC'19), and percent of operations pruned (O3BNN, ICS'19)."""

ARRAYS = ((128, 64), (128, 128), (256, 64), (512, 32), (512, 64))
CLOCKS_MHZ = (100, 150, 200, 250)
DRAM_BITS: tuple[int | str, ...] = (256, 512, 1024, 2048, "ideal")
DRAM_MBIT_PER_S = 102_400
"""One 64-bit DDR3-1600 channel, which does not follow the accelerator's clock."""
DRAM_LATENCY_NS = 200


@dataclass(frozen=True)
class Case:
    """A network ready to run: its profiles on one image."""

    network: Network
    profiles: list[LayerProfile]

    def run(self, architecture: Architecture) -> list[LayerCounters]:
        """Simulate the image; return the counts of each layer."""
        return simulate_image(architecture, self.network, self.profiles).layers

    def latency_us(self, architecture: Architecture) -> float:
        """Simulate the image; return its latency."""
        return sum(layer.cycles for layer in self.run(architecture)) / architecture.clock_mhz


def load_case(name: str) -> Case:
    """Make a shipped network and profile its first image."""
    files = load_workload(name)
    network = load_network(files)
    image = workload_images(files, network, count=1).x[0]
    return Case(network, [profile for profile, _ in profile_layers(network, image)])


def changed(base: Architecture, **sections: dict[str, Any] | float) -> Architecture:
    """Return an architecture with some keys changed."""
    values = base.model_dump()
    for section, value in sections.items():
        values[section] = {**values[section], **value} if isinstance(value, dict) else value
    return Architecture.model_validate(values)


def with_array(base: Architecture, pes: int, width: int) -> Architecture:
    """Resize the array, and with it all that feeds it, in the proportions of o3bnn-r."""
    return changed(
        base,
        pe={"count": pes, "width_edges": width},
        sequencer={"width_ops": pes // 2, "group_windows": 8 * pes},
        issue_queue={"depth_ops": 8 * pes},
        scheduler={"issue_width_ops": pes // 2},
        activation_buffer={"banks": 2 * pes},
        weight_buffer={"banks": 2 * pes},
        output_buffer={"write_width_ops": pes // 2},
    )


def with_clock(base: Architecture, mhz: int) -> Architecture:
    """Change the clock; DRAM stays as fast as it is in bytes and nanoseconds."""
    dram = {"bits_per_cycle": DRAM_MBIT_PER_S // mhz, "latency_cycles": DRAM_LATENCY_NS * mhz // 1000}
    return changed(base, clock_mhz=float(mhz), dram=dram)


def variants(base: Architecture) -> Iterator[tuple[str, Architecture]]:
    """Yield every variation with its label."""
    for pes, width in ARRAYS:
        yield f"{pes} PEs x {width} edges (peak {pes * width:,})", with_array(base, pes, width)
    for mhz in CLOCKS_MHZ:
        yield f"{mhz} MHz, same DRAM bytes per second", with_clock(base, mhz)
    for bits in DRAM_BITS:
        label = f"{bits} bits per cycle" if isinstance(bits, int) else "unlimited"
        yield f"DRAM {label}", changed(base, dram={"bits_per_cycle": bits})
    yield "DRAM unlimited, 133 MHz", changed(base, clock_mhz=133.0, dram={"bits_per_cycle": "ideal"})


def part_of(case: Case, layer: int) -> str:
    """Say which part of the network a layer belongs to."""
    geometry = case.network.layers[layer].geometry
    if geometry.planes > 1:
        return f"first layer ({geometry.planes} bit planes)"
    return "dense layers" if geometry.kind == "dense" else "binary convolutions"


def pruned_percent(case: Case, layers: Sequence[LayerCounters]) -> float:
    """Percent of the binary edges of thresholded layers that no PE evaluated."""
    counted = [
        counters
        for counters, layer in zip(layers, case.network.layers, strict=True)
        if layer.geometry.planes == 1 and not layer.scores
    ]
    pruned = sum(layer.edges_pruned_threshold + layer.edges_pruned_pooling for layer in counted)
    return 100 * pruned / sum(layer.edges_total for layer in counted)


def print_base(name: str, case: Case, architecture: Architecture) -> None:
    """Print latency beside the published one, then where it goes."""
    layers = case.run(architecture)
    cycles = sum(layer.cycles for layer in layers)
    us, (published_us, published_pruned) = cycles / architecture.clock_mhz, PUBLISHED[name]
    print(f"## {name} on {architecture.name} (synthetic parameters and image)\n")
    print("| | predicted | published |\n| --- | --- | --- |")
    print(f"| edges pruned | {pruned_percent(case, layers):.1f} % | {published_pruned} % (set, not found) |")
    print(f"| latency | {us:,.0f} us | {published_us:,} us |")
    print(f"| predicted / published | {us / published_us:.2f} | |\n")
    print_parts(case, layers, architecture)


def print_parts(case: Case, layers: Sequence[LayerCounters], architecture: Architecture) -> None:
    """Print cycles by part of the network, beside what the PEs and the DRAM take at least."""
    parts: dict[str, LayerCounters] = {}
    for number, counters in enumerate(layers):
        part = part_of(case, number)
        parts.setdefault(part, LayerCounters(part)).add(counters)
    peak = architecture.pe.count * architecture.pe.width_edges
    print(
        "| part | cycles | us | edges executed / peak | weights / DRAM rate | PEs useful | wait for weights |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for part, counters in parts.items():
        pe_cycles = sum(counters.pe_cycles.values())
        dram = architecture.dram.bits_per_cycle
        stream = 0 if isinstance(dram, str) else counters.dram_bits // dram
        print(
            f"| {part} | {counters.cycles:,} | {counters.cycles / architecture.clock_mhz:,.0f}"
            f" | {counters.edges_executed // peak:,} cycles | {stream:,} cycles"
            f" | {100 * counters.pe_cycles['useful'] / pe_cycles:.0f} %"
            f" | {100 * counters.pe_cycles['weight_wait'] / pe_cycles:.0f} % |"
        )
    print()


def print_sensitivity(cases: dict[str, Case], base: Architecture) -> None:
    """Print the latency of every variation, and what it is of the published one."""
    names = list(cases)
    print("## Sensitivity\n")
    print("| changed |" + "".join(f" {name}, us | / published |" for name in names))
    print("| --- |" + " --- | --- |" * len(names))
    for label, architecture in variants(base):
        cells = ""
        for name, case in cases.items():
            us = case.latency_us(architecture)
            cells += f" {us:,.0f} | {us / PUBLISHED[name][0]:.2f} |"
        print(f"| {label} |{cells}", flush=True)


def main() -> None:
    """Print the tables as Markdown."""
    parser = argparse.ArgumentParser(prog="scripts/zc706", description=__doc__)
    parser.add_argument("--networks", default=",".join(PUBLISHED), help="some of alexnet,vgg16")
    parser.add_argument("--architecture", default="o3bnn-r", help="shipped name or YAML file")
    arguments = parser.parse_args()
    base = load_architecture(arguments.architecture)
    cases = {}
    for name in arguments.networks.split(","):
        if name not in PUBLISHED:
            parser.error(f"--networks {name}: nothing is published for it; there are {', '.join(PUBLISHED)}")
        cases[name] = load_case(name)
        print_base(name, cases[name], base)
    print_sensitivity(cases, base)


if __name__ == "__main__":
    main()
