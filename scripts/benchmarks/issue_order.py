"""Where out-of-order issue parts from statically interleaved program order, as a Markdown table.

``sh scripts/issue-order [WORKLOAD] [--image-file FILE.npz] [--images N]`` runs `o3bnn-64pe` and
`in-order-interleaved`, changed in one respect at a time, and `dense` with the same memories.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from o3sim.compiled.run import simulate_image
from o3sim.config.architecture import Architecture
from o3sim.config.controls import control_of
from o3sim.config.load import load_architecture
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.network.network import Network
from o3sim.profile.profile import LayerProfile, profile_layers

MEMORIES = ("activation_buffer", "weight_buffer", "dram")
CHANGES: dict[str, dict[str, Any]] = {
    "as shipped": {},
    **{
        f"{banks} banks in each buffer": {
            "activation_buffer.banks": banks,
            "weight_buffer.banks": banks,
        }
        for banks in (32, 64, 256)
    },
    **{
        f"queue of {reach} ops, groups of {reach} windows": {
            "issue_queue.depth_ops": reach,
            "sequencer.group_windows": reach,
        }
        for reach in (64, 128, 256, 1024)
    },
    **{f"groups of {group} windows": {"sequencer.group_windows": group} for group in (64, 128, 256)},
    **{f"verdict latency {cycles}": {"pe.latency_cycles": cycles} for cycles in (1, 2, 4, 8)},
    "verdict latency 8, 8 contexts, reach 2048": {
        "pe.latency_cycles": 8,
        "pe.contexts": 8,
        "issue_queue.depth_ops": 2048,
        "sequencer.group_windows": 2048,
    },
    **{f"squash latency {cycles}": {"pruning.squash_latency_cycles": cycles} for cycles in (4, 16, 64)},
    **{
        f"weights streamed, {bits} bits a cycle": {
            "weight_buffer.resident_kbit": 0,
            "dram.bits_per_cycle": bits,
        }
        for bits in (512, 256, 64)
    },
    **{f"{ops} members of a window in flight": {"scheduler.window_in_flight_ops": ops} for ops in (2, 4)},
    "channels outermost": {"sequencer.outermost": "channel"},
}


def changed(base: Architecture, change: dict[str, Any]) -> Architecture:
    """Copy an architecture with other values at ``unit.key``."""
    data = base.model_dump()
    for path, value in change.items():
        unit, key = path.split(".")
        data[unit][key] = value
    return Architecture.model_validate(data)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workload", nargs="?", default="fashion-vgg")
    parser.add_argument("--image-file", type=Path)
    parser.add_argument("--images", type=int, default=4)
    options = parser.parse_args()
    files = load_workload(options.workload)
    network = load_network(files)
    images = workload_images(files, network, options.image_file, options.images)
    profiles = [[profile for profile, _ in profile_layers(network, image)] for image in images.x]
    print_table(network, profiles)


def print_table(network: Network, profiles: list[list[LayerProfile]]) -> None:
    """Run every change and print its row."""

    def cycles(base: Architecture, change: dict[str, Any]) -> int:
        machine = changed(base, change)
        runs = [simulate_image(machine, network, image) for image in profiles]
        return sum(layer.cycles for run in runs for layer in run.layers)

    reordered = load_architecture("o3bnn-64pe")
    bases = [load_architecture("dense-64pe"), reordered, control_of(reordered, "in-order-interleaved")]
    print(
        f"| {network.name}, {len(profiles)} images | out of order | interleaved "
        "| out of order over interleaved |"
    )
    print("| --- | --- | --- | --- |")
    for name, change in CHANGES.items():
        memories = {path: value for path, value in change.items() if path.startswith(MEMORIES)}
        in_step, out_of_order, interleaved = (
            cycles(base, memories if base is bases[0] else change) for base in bases
        )
        print(
            f"| {name} | {in_step / out_of_order:.2f} | {in_step / interleaved:.2f} "
            f"| {interleaved / out_of_order:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
