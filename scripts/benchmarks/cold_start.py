"""What a first run costs: CPU seconds with nothing in Numba's cache, and again with what that left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

O3SIM = "from o3sim.cli.app import main; main()"
USUAL = "from o3sim.runs.kernels import load_usual_kernels; load_usual_kernels()"
NETWORK = "fashion-vgg"

FIRST_RUNS = {
    "o3sim run o3bnn": [O3SIM, "run", "o3bnn", NETWORK],
    "o3sim run window": [O3SIM, "run", "window", NETWORK],
    "o3sim run ideal": [O3SIM, "run", "ideal", NETWORK],
    "all usual kernels": [USUAL],
}


def measure_cold_start(repeats: int) -> dict[str, dict[str, float]]:
    """Measure each command in processes of its own; print and return the least CPU seconds of several."""
    print(f"\nCPU seconds of a process, {NETWORK}\n\n{'':20} {'cold':>6} {'warm':>6}")
    found = {}
    for name, words in FIRST_RUNS.items():
        pairs = [_cold_and_warm_s(words) for _ in range(repeats)]
        cold_s, warm_s = (min(times) for times in zip(*pairs, strict=True))
        found[name] = {"cold_s": cold_s, "warm_s": warm_s}
        print(f"{name:20} {cold_s:6.1f} {warm_s:6.1f}", flush=True)
    return found


def _cold_and_warm_s(words: list[str]) -> tuple[float, float]:
    with TemporaryDirectory(prefix="o3sim-bench-") as cache:
        return _cpu_s(words, cache), _cpu_s(words, cache)


def _cpu_s(words: list[str], cache: str) -> float:
    """Run Python with a cache of its own; return the CPU seconds of the process."""
    own = {"NUMBA_CACHE_DIR": cache, "O3SIM_PROGRESS": "never", "OPENBLAS_NUM_THREADS": "1"}
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **own}
    before = os.times()
    subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", *words], check=True, stdout=subprocess.DEVNULL, env=environment
    )
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system
