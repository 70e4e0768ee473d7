"""The fast engine beside the general one, in turn: CPU seconds, ns per op and per word."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from o3sim.compiled.carousel.run import run_layers as run_carousel_layers
from o3sim.compiled.run import run_layers
from o3sim.config.architecture import Architecture
from o3sim.config.catalog import names
from o3sim.config.dispatch import CAROUSEL
from o3sim.config.load import load_architecture
from o3sim.contract.plan import ImageRun, plan_groups
from o3sim.errors import InputError
from o3sim.network.network import Network
from o3sim.profile.profile import LayerProfile
from o3sim.runs.estimate.fast import fast_share
from scripts.benchmarks.measure import BANKED, IDEAL, Case, workload_case

MACHINES: dict[str, dict[str, Any]] = {
    "ideal": {},
    "latency 3, 3 contexts": {"pe": {"latency_cycles": 3, "contexts": 3}},
    "latency 4, 4 contexts": {"pe": {"latency_cycles": 4, "contexts": 4}},
    "threshold only": {"pruning.pooling": False},
    "pooling only": {"pruning.threshold": False},
    "in order": {"scheduler.policy": "in_order"},
    "interleaved": {"scheduler.policy": "in_order", "sequencer.order": "member_major"},
    "dense": {
        "pruning": {"threshold": False, "pooling": False},
        "scheduler.policy": "lockstep",
        "sequencer.width_ops": 128,
    },
}
"""Changes of the machine with ideal supply."""

LARGE_WEIGHTS_KBIT = 32768
"""Of a carousel's weight buffer, whose banks hold whole channels: that of 64 PEs lacks room for vgg16."""

WINDOWS: dict[str, dict[str, Any]] = {
    "window-64pe": {"pe.width_edges": 64},
    "group-64pe": {"pe.width_edges": 64, "activation_buffer.patch_kbit": 32},
}
"""Changes of machines without a queue: 64 PEs of 64 edges, with patches for the windows of VGG-16."""


def measure_fast(name: str, repeats: int, wanted: list[str] | None = None) -> dict[str, Any]:
    """Measure a network both ways in turn, on machines with ideal supply and on shipped ones."""
    case = workload_case(name)
    profiles = case.profiles()
    machines, shares = benchmark_machines(), {}
    for shipped in names("architecture"):
        machine = load_architecture(shipped)
        shares[shipped] = fast_share(machine, case.network)[0]
        if shares[shipped] > 0 and _takes(machine, case.network):
            machines[f"shipped: {shipped}"] = machine
    measured = {
        key: _in_turn(machine, case, profiles, repeats)
        for key, machine in machines.items()
        if (wanted is None or key.removeprefix("shipped: ") in wanted) and _takes(machine, case.network)
    }
    return {"machines": measured, "shares": shares}


def benchmark_machines() -> dict[str, Architecture]:
    """Make the machines of the table that are not shipped as they are."""
    machines = {key: load_architecture(IDEAL).with_(changes) for key, changes in MACHINES.items()}
    machines["banks"] = load_architecture(BANKED)
    large = {"weight_buffer.size_kbit": LARGE_WEIGHTS_KBIT}
    machines["carousel-64pe with room for vgg16"] = load_architecture("carousel-64pe").with_(large)
    for shipped, changes in WINDOWS.items():
        machines[f"{shipped.removesuffix('-64pe')} of 64 edges"] = load_architecture(shipped).with_(changes)
    return machines


def run_image(
    machine: Architecture, network: Network, profiles: Iterable[LayerProfile], *, fast: bool = True
) -> ImageRun:
    """Run an image; a carousel has one engine only."""
    cuts = plan_groups(machine, network.layers)
    if machine.scheduler.dispatch == CAROUSEL:
        return run_carousel_layers(machine, cuts, profiles)
    return run_layers(machine, cuts, profiles, fast=fast)


def _takes(machine: Architecture, network: Network) -> bool:
    """Return whether a machine runs a network: some have no room for its weights."""
    try:
        plan_groups(machine, network.layers)
    except InputError:
        return False
    return True


def _in_turn(machine: Architecture, case: Case, profiles: list[Any], repeats: int) -> dict[str, float | None]:
    """Run an image fast, then on the general engine, and so on; both must count the same."""
    goes_round = machine.scheduler.dispatch == CAROUSEL

    def run(fast: bool) -> ImageRun:
        return run_image(machine, case.network, profiles, fast=fast)

    fast = run(True)
    general_s = ratio = None
    if goes_round:
        fast_s = statistics.median(_seconds(lambda: run(True)) for _ in range(repeats))
    else:
        if fast.layers != run(False).layers:
            raise AssertionError(f"{machine.name}: the engines differ")
        pairs = [(_seconds(lambda: run(True)), _seconds(lambda: run(False))) for _ in range(repeats)]
        fast_s = statistics.median(pair[0] for pair in pairs)
        general_s = statistics.median(pair[1] for pair in pairs)
        ratio = statistics.median(pair[1] / pair[0] for pair in pairs)
    ops = sum(layer.ops for layer in fast.layers)
    words = sum(layer.words_executed for layer in fast.layers)
    return {
        "fast_s": fast_s,
        "general_s": general_s,
        "general_over_fast": ratio,
        "fast_ns_per_op": fast_s / ops * 1e9,
        "fast_ns_per_word": fast_s / words * 1e9,
    }


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def cpu_name() -> str:
    """Name the CPU, as Linux does."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown"
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")


def print_fast(network: str, found: dict[str, Any]) -> None:
    """Print what ops run fast, and a table."""
    print(f"\n{network}, {cpu_name()}\n")
    for machine, share in found["shares"].items():
        print(f"{machine:30} {share:6.1%} of the ops run fast")
    print(f"\n{'machine':30} {'fast s':>9} {'general s':>9} {'ratio':>6} {'ns/op':>7} {'ns/word':>8}")
    for machine, figures in found["machines"].items():
        print(
            f"{machine:30} {figures['fast_s']:9.4f} {_number(figures['general_s'], 9, 4)}"
            f" {_number(figures['general_over_fast'], 6, 2)} {figures['fast_ns_per_op']:7.1f}"
            f" {figures['fast_ns_per_word']:8.2f}"
        )


def _number(value: float | None, width: int, places: int) -> str:
    """Format a number, or that there is none."""
    return f"{'-':>{width}}" if value is None else f"{value:{width}.{places}f}"
