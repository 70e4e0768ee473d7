"""Spread the layers of images over processes, where there are fewer images than processes.

Results are those of a run in one process: layers are put together again only where they ran as they would
have, one after another; an image of which that does not hold runs once more, here. Layers that are sampled
are pieces of their own.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from o3sim.config.dispatch import CAROUSEL
from o3sim.contract.errors import MachineError
from o3sim.contract.plan import plan_groups
from o3sim.contract.stretches import StretchRun, stretches, together
from o3sim.errors import InputError
from o3sim.runs.engines import DEFAULT_ENGINE, engine_name
from o3sim.runs.point import ImageCounts, count_image, judged
from o3sim.runs.sampling.choice import choose_layers
from o3sim.runs.spread import spread

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.weight_groups import WeightGroup
    from o3sim.network.layer import Sized
    from o3sim.profile.image import ProfiledImage
    from o3sim.profile.profile import LayerProfile
    from o3sim.runs.case import AnyCase
    from o3sim.runs.point import LayerBegins
    from o3sim.runs.runner import Runner
    from o3sim.runs.sampling.estimate import LayerSample


def can_run_apart(architecture: Architecture, layers: Sequence[Sized], engine: str | None) -> bool:
    """Return whether layers of an image can be run in different processes."""
    if architecture.is_pipelined or engine_name(architecture, engine) != DEFAULT_ENGINE:
        return False
    return len(stretches(architecture, plan_groups(architecture, layers))) > 1


def count_apart(
    runners: Sequence[Runner],
    case: AnyCase,
    jobs: int,
    code: frozenset[str],
    begins: LayerBegins | None = None,
    sample_seed: int | None = None,
) -> Generator[list[ImageCounts], None, None]:
    """Run all images of a case on several architectures, their layers spread over processes.

    Profiles are computed here, ahead of the machines by a few layers.

    Parameters
    ----------
    runners : sequence of Runner
        Of machines that :func:`can_run_apart`.
    begins : callable, optional
        Told of every layer that is done.
    sample_seed : int, optional
        Sample the layers that gain by it; stretches are drawn by it, image and layer, whatever the machine.

    Yields
    ------
    list of ImageCounts
        What each architecture did with the next image.

    Raises
    ------
    InputError
        If layers are to be sampled and none gains, or weights come too late for layers to run apart.
    """
    machines = tuple(
        _Machine(
            runner.architecture,
            tuple(case.network.layers),
            frozenset()
            if sample_seed is None
            else choose_layers(runner.architecture, case.network.layers, None).layers,
        )
        for runner in runners
    )
    images: list[dict[bool, ProfiledImage]] = []
    pieces, work = _pieces(machines, case, images, sample_seed), _OnMachines(machines)
    with closing(spread(work, pieces, jobs, code) if jobs > 1 else (work(piece) for piece in pieces)) as ran:
        for number in range(len(case)):
            found = []
            for machine, runner in zip(machines, runners, strict=True):
                runs, samples = [], {}
                for stretch in machine.stretches:
                    run, sample = next(ran)
                    if run is not None:
                        runs.append((stretch, run))
                    if sample is not None:
                        samples[stretch.start] = sample
                    if begins is not None:
                        for layer in stretch:
                            begins(f"{machine.architecture.name}, {case.network.layers[layer].name}", layer)
                image = images[number][machine.architecture.pruning.speculative]
                whole = together(machine.architecture, machine.cuts, runs)
                if whole is None and samples:
                    raise _too_late(machine.architecture)
                if whole is None or len(whole.layers) < len(case.network.layers):
                    found.append(count_image(runner, image, case.network.layers))
                else:
                    counts = judged(whole, machine.architecture, image, case.network.layers)
                    found.append(replace(counts, samples=samples))
            images[number] = {}
            yield found


def _too_late(architecture: Architecture) -> InputError:
    return InputError(
        f"--sample: {architecture.name} cannot be sampled (dram.bits_per_cycle): weights come so late that"
        " layers depend on those before them; run it without"
    )


class _Piece(NamedTuple):
    """A stretch of an image, on a machine by its number; by which seeds it is sampled, if it is."""

    machine: int
    stretch: range
    profiles: list[LayerProfile]
    seeds: tuple[int, ...] | None


class _Ran(NamedTuple):
    """What a machine did with a piece; None if an invariant did not hold."""

    run: StretchRun | None
    sample: LayerSample | None = None


@dataclass(frozen=True)
class _Machine:
    """A machine, and how an image falls apart on it."""

    architecture: Architecture
    layers: tuple[Sized, ...]
    sampled: frozenset[int] = frozenset()

    @cached_property
    def cuts(self) -> list[list[WeightGroup]]:
        """Weight groups of each layer."""
        return plan_groups(self.architecture, self.layers)

    @cached_property
    def stretches(self) -> list[range]:
        """Layers that run apart."""
        return stretches(self.architecture, self.cuts)


def _pieces(
    machines: Sequence[_Machine],
    case: AnyCase,
    images: list[dict[bool, ProfiledImage]],
    sample_seed: int | None,
) -> Iterator[_Piece]:
    """Cut image after image, one machine after the other, into stretches with their profiles."""
    for place, item in enumerate(case.items()):
        of_image: dict[bool, ProfiledImage] = {}
        images.append(of_image)
        for number, machine in enumerate(machines):
            speculative = machine.architecture.pruning.speculative
            if speculative not in of_image:
                of_image[speculative] = case.image(item, speculative, keep=len(machines) > 1)
            profiles = iter(of_image[speculative].profiles())
            for stretch in machine.stretches:
                seeds = None
                if sample_seed is not None and stretch.start in machine.sampled:
                    seeds = sample_seed, place, stretch.start
                yield _Piece(number, stretch, [_sent(next(profiles), machine) for _ in stretch], seeds)


def _sent(profile: LayerProfile, machine: _Machine) -> LayerProfile:
    """Leave at home what few machines need: parameters, to count the matches of every word, and sums."""
    if machine.architecture.scheduler.dispatch == CAROUSEL:
        return profile
    return replace(profile, matches_of=None, sums=None)


@dataclass(frozen=True)
class _OnMachines:
    """Runs a stretch on its machine: what a worker does."""

    machines: tuple[_Machine, ...]

    def __call__(self, piece: _Piece) -> _Ran:
        """Return what the machine did; None if an invariant did not hold, which a run of all layers tells."""
        from o3sim.compiled.apart import run_stretch

        machine = self.machines[piece.machine]
        if piece.seeds is not None:
            return _Ran(*_sampled(machine, piece, piece.seeds))
        try:
            return _Ran(run_stretch(machine.architecture, machine.cuts, piece.stretch, piece.profiles))
        except MachineError:
            return _Ran(None)


def _sampled(machine: _Machine, piece: _Piece, seeds: tuple[int, ...]) -> tuple[StretchRun, LayerSample]:
    """Sample a layer; the first asks for the first weights that stream."""
    from o3sim.compiled.apart import arrival_cycle, stream_from
    from o3sim.runs.sampling.layer import sample_layer

    layer = piece.stretch.start
    stream = stream_from(machine.cuts, layer) if layer == 0 else None
    run, sample = sample_layer(machine.architecture, piece.profiles[0], machine.cuts[layer][0], seeds, stream)
    full_cycles = 0 if stream is None else max(0, arrival_cycle(stream) - run.counters.cycles)
    return StretchRun([run], full_cycles), sample
