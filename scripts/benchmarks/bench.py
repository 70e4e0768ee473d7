"""Speed and memory of o3sim, in one run, on one core, in CPU seconds: medians of several."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

NETWORKS = "fashion-vgg,cnv,vgg-like-cifar10,alexnet,vgg16"
CONVOLUTION = (32, 128)
"""Rows and channels of the convolution that the simulators are compared on: 151 M edges."""
SIMPY_CONVOLUTION = (16, 32)
"""A small layer, 2.4 M edges, that the SimPy machine runs in seconds."""
SCALESIM_KEYS = {"scalesim_macs_per_cpu_s": True, "scalesim_no_traces_macs_per_cpu_s": False}
"""Whether SCALE-Sim writes traces: its command line always does."""
SCALING_SIZES = (4, 8, 16, 32, 64, 128)
"""Rows of a convolution of 128 channels, over three decades of edges."""

GOALS = """\
profile/dense <= 4, ideal/dense <= 1, banked/dense <= 5; compiled (ideal) >= 1,000 x SimPy in edges per second
and >= 5,000 x SCALE-Sim in MACs per CPU second; vgg16 banked within 3 s and 1,500 MB"""


def measure_network(name: str, repeats: int) -> dict[str, Any]:
    """Measure a shipped network, or one in a file."""
    from scripts.benchmarks.measure import timings, workload_case

    return timings(workload_case(name), repeats)


def measure_convolution(size: int, channels: int, repeats: int) -> dict[str, Any]:
    """Measure one convolution, and on it the XNOR-popcount kernel alone."""
    from scripts.benchmarks.measure import convolution_case, kernel_words_per_s, timings

    case = convolution_case(size, channels)
    return {**timings(case, repeats), "kernel_words_per_s": kernel_words_per_s(case, repeats)}


def measure_simpy(repeats: int) -> dict[str, Any]:
    """Measure the SimPy machine, and the compiled engine on the same small layer."""
    from o3sim.config.load import load_architecture
    from scripts.benchmarks.measure import IDEAL, convolution_case, simpy_rates, timings

    case = convolution_case(*SIMPY_CONVOLUTION)
    same = timings(case, repeats)
    rates = simpy_rates(case, load_architecture(IDEAL))
    return {**rates, "compiled_edges_per_s_same_layer": same["compiled_edges_per_s"]}


def apart(task: str, repeats: int) -> dict[str, Any]:
    """Run one measurement in a process of its own, so that its memory is its own."""
    command = [sys.executable, "-m", "scripts.benchmarks.bench", "--task", task, "--repeats", str(repeats)]
    one_thread = {**os.environ, "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=one_thread)  # noqa: S603
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def run_task(task: str, repeats: int) -> dict[str, Any]:
    """Do what :func:`apart` asked this process for."""
    kind, _, what = task.partition(":")
    if kind == "convolution":
        size, channels = map(int, what.split("x"))
        return measure_convolution(size, channels, repeats)
    if kind == "fast":
        from scripts.benchmarks.fast import measure_fast

        network, _, machines = what.partition(" ")
        return measure_fast(network, repeats, machines.split(",") if machines else None)
    if kind == "memory":
        from scripts.benchmarks.memory import measure_memory

        return measure_memory(*what.split(" ", 1))
    return measure_simpy(repeats) if kind == "simpy" else measure_network(what, repeats)


def measure_all(networks: Sequence[str], repeats: int, scalesim_python: Path | None) -> dict[str, Any]:
    """Measure everything but scaling, printing each row when it is known."""
    print(HEADER)
    found: dict[str, Any] = {"networks": {}}
    for name in networks:
        found["networks"][name] = apart(f"network:{name}", repeats)
        print(row(name, found["networks"][name]), flush=True)
    size, channels = CONVOLUTION
    convolution = apart(f"convolution:{size}x{channels}", repeats)
    print(row(f"conv {size}x{size}x{channels}", convolution), flush=True)
    found["convolution"] = convolution
    found["kernel_words_per_s"] = convolution["kernel_words_per_s"]
    found.update(apart("simpy", repeats))
    if scalesim_python is not None:
        from scripts.benchmarks.scalesim_convolution import macs_per_cpu_s

        for key, traces in SCALESIM_KEYS.items():
            found[key] = macs_per_cpu_s(scalesim_python, *CONVOLUTION, traces)
    return found


HEADER = (
    f"{'':18} {'edges':>14} {'dense s':>9} {'profile s':>9} {'ideal s':>9} {'banked s':>9}"
    f" {'b/a':>6} {'c/a':>6} {'d/a':>6} {'MB':>6}"
)


def row(name: str, figures: dict[str, Any]) -> str:
    """Format the figures of one network: (a) dense, (b) profile, (c) ideal, (d) banked."""
    a, b, c, d = (figures[key] for key in ("dense_s", "profile_s", "ideal_s", "banked_s"))
    return (
        f"{name:18} {figures['edges']:14,} {a:9.4f} {b:9.4f} {c:9.4f} {d:9.4f}"
        f" {b / a:6.2f} {c / a:6.2f} {d / a:6.2f} {figures['peak_rss_mb']:6.0f}"
    )


def print_rates(found: dict[str, Any]) -> None:
    """Print what does not belong to a network, and the ratios between the simulators."""
    compiled = found["convolution"]["compiled_edges_per_s"]
    same = found["compiled_edges_per_s_same_layer"]
    print(f"\nkernel                {found['kernel_words_per_s']:15,.0f} words of 64 edges per s")
    print(f"SimPy, small layer    {found['simpy_ops_per_s']:15,.0f} ops per s")
    print(f"SimPy, small layer    {found['simpy_edges_per_s']:15,.0f} edges per s")
    print(f"compiled, same layer  {same:15,.0f} edges per s: {_times(same, found)} x SimPy")
    print(f"compiled, convolution {compiled:15,.0f} edges per s: {_times(compiled, found)} x SimPy")
    for key in (key for key in SCALESIM_KEYS if key in found):
        how = "traces" if SCALESIM_KEYS[key] else "no traces"
        rate = found[key]
        print(f"SCALE-Sim, {how:10} {rate:15,.0f} MACs per CPU s: compiled is {compiled / rate:,.0f} x")
    print(f"\nGoals: {GOALS}")


def _times(edges_per_s: float, found: dict[str, Any]) -> str:
    return f"{edges_per_s / found['simpy_edges_per_s']:,.0f}"


def measure_scaling(repeats: int) -> dict[str, Any]:
    """Measure a convolution of growing size; print seconds per 10^9 edges, level if growth is linear."""
    keys = ("dense_s", "profile_s", "ideal_s", "banked_s")
    print("\nCPU seconds per 10^9 edges, 3x3 convolution of 128 channels\n")
    print(f"{'edges':>14} " + " ".join(f"{key.removesuffix('_s'):>9}" for key in keys))
    found = {}
    for size in SCALING_SIZES:
        figures = apart(f"convolution:{size}x128", repeats)
        found[str(figures["edges"])] = figures
        rates = " ".join(f"{figures[key] / figures['edges'] * 1e9:9.3f}" for key in keys)
        print(f"{figures['edges']:14,} {rates}", flush=True)
    return found


def main() -> None:
    """Measure, print, and write the figures as JSON."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__, epilog=GOALS)
    parser.add_argument(
        "--networks", default=NETWORKS, help=f"by name or path, '' for what is also asked alone; {NETWORKS}"
    )
    parser.add_argument("--repeats", type=int, default=5, help="medians are of that many")
    parser.add_argument("--scaling", action="store_true", help="also measure over three decades of edges")
    parser.add_argument("--fast", metavar="WORKLOAD", help="only the fast engine beside the general one")
    parser.add_argument("--shares", action="store_true", help="only the shares of ops that run fast")
    parser.add_argument("--machines", default="", metavar="NAMES", help="of the table of --fast; all")
    parser.add_argument("--memory", metavar="WORKLOAD", help="only the memory that an image of it takes")
    parser.add_argument("--cold", action="store_true", help="only first runs, with no kernel compiled")
    parser.add_argument("--sweep", metavar="WORKLOAD", help="also measure a sweep over one of its images")
    parser.add_argument("--points", type=int, default=1000, help="of that sweep, at most")
    parser.add_argument("--scalesim-python", type=Path, metavar="PATH", help="Python that has SCALE-Sim")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.repeats < 1:
        parser.error("--repeats: expected at least 1")
    if arguments.task is not None:
        print(json.dumps(run_task(arguments.task, arguments.repeats)))
        return
    if arguments.shares:
        from scripts.benchmarks.fast_shares import lines

        print("\n".join(lines()))
        return
    if arguments.fast:
        _measure_fast(arguments.fast, arguments.machines, arguments.repeats, arguments.json)
        return
    if arguments.memory:
        from scripts.benchmarks.memory import measure_all_memory

        _write(arguments.json, {"memory": {arguments.memory: measure_all_memory(arguments.memory, apart)}})
        return
    if arguments.cold:
        from scripts.benchmarks.cold_start import measure_cold_start

        _write(arguments.json, {"cold": measure_cold_start(arguments.repeats)})
        return
    networks = [name for name in arguments.networks.split(",") if name]
    found: dict[str, Any] = {}
    if networks:
        found = measure_all(networks, arguments.repeats, arguments.scalesim_python)
        print_rates(found)
    if arguments.scaling:
        found["scaling"] = measure_scaling(arguments.repeats)
    if arguments.sweep:
        from scripts.benchmarks.sweeps import measure_sweep, print_sweep

        found["sweep"] = measure_sweep(arguments.sweep, arguments.points, arguments.repeats)
        print_sweep(found["sweep"])
    _write(arguments.json, found)


def _measure_fast(network: str, machines: str, repeats: int, json_file: Path | None) -> None:
    """Measure the fast engine beside the general one."""
    from scripts.benchmarks.fast import print_fast

    found = apart(f"fast:{network} {machines}", repeats)
    print_fast(network, found)
    _write(json_file, {"fast": {network: found}})


def _write(json_file: Path | None, found: dict[str, Any]) -> None:
    """Write figures, if a file for them is named."""
    from o3sim.files import write_atomic

    if json_file is not None:
        write_atomic(json_file, json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
