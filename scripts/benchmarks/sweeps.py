"""What `o3sim sweep` takes beyond the engine's own time, and what a second process brings."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scripts.benchmarks.measure import Case, workload_case

O3SIM = [sys.executable, "-c", "from o3sim.cli.app import main; main()"]
MOST_DEPTHS = 250
ENGINE_EVERY = 20
"""Of so many points, one is timed without the sweep around it."""

SWEEP = """\
name: benchmark
architectures: [o3bnn]
workloads: [{workload}]
axes:
  issue_queue.depth_ops: {{from: 2, to: {depth}, step: 2}}
  pruning.squash_latency_cycles: [1, 2]
  pe.latency_cycles: [1, 2]
"""


def measure_sweep(workload: str, points: int) -> dict[str, Any]:
    """Sweep ``points`` points over one image, with one process and with two.

    Returns
    -------
    dict
        ``points``; ``sweep_1_job_s`` and ``sweep_2_jobs_s`` of wall time with ``sweep_cpu_s`` of all
        processes of the first; ``engine_cpu_s``, what the engine alone takes for as many points.
    """
    depth = 2 * max(1, min(points // 4, MOST_DEPTHS))
    with TemporaryDirectory(prefix="o3sim-bench-") as folder:
        file = Path(folder) / "sweep.yaml"
        file.write_text(SWEEP.format(workload=workload, depth=depth))
        _swept(file, 1)  # compiles what is not compiled yet
        one_s, one_cpu_s = _swept(file, 1)
        two_s, _ = _swept(file, 2)
        engine_cpu_s = _engine_cpu_s(file, workload_case(workload))
    return {
        "workload": workload,
        "points": 2 * depth,
        "sweep_1_job_s": one_s,
        "sweep_2_jobs_s": two_s,
        "sweep_cpu_s": one_cpu_s,
        "engine_cpu_s": engine_cpu_s,
    }


def _swept(file: Path, jobs: int) -> tuple[float, float]:
    """Run the command; return its wall time and the CPU seconds of all its processes."""
    with TemporaryDirectory(prefix="o3sim-bench-") as folder:
        command = [*O3SIM, "sweep", str(file), "-o", folder, "--jobs", str(jobs)]
        before, start = _children_cpu_s(), time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
        return time.perf_counter() - start, _children_cpu_s() - before


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _engine_cpu_s(file: Path, case: Case) -> float:
    """Measure the compiled engine on every n-th point, with nothing around it; scale up to all."""
    from o3sim.compiled.run import simulate_image
    from o3sim.sweeps.expand import expand, load_sweep

    network = case.network
    points = expand(load_sweep(file), {network.name: network}).points
    profiles = case.profiles()
    simulate_image(points[0].architecture, network, profiles)
    sample = points[::ENGINE_EVERY]
    start = time.process_time()
    for point in sample:
        simulate_image(point.architecture, network, profiles)
    return (time.process_time() - start) * len(points) / len(sample)


def print_sweep(figures: dict[str, Any]) -> None:
    """Print the figures as ratios."""
    points, one_s, two_s = figures["points"], figures["sweep_1_job_s"], figures["sweep_2_jobs_s"]
    over = figures["sweep_cpu_s"] / figures["engine_cpu_s"] - 1
    print(f"\nsweep of {points:,} points on one image of {figures['workload']}")
    print(f"  one job   {one_s:7.1f} s, {points / one_s:6.1f} points per s")
    print(f"  two jobs  {two_s:7.1f} s, {points / two_s:6.1f} points per s: {one_s / two_s:.2f} x one")
    print(f"  beyond the engine's own CPU time: {over:.1%}")
