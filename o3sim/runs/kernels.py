"""Load every kernel that a run needs; compile those that are not in Numba's cache, in one process only.

Numba loads a kernel at the first call, so a tiny network is run. Processes that need kernels at the
same time (workers, tests that run side by side, workers of a node) wait for the first of them, and
then find what it compiled.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO

import numpy as np

from o3sim.config.load import load_architecture
from o3sim.network.activity import doing
from o3sim.network.bits.announce import when_compiling
from o3sim.network.heartbeat import wanted
from o3sim.network.images import Images
from o3sim.network.layer import Geometry, Layer, Pool
from o3sim.network.network import Network
from o3sim.network.preprocess import BinaryInput
from o3sim.runs.case import Case
from o3sim.runs.point import count_point
from o3sim.workers import pool

LOCK = "o3sim-kernels.lock"
"""Beside the cached kernels: held by the process that loads them, which writes into it if it compiles."""

LOADING_S = 20.0
"""Longer than it takes to load kernels that are compiled, however busy the machine is."""

POLL_S = 0.04
"""Between two looks at the lock."""


def prepare(jobs: int) -> None:
    """Begin to start workers, as early as it is known that there will be some."""
    if jobs > 1:
        load_kernels()
        pool.prepare(jobs)


@cache
def load_kernels() -> None:
    """Call every kernel once in this process; once compiled they are loaded, in half a second."""
    images = Images(np.zeros((1, 2, 2, 1), np.uint8), None)
    with doing("loading kernels"), _alone():
        machines = [load_architecture(name) for name in ("o3bnn", "ideal", "banked", "window", "carousel")]
        machines.append(machines[0].with_({"scheduler.select_cycles": 1}))  # which no fast loop runs
        for machine in machines:  # each has a loop of its own
            count_point(machine, Case(tiny_network(), images))


def tiny_network() -> Network:
    """Make a network that calls every kernel a run needs: a pooled convolution, dense, scores."""
    shapes = (
        Geometry("conv", 2, 2, 1, 1, pool=Pool(2, 2)),
        Geometry("dense", 1, 1, 1, 1),
    )
    weights, theta = np.ones((1, 1), np.uint64), np.zeros(1, np.int64)
    layers = (
        Layer("conv", shapes[0], weights, theta),
        Layer("scores", shapes[1], weights, None, scores=True),
    )
    return Network(
        name="tiny", input=BinaryInput(128), input_shape=(2, 2, 1), layers=layers, classes=("only",)
    )


@contextmanager
def _alone() -> Iterator[None]:
    """Keep other processes from compiling the same meanwhile; without a lock where none can be made."""
    from o3sim.compiled.cycle import run_layer

    try:
        stream = (Path(run_layer.stats.cache_path) / LOCK).open("a")
    except (OSError, AttributeError):  # no cache to be had, or kernels that Numba may not compile
        yield
        return
    with stream:
        if not _locked_soon(stream):
            if wanted():
                print("waiting for another process that compiles kernels", file=sys.stderr, flush=True)
            fcntl.flock(stream, fcntl.LOCK_EX)
        stream.truncate(0)  # of a process that was killed while it compiled
        with when_compiling(lambda: print("compiling", file=stream, flush=True)):
            yield
        stream.truncate(0)


def _locked_soon(stream: IO[str]) -> bool:
    """Wait for the lock while whoever holds it only loads kernels; return whether it was to be had."""
    end = time.monotonic() + LOADING_S
    while time.monotonic() < end and os.fstat(stream.fileno()).st_size == 0:
        with suppress(BlockingIOError):
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(POLL_S)
    return False
