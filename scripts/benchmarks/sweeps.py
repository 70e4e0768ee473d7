"""What `o3sim sweep` takes beyond the engine's own time, and what a second process brings.

On a machine that does other things too wall times are those of its share; so runs of one process and of two
take turns, and the CPU seconds of both are told, which say how much more work two are.
"""

from __future__ import annotations

import ctypes
import os
import statistics
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from unittest.mock import patch

from scripts.benchmarks.measure import BANKED

O3SIM = [sys.executable, "-c", "from o3sim.cli.app import main; main()"]
MOST_DEPTHS = 250
PR_SET_CHILD_SUBREAPER = 36
"""As in <linux/prctl.h>."""

SWEEP = """\
name: benchmark
architectures: [{machine}]
workloads: [{workload}]
axes:
  issue_queue.depth_ops: {{from: 2, to: {depth}, step: 2}}
  pruning.squash_latency_cycles: [1, 2]
  pe.latency_cycles: [1, 2]
"""


class Took(NamedTuple):
    """Wall time and CPU time of a command with its processes."""

    wall_s: float
    cpu_s: float


def measure_sweep(workload: str, points: int, repeats: int = 1) -> dict[str, Any]:
    """Sweep ``points`` points over one image, with one process and with two, in turn; medians of several.

    Returns
    -------
    dict
        ``points``; ``sweep_1_job_s`` and ``sweep_2_jobs_s`` of wall time, every layer of every point
        simulated, with ``_cpu_s`` of CPU time; ``two_over_one``, the ratio of wall times of two runs in turn;
        ``load``, processes that wanted to run in the last minute, these among them; ``sweep_cpu_s`` in one
        process without the start of Python, and ``engine_cpu_s``, the part of it that the
        engine took; ``reused_1_job_s`` where layers that no key reaches run once.
    """
    _adopt_orphans()
    depth = 2 * max(1, min(points // 4, MOST_DEPTHS))
    with TemporaryDirectory(prefix="o3sim-bench-") as folder:
        file = Path(folder) / "sweep.yaml"
        file.write_text(SWEEP.format(machine=BANKED, workload=workload, depth=2))
        _swept(file, 1)  # compiles what is not compiled yet
        file.write_text(SWEEP.format(machine=BANKED, workload=workload, depth=depth))
        pairs = [(_swept(file, 1), _swept(file, 2)) for _ in range(repeats)]
        load = os.getloadavg()[0]
        reused_s = _swept(file, 1, reuse=True).wall_s
        sweep_cpu_s, engine_cpu_s = _cpu_s(file)
    return {
        "workload": workload,
        "points": 2 * depth,
        "sweep_1_job_s": statistics.median(one.wall_s for one, _ in pairs),
        "sweep_2_jobs_s": statistics.median(two.wall_s for _, two in pairs),
        "sweep_1_job_cpu_s": statistics.median(one.cpu_s for one, _ in pairs),
        "sweep_2_jobs_cpu_s": statistics.median(two.cpu_s for _, two in pairs),
        "two_over_one": statistics.median(one.wall_s / two.wall_s for one, two in pairs),
        "load": load,
        "reused_1_job_s": reused_s,
        "sweep_cpu_s": sweep_cpu_s,
        "engine_cpu_s": engine_cpu_s,
    }


def _swept(file: Path, jobs: int, *, reuse: bool = False) -> Took:
    """Run the command; return what it took."""
    with TemporaryDirectory(prefix="o3sim-bench-") as folder:
        command = [*O3SIM, "sweep", str(file), "-o", folder, "--jobs", str(jobs)]
        command += [] if reuse else ["--no-reuse"]
        start, before = time.perf_counter(), os.times()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
        wall_s = time.perf_counter() - start
        _wait_for_orphans()
        after = os.times()
        user_s = after.children_user - before.children_user
        return Took(wall_s, user_s + after.children_system - before.children_system)


def _adopt_orphans() -> None:
    """Become the parent of what outlives the command, as the server of workers does: its time is told."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _wait_for_orphans() -> None:
    with suppress(ChildProcessError):
        while True:
            os.wait()


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
    reused_s, one_cpu_s = figures["reused_1_job_s"], figures["sweep_1_job_cpu_s"]
    over = figures["sweep_cpu_s"] / figures["engine_cpu_s"] - 1
    print(f"\nsweep of {points:,} points on one image of {figures['workload']}")
    print(f"  one job   {one_s:7.1f} s, {points / one_s:6.1f} points per s")
    print(
        f"  two jobs  {two_s:7.1f} s, {points / two_s:6.1f} points per s: {figures['two_over_one']:.2f} x one"
    )
    print(f"  processes at work: {figures['load']:.0f}, these among them, on {os.cpu_count()} CPUs")
    more = figures["sweep_2_jobs_cpu_s"] / one_cpu_s - 1
    print(f"  CPU time  {one_cpu_s:7.1f} s, and with two jobs {more:.1%} more")
    print(f"  one job   {reused_s:7.1f} s, layers that no key reaches once: {one_s / reused_s:.2f} x one")
    print(f"  beyond the engine's own CPU time: {over:.1%}")
