"""Run an architecture, and the same with one unit's limits taken away at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from o3sim.config.consent import check_consent
from o3sim.contract.counters import NEIGHBOUR_CAUSES, LayerCounters
from o3sim.contract.resident import ResidentWeights, resident_weights
from o3sim.errors import InputError
from o3sim.network.layer_names import layer_number
from o3sim.runs.case import AnyCase, StoredCase, stored_case, with_words
from o3sim.runs.point import PointCounts, PointRun, count_image, count_point
from o3sim.runs.runner import runner_of
from o3sim.studies.whatif.depths import Depths, DepthSums
from o3sim.studies.whatif.occupancy import Occupancy, OccupancyObserver
from o3sim.studies.whatif.source import Source
from o3sim.studies.whatif.what_if import ALL_AT_ONCE, TWICE_THE_PES, WhatIf, what_ifs_for, with_what_if
from o3sim.studies.whatif.window import LayerWindow, watch, watched_cycles

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture

NOTEWORTHY = 0.02
"""Saving of a what-if, as a share of cycles, from which on a unit is called limiting."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class RunCycles:
    """Cycles over all images.

    Attributes
    ----------
    layers : tuple of float
        Cycles of each layer; of a stage of a pipeline those in which it does not wait for others.
    total : int
        Cycles of the run: of all layers, or of the stream through a pipeline.
    """

    layers: tuple[float, ...]
    total: int

    @classmethod
    def of(cls, counts: PointCounts) -> RunCycles:
        """Read them off what was counted."""
        whole = sum(counters.cycles for counters in counts.layers)
        total = whole if counts.pipeline is None else counts.pipeline.stream_cycles
        return cls(tuple(_at_work(counters) for counters in counts.layers), total)


def _at_work(counters: LayerCounters) -> float:
    waits = sum(counters.pe_cycles[cause] for cause in NEIGHBOUR_CAUSES)
    pes = sum(counters.pe_cycles.values()) // counters.cycles
    return counters.cycles - waits / pes if waits else counters.cycles


@dataclass(frozen=True)
class Measured:
    """A what-if and the cycles that the machine takes with it."""

    what_if: WhatIf
    cycles: RunCycles


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where the cycles of a run went.

    Attributes
    ----------
    source : Source
    counts : PointCounts
        Counts of the run itself.
    cycles : RunCycles
        Cycles of the run itself.
    what_ifs : list of Measured
        One for each what-if that changes the architecture.
    depths : list of Depths
        Decision depths of each layer, over the images.
    machine : Architecture
        That the watched layer runs on.
    window : LayerWindow
        What the occupancy is of, in the first image.
    occupancy : Occupancy
    """

    source: Source
    counts: PointCounts
    cycles: RunCycles
    what_ifs: list[Measured]
    depths: list[Depths]
    machine: Architecture
    window: LayerWindow
    occupancy: Occupancy

    @property
    def layers(self) -> list[LayerCounters]:
        """Counts of each layer, summed over the images."""
        return self.counts.layers

    @property
    def resident(self) -> ResidentWeights:
        """Weights that stay on the chip between images."""
        return resident_weights(self.source.architecture, self.source.case.network.layers)

    def limit(self, layer: int | None = None) -> tuple[str, float]:
        """Name what limits a layer, or the whole run, and the share of cycles that is saved without it.

        One unit, if its limits alone cost :data:`NOTEWORTHY`; else several at once, if those of all
        together do; else the PEs, with what twice as many save.
        """
        savings = {run.what_if.unit: self.saving(run, layer) for run in self.what_ifs}
        twice = savings.pop(TWICE_THE_PES.unit, 0.0)
        together = savings.pop(ALL_AT_ONCE.unit, 0.0)
        unit = max(savings, key=savings.__getitem__, default="")
        if unit and savings[unit] >= NOTEWORTHY:
            return unit, savings[unit]
        return ("several at once", together) if together >= NOTEWORTHY else (TWICE_THE_PES.unit, twice)

    def saving(self, run: Measured, layer: int | None = None) -> float:
        """Share of a layer's cycles, or of the run's, that a what-if saves; negative if it costs some."""
        if layer is None:
            return 1 - run.cycles.total / self.cycles.total
        return 1 - run.cycles.layers[layer] / self.cycles.layers[layer]


def explain(
    source: Source, layer: str | None = None, progress: Progress | None = None, jobs: int = 1
) -> Explanation:
    """Run everything.

    Parameters
    ----------
    source : Source
    layer : str, optional
        Whose occupancy to watch, in the first image; the one with most cycles if not given.
    progress : callable, optional
        Told ``(what, runs done, runs in all)``.
    jobs : int
        Processes to spread the machines over; the result does not depend on it.

    Raises
    ------
    InputError
        If there is no such layer, or the run is not the saved one.
    """
    if jobs < 1:
        raise InputError(f"{jobs} jobs asked for, at least 1 is needed")
    base, case = source.architecture, source.case
    watched = None if layer is None else layer_number(layer, [each.name for each in case.network.layers])
    what_ifs = what_ifs_for(runner_of(base, case.network).machines)
    machines = [base, *(with_what_if(base, what_if) for what_if in what_ifs)]
    steps = ["as it is", *(f"{what_if.unit} without limits" for what_if in what_ifs)]
    count = _count_here if jobs == 1 else partial(_count_by_workers, jobs=jobs)
    depths = DepthSums()
    counts = count(machines, case, steps, progress, depths)
    _check_repeats(source, counts[0].layers)
    cycles, *others = map(RunCycles.of, counts)
    runs = [Measured(what_if, each) for what_if, each in zip(what_ifs, others, strict=True)]
    if watched is None:
        watched = max(range(len(cycles.layers)), key=cycles.layers.__getitem__)
    return Explanation(source, counts[0], cycles, runs, depths.layers, *_watched(source, watched))


def _count_here(
    machines: Sequence[Architecture],
    case: AnyCase,
    steps: Sequence[str],
    progress: Progress | None,
    depths: DepthSums,
) -> list[PointCounts]:
    """Run all machines in this process, image by image: they share an image's profiles."""
    runs = [PointRun(machine, case.network) for machine in machines]
    for number, item in enumerate(case.items()):
        image = case.image(item, machines[0].pruning.speculative, keep=True)
        for place, run in enumerate(runs):
            if progress is not None:
                progress(steps[place], number * len(machines) + place, len(case) * len(machines))
            run.add(count_image(run.runner, image, case.network.layers))
        depths.add(image.profiles())
    return [run.counts() for run in runs]


def _count_by_workers(
    machines: Sequence[Architecture],
    case: AnyCase,
    steps: Sequence[str],
    progress: Progress | None,
    depths: DepthSums,
    jobs: int,
) -> list[PointCounts]:
    """Run each machine in one of several processes, from profiles that are computed once."""
    from o3sim.runs.kernels import load_kernels
    from o3sim.runs.spread import spread

    load_kernels(machines, case.network.layers)
    counts: list[PointCounts] = []
    speculative = machines[0].pruning.speculative
    with (
        _in_a_folder(case, machines, progress) as stored,
        closing(
            spread(_OnCase(stored), machines, min(jobs, len(machines)), check_consent(*machines))
        ) as counted,
    ):
        for step in steps:
            if progress is not None:
                progress(step, len(counts) * len(case), len(case) * len(machines))
            counts.append(next(counted))
        for item in stored.items():
            depths.add(stored.image(item, speculative).profiles())
    return counts


@contextmanager
def _in_a_folder(
    case: AnyCase, machines: Sequence[Architecture], progress: Progress | None
) -> Iterator[StoredCase]:
    """Yield a case whose profiles lie in a folder, for a while if they do not yet."""
    if isinstance(case, StoredCase):
        yield case
        return
    with TemporaryDirectory(prefix="o3sim-explain-") as folder:
        stored = stored_case(case, Path(folder), [machines[0].pruning.speculative], progress)
        yield with_words(stored, case, machines)


@dataclass(frozen=True)
class _OnCase:
    """Runs a machine on all images: what a worker does."""

    case: StoredCase

    def __call__(self, machine: Architecture) -> PointCounts:
        return count_point(machine, self.case)


def _watched(source: Source, layer: int) -> tuple[Architecture, LayerWindow, Occupancy]:
    """Watch the queue and the PEs over the first cycles of a layer, in the first image."""
    runner = runner_of(source.architecture, source.case.network)
    image = source.case.at(0, source.architecture.pruning.speculative)
    cycles = watched_cycles(runner.machines[layer])
    observer = OccupancyObserver(cycles)
    window = watch(runner, image.profiles(), layer, (0, cycles), observer)
    return runner.machines[layer], window, observer.result(window.layer_cycles)


def _check_repeats(source: Source, layers: Sequence[LayerCounters]) -> None:
    """Refuse a result that the run does not repeat: then the images, or o3sim, are not the same."""
    if source.saved is None:
        return
    names = [counters.name for counters in layers]
    if names != [saved.name for saved in source.saved.layers]:
        raise InputError(f"the result has other layers than the network, which has: {', '.join(names)}")
    for counters, saved in zip(layers, source.saved.layers, strict=True):
        if counters.cycles != saved.cycles:
            raise InputError(
                f"layer {counters.name} takes {counters.cycles:,} cycles, in the result {saved.cycles:,}: "
                "it is of other images (name them: --image-file) or of another version of o3sim"
            )
