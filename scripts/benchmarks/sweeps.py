"""What `o3sim sweep` takes beyond the engine's own time, and what a second process brings."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from scripts.benchmarks.measure import BANKED

O3SIM = [sys.executable, "-c", "from o3sim.cli.app import main; main()"]
MOST_DEPTHS = 250

SWEEP = """\
name: benchmark
architectures: [{machine}]
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
        ``points``; ``sweep_1_job_s`` and ``sweep_2_jobs_s`` of wall time, every layer of every point
        simulated; ``sweep_cpu_s`` of that in one process, and ``engine_cpu_s``, the part of it that the
        engine took; ``reused_1_job_s`` where layers that no key reaches run once.
    """
    depth = 2 * max(1, min(points // 4, MOST_DEPTHS))
    with TemporaryDirectory(prefix="o3sim-bench-") as folder:
        file = Path(folder) / "sweep.yaml"
        file.write_text(SWEEP.format(machine=BANKED, workload=workload, depth=2))
        _swept(file, 1)  # compiles what is not compiled yet
        file.write_text(SWEEP.format(machine=BANKED, workload=workload, depth=depth))
        one_s, two_s, reused_s = _swept(file, 1), _swept(file, 2), _swept(file, 1, reuse=True)
        sweep_cpu_s, engine_cpu_s = _cpu_s(file)
    return {
        "workload": workload,
        "points": 2 * depth,
        "sweep_1_job_s": one_s,
        "sweep_2_jobs_s": two_s,
        "reused_1_job_s": reused_s,
        "sweep_cpu_s": sweep_cpu_s,
        "engine_cpu_s": engine_cpu_s,
    }


def _swept(file: Path, jobs: int, *, reuse: bool = False) -> float:
    """Run the command; return its wall time."""
    with TemporaryDirectory(prefix="o3sim-bench-") as folder:
        command = [*O3SIM, "sweep", str(file), "-o", folder, "--jobs", str(jobs)]
        command += [] if reuse else ["--no-reuse"]
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
        return time.perf_counter() - start


def _cpu_s(file: Path) -> tuple[float, float]:
    """Sweep in this process; return CPU seconds of it all, and of the engine.

    Both at once: what else the machine does slows caches and clocks, and would tell two runs apart.
    """
    from o3sim.runs import engines, runner
    from o3sim.studies.sweep.expand import load_sweep
    from o3sim.studies.sweep.run import plan_sweep, run_sweep

    run_on_engine = engines.run_on_engine
    engine_cpu_s = 0.0

    def timed(*args: Any, **named: Any) -> Any:
        nonlocal engine_cpu_s
        start = time.process_time()
        try:
            return run_on_engine(*args, **named)
        finally:
            engine_cpu_s += time.process_time() - start

    start = time.process_time()
    with TemporaryDirectory(prefix="o3sim-bench-") as folder, patch.object(runner, "run_on_engine", timed):
        run_sweep(plan_sweep(load_sweep(file)), Path(folder), reuses_layers=False)
    return time.process_time() - start, engine_cpu_s


def print_sweep(figures: dict[str, Any]) -> None:
    """Print the figures as ratios."""
    points, one_s, two_s = figures["points"], figures["sweep_1_job_s"], figures["sweep_2_jobs_s"]
    reused_s = figures["reused_1_job_s"]
    over = figures["sweep_cpu_s"] / figures["engine_cpu_s"] - 1
    print(f"\nsweep of {points:,} points on one image of {figures['workload']}")
    print(f"  one job   {one_s:7.1f} s, {points / one_s:6.1f} points per s")
    print(f"  two jobs  {two_s:7.1f} s, {points / two_s:6.1f} points per s: {one_s / two_s:.2f} x one")
    print(f"  one job   {reused_s:7.1f} s, layers that no key reaches once: {one_s / reused_s:.2f} x one")
    print(f"  beyond the engine's own CPU time: {over:.1%}")
