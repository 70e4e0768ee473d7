"""The most memory that an image takes, machine by machine, each in a process that compiles nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from o3sim.network.bits.announce import when_compiling
from o3sim.profile.profile import LayerProfile, profile_layers
from scripts.benchmarks.fast import benchmark_machines, run_image
from scripts.benchmarks.measure import peak_rss_mb, workload_case

MACHINES = (
    "ideal",
    "banks",
    "window of 64 edges",
    "group of 64 edges",
    "carousel-64pe with room for vgg16",
)
"""Of the table of ``--fast``: each has a loop of its own."""


def measure_memory(network: str, machine: str) -> dict[str, Any]:
    """Run an image, profiled layer by layer as `o3sim run` does.

    Returns
    -------
    dict
        ``loaded_mb`` and ``peak_mb``: the most this process had with the network loaded, and in the end;
        ``compiled``: whether kernels were compiled on the way, which takes more than the image.
    """
    compiled: list[bool] = []
    with when_compiling(lambda: compiled.append(True)):
        case = workload_case(network)
        loaded_mb = peak_rss_mb()

        def profiles() -> Iterator[LayerProfile]:
            for profile, _ in profile_layers(case.network, case.image):
                yield profile

        run_image(benchmark_machines()[machine], case.network, profiles())
    return {"loaded_mb": loaded_mb, "peak_mb": peak_rss_mb(), "compiled": bool(compiled)}


def measure_all_memory(network: str, apart: Callable[[str, int], dict[str, Any]]) -> dict[str, Any]:
    """Measure all machines, each in a process of its own, and once more where it compiled; print each."""
    print(f"\nMB of a process that runs an image of {network}\n\n{'machine':34} {'loaded':>7} {'peak':>7}")
    found = {}
    for machine in MACHINES:
        task = f"memory:{network} {machine}"
        figures = apart(task, 1)
        found[machine] = apart(task, 1) if figures["compiled"] else figures
        print(f"{machine:34} {found[machine]['loaded_mb']:7.0f} {found[machine]['peak_mb']:7.0f}", flush=True)
    return found
