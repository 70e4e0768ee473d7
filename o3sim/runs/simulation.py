"""Simulate networks on architectures: the Python interface behind `o3sim run`."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from o3sim.config.architecture import Architecture
from o3sim.config.changes import checked
from o3sim.config.consent import check_consent
from o3sim.energy.table import load_table
from o3sim.errors import InputError
from o3sim.network.images import Images
from o3sim.results.result import RunResult
from o3sim.runs.case import AnyCase, Case
from o3sim.runs.layers_apart import can_run_apart, count_apart
from o3sim.runs.point import NOBODY, ImageCounts, PointRun, Watch, count_on_all, result_of
from o3sim.runs.progress import Progress, RunProgress
from o3sim.runs.runner import Runner, runner_of
from o3sim.runs.sampling.choice import choose_layers

if TYPE_CHECKING:
    from o3sim.network.network import Network

__all__ = ["Progress", "simulate", "simulate_all", "simulate_case"]


def simulate(
    architecture: Architecture,
    network: Network,
    images: NDArray[Any],
    labels: Sequence[int] | None = None,
    progress: Progress | None = None,
    engine: str | None = None,
    jobs: int = 1,
    synthetic_images: bool = False,
) -> RunResult:
    """Simulate one architecture, cycle by cycle.

    Parameters
    ----------
    architecture : Architecture
        Checked anew, whatever was done to it.
    network : Network
    images : ndarray, shape (images, ...)
        As the network's input takes them, at least one.
    labels : sequence of int, optional
        The right class of each image.
    progress : callable, optional
        Told of every layer that begins, or of every image where there are several jobs.
    engine : {"compiled", "simpy"}, optional
        What computes the machine, by default the fastest that can; the result does not depend on it.
    jobs : int
        Processes to spread the images over, or their layers where there are fewer images; the result
        does not depend on it. A script that asks for more than one needs ``if __name__ == "__main__":``,
        since they import it.

    synthetic_images : bool
        Whether the images were made up; results say so.

    Raises
    ------
    InputError
        If there are no images, the architecture is not valid or the network does not fit it, the energy
        table is wrong, the engine does not exist or cannot run the architecture, its code is not allowed to
        run, or a process died.
    MachineError
        If an invariant of the machine does not hold.
    """
    valid = [checked(architecture)]
    return simulate_all(valid, network, images, labels, progress, engine, jobs, synthetic_images)[0]


def simulate_all(
    architectures: Sequence[Architecture],
    network: Network,
    images: NDArray[Any],
    labels: Sequence[int] | None = None,
    progress: Progress | None = None,
    engine: str | None = None,
    jobs: int = 1,
    synthetic_images: bool = False,
) -> list[RunResult]:
    """Simulate several architectures on the same images, sharing what does not depend on them.

    Parameters and errors as for :func:`simulate`.

    Returns
    -------
    list of RunResult
        In the order of the architectures.
    """
    if labels is not None and len(labels) != len(images):
        raise InputError(f"{network.name}: {len(images)} images but {len(labels)} labels")
    right = None if labels is None else np.array(labels, np.int64)
    case = Case(network, Images(images, right, synthetic_images))
    return simulate_case(architectures, case, progress, engine, jobs)


def simulate_case(
    architectures: Sequence[Architecture],
    case: AnyCase,
    progress: Progress | None = None,
    engine: str | None = None,
    jobs: int = 1,
    watch: Watch = NOBODY,
    sample_seed: int | None = None,
) -> list[RunResult]:
    """Simulate several architectures on a case, sharing what does not depend on them.

    Functional inference and the termination profile of an image are computed, or read, once.
    Everything is checked before the first image runs.

    Parameters
    ----------
    architectures : sequence of Architecture
    case : Case or StoredCase
    watch : Watch
        Who is shown which events of the first image, on every architecture; of one job only.
    sample_seed : int, optional
        Run stretches of large layers, drawn by this seed, and estimate what all take; results say so
        (``docs/sampling.md``).

    Other parameters, and errors, as for :func:`simulate`; another is that no layer gains by being sampled.

    Returns
    -------
    list of RunResult
        In the order of the architectures.
    """
    code = check_consent(*architectures)
    tables = [load_table(architecture.energy.table) for architecture in architectures]
    _check(case, jobs)
    runs = [
        PointRun(architecture, case.network, engine, table)
        for architecture, table in zip(architectures, tables, strict=True)
    ]
    if any(architecture.is_pipelined for architecture in architectures):
        jobs = 1  # when an image of a stream finds a stage free depends on those before it
    told = RunProgress(progress, case.network, len(runs), len(case))
    runners = [run.runner for run in runs]
    if sample_seed is not None:
        for architecture in architectures:
            choose_layers(architecture, case.network.layers, engine)
        images = _counted_by_layers(runners, case, jobs, code, told, sample_seed)
    elif jobs == 1:
        images = _counted_here(runners, case, told, watch)
    elif len(case) < jobs and all(
        can_run_apart(architecture, case.network.layers, engine) for architecture in architectures
    ):
        images = _counted_by_layers(runners, case, jobs, code, told)
    else:
        images = _counted_by_workers(
            _OnAll(tuple(architectures), case.without_images(), engine), case, jobs, code, told
        )
    with closing(images) as counted:
        for image in counted:
            for run, counts in zip(runs, image, strict=True):
                run.add(counts)
    told.finish()
    pairs = zip(architectures, runs, tables, strict=True)
    return [
        result_of(architecture, case, run.counts(), table, sample_seed) for architecture, run, table in pairs
    ]


Counted = Generator[list[ImageCounts], None, None]
"""For each image, in order, what each architecture did with it."""


def _counted_here(runners: Sequence[Runner], case: AnyCase, told: RunProgress, watch: Watch) -> Counted:
    """Run all images in this process."""
    for item in case.items():
        yield count_on_all(runners, case, item, told.layer_begins, watch)
        watch = NOBODY
        told.image_done()


def _counted_by_workers(
    work: _OnAll, case: AnyCase, jobs: int, code: frozenset[str], told: RunProgress
) -> Counted:
    """Run all images in several processes."""
    from o3sim.runs.kernels import load_kernels
    from o3sim.runs.spread import spread

    load_kernels(work.architectures, case.network.layers)
    told.tell_images()
    with closing(spread(work, case.items(), min(jobs, len(case)), code)) as counted:
        for image in counted:
            yield image
            told.image_done()
            told.tell_images()


def _counted_by_layers(
    runners: Sequence[Runner],
    case: AnyCase,
    jobs: int,
    code: frozenset[str],
    told: RunProgress,
    sample_seed: int | None = None,
) -> Counted:
    """Run the layers of all images apart, in several processes where there are several jobs."""
    from o3sim.runs.kernels import load_kernels

    load_kernels([runner.architecture for runner in runners], case.network.layers)
    with closing(count_apart(runners, case, jobs, code, told.layer_begins, sample_seed)) as counted:
        for image in counted:
            yield image
            told.image_done()


@dataclass(frozen=True)
class _OnAll:
    """Runs an image on all architectures: what a worker does."""

    architectures: tuple[Architecture, ...]
    case: AnyCase
    engine: str | None

    @cached_property
    def runners(self) -> list[Runner]:
        """One for each architecture; no image depends on those before it."""
        return [
            runner_of(architecture, self.case.network, self.engine) for architecture in self.architectures
        ]

    def __call__(self, item: Any) -> list[ImageCounts]:
        return count_on_all(self.runners, self.case, item)


def _check(case: AnyCase, jobs: int) -> None:
    if len(case) == 0:
        raise InputError(f"{case.network.name}: no images to run")
    if jobs < 1:
        raise InputError(f"{jobs} jobs asked for, at least 1 is needed")
