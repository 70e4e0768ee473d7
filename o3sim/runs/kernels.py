"""Load the kernels that a run needs; compile those that are not in Numba's cache, in one process only.

Images are profiled and inferred with kernels that Numba loads at the first call, so a tiny network is. Which
loops machines run layers on follows from both. Processes that need kernels at the
same time (tests that run side by side, workers of a node) wait for the first of them, and
then find what it compiled.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from o3sim.config.dispatch import CAROUSEL
from o3sim.config.load import load_architecture
from o3sim.network.activity import doing
from o3sim.network.bits.announce import when_compiling
from o3sim.network.heartbeat import wanted
from o3sim.network.infer import infer
from o3sim.network.layer import Geometry, Layer, Pool
from o3sim.network.network import Network
from o3sim.network.preprocess import BinaryInput
from o3sim.profile.profile import profile_layers
from o3sim.runs.engines import DEFAULT_ENGINE, engine_name
from o3sim.workers import pool

if TYPE_CHECKING:
    from o3sim.compiled.loops import Loop
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Sized

LOCK = "o3sim-kernels.lock"
"""Beside the cached kernels: held by the process that loads them, which writes into it if it compiles."""

LOADING_S = 20.0
"""Longer than it takes to load kernels that are compiled, however busy the machine is."""

POLL_S = 0.04
"""Between two looks at the lock."""


USUAL = ("o3bnn", "ideal", "banked", "window", "carousel")
"""Shipped machines each of which has loops of its own."""

UNMATCHED = 0
"""In place of a width: profiles without the matches of words."""

_loaded: set[Loop] = set()
_profiled: set[int] = set()
"""By this process: loops, and widths whose words were matched."""


def prepare(jobs: int) -> None:
    """Begin to start workers, as early as it is known that there will be some."""
    if jobs > 1:
        pool.prepare(jobs)


def load_usual_kernels() -> None:
    """Load the kernels that most runs need; once compiled they are loaded in half a second."""
    machines = [load_architecture(machine) for machine in USUAL]
    machines.append(machines[0].with_({"scheduler.select_cycles": 1}))  # which no fast loop runs
    load_kernels(machines, tiny_network().layers)


def load_kernels(architectures: Iterable[Architecture], layers: Sequence[Sized]) -> None:
    """Load what images are profiled with, and the loops that layers run on on each of some machines.

    Parameters
    ----------
    architectures : iterable of Architecture
        Those with custom units have no loops.
    layers : sequence of Sized
        Shapes suffice.
    """
    from o3sim.compiled.loops import loops_of

    wanted: set[Loop] = set()
    widths = {UNMATCHED}
    for architecture in architectures:
        if engine_name(architecture) == DEFAULT_ENGINE:
            wanted |= loops_of(architecture, layers)
            if architecture.scheduler.dispatch == CAROUSEL:
                widths.add(architecture.pe.width_edges)
    wanted -= _loaded
    widths -= _profiled
    if not wanted and not widths:
        return
    with doing("loading kernels"), _alone():
        for width_edges in widths:
            _profile_a_tiny_image(width_edges)
        for loop in wanted:
            loop.load()
    _loaded.update(wanted)
    _profiled.update(widths)


def _profile_a_tiny_image(width_edges: int) -> None:
    """Call what images are inferred and profiled with, and what matches words of so many edges."""
    network, image = tiny_network(), np.zeros((2, 2, 1), np.uint8)
    infer(network, image)
    for profile, _ in profile_layers(network, image):
        if width_edges != UNMATCHED and profile.matches_of is not None:
            profile.matches_of(width_edges)


def tiny_network() -> Network:
    """Make a network of every kind of layer: a pooled convolution, dense, scores."""
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
