"""Find the least depths of a pipeline's FIFOs that keep its rate, and what less of them costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import mul
from typing import TYPE_CHECKING, Any

import numpy as np

from o3sim.config.architecture import Architecture
from o3sim.config.streaming import FIFOS
from o3sim.contract.gates import StageGates
from o3sim.errors import InputError
from o3sim.results.front import non_dominated
from o3sim.runs.engines import engine_name, stage_engine_named
from o3sim.runs.pipeline.connected import Limit
from o3sim.runs.pipeline.deadlock import Waits
from o3sim.runs.pipeline.links import Connection, connections
from o3sim.runs.pipeline.stages import stage_machines
from o3sim.runs.pipeline.stream import Pipeline
from o3sim.runs.point import count_image
from o3sim.studies.fifo.ladder import Depths, ladder
from o3sim.studies.fifo.row_model import RowModel, row_times

if TYPE_CHECKING:
    from o3sim.profile.image import ProfiledImage
    from o3sim.runs.case import AnyCase

MOST_POINTS = 6
"""Depths of the ladder that are simulated, beside the last."""

LOSS = 0.001
"""Share of the rate that may be lost for it to be called kept."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Unit:
    """What depths are counted in.

    Attributes
    ----------
    name : str
        ``rows`` or ``words``, as in the key of an architecture.
    of_row : tuple of int
        How many of it a row is, in each FIFO.
    bits : tuple of int
        Of one.
    least : tuple of int
        Depths below which stages deadlock, as deep as the other FIFOs may be.
    """

    name: str
    of_row: tuple[int, ...]
    bits: tuple[int, ...]
    least: Depths


@dataclass(frozen=True)
class Depth:
    """A pipeline with FIFOs of some depths, simulated.

    Attributes
    ----------
    depths : tuple of int
        Of each FIFO.
    bits : int
        Of all FIFOs together.
    interval_cycles : float
        Mean between the ends of two images.
    worst_cycles : int
        The longest of them.
    blocked : tuple of float
        Share of the PE-cycles in which each stage was blocked.
    """

    depths: Depths
    bits: int
    interval_cycles: float
    worst_cycles: int
    blocked: tuple[float, ...]


@dataclass(frozen=True)
class FoundDepths:
    """What there is to know of a pipeline's FIFOs.

    Attributes
    ----------
    architecture : Architecture
    layers : tuple of str
        Names of the stages.
    fifos : tuple of Connection
        What the FIFOs are between.
    unit : Unit
        What depths are counted in.
    deep : Depth
        With FIFOs that never fill; its depths are what was there at most, in whole rows, without those that
        were being written.
    kept : Depth
        The least that keep the rate: no FIFO can do with one less.
    front : tuple of Depth
        Those of all simulated that no other beats in both bits and rate, by bits.
    """

    architecture: Architecture
    layers: tuple[str, ...]
    fifos: tuple[Connection, ...]
    unit: Unit
    deep: Depth
    kept: Depth
    front: tuple[Depth, ...]

    def images_per_s(self, cycles: float) -> float:
        """Turn cycles an image into a rate."""
        return 1e6 * self.architecture.clock_mhz / cycles


def with_depths(
    architecture: Architecture, fifos: Sequence[Connection], depths: Sequence[int], unit: str = "rows"
) -> Architecture:
    """Return a pipeline with a depth stated for each FIFO, in rows or words."""
    values = _without_depths(architecture).model_dump()
    count = 1 + max(fifo.reader for fifo in fifos)
    stages = list(values.get("stages") or [{}] * count)
    for fifo, depth in zip(fifos, depths, strict=True):
        stages[fifo.reader] = {**stages[fifo.reader], fifo.fifo: {f"depth_{unit}": depth}}
    return Architecture.model_validate({**values, "stages": tuple(stages)})


def find_depths(
    architecture: Architecture, case: AnyCase, progress: Progress | None = None, in_words: bool = False
) -> FoundDepths:
    """Look for depths, by row times, and simulate those worth it.

    Parameters
    ----------
    architecture : Architecture
        A pipeline; depths that it states are not looked at.
    case : Case or StoredCase
        At least two images, one after another through the pipeline.
    progress : callable, optional
        Told ``(what, simulations done, most that are to come)``.
    in_words : bool
        Go on from the rows that keep the rate to as few words.

    Raises
    ------
    InputError
        If it is no pipeline, does not fit the network, or there is one image.
    """
    if not architecture.is_pipelined:
        raise InputError(
            f"architecture {architecture.name}: organization: layer_sequential has no FIFOs between stages; "
            "take one of layer_pipelined (finn-cnv, o3bnn-pipelined)"
        )
    if len(case) < 2:
        raise InputError("--images 1: a rate takes two images at least")
    search = _Search(architecture, case, progress)
    return search.found_words() if in_words else search.found()


class _Search:
    """A pipeline on some images, whose profiles are computed once."""

    def __init__(self, architecture: Architecture, case: AnyCase, progress: Progress | None) -> None:
        self._architecture, self._case, self._progress = architecture, case, progress
        speculative = architecture.pruning.speculative
        self._images = [case.image(item, speculative, keep=True) for item in case.items()]
        layers = case.network.layers
        self._shapes = [layer.geometry for layer in layers]
        self._machines = stage_machines(_without_depths(architecture), layers)
        self._fifos = tuple(connections(layers))
        self._waits = Waits(layers, self._machines)
        places = range(len(self._fifos))
        words = [self._waits.words(place) for place in places]
        self._row_bits = tuple(each.pixels * each.pixel_bits for each in words)
        least = {
            unit: tuple(self._waits.least(place, unit) for place in places) for unit in ("rows", "words")
        }
        self._rows = Unit("rows", (1,) * len(words), self._row_bits, least["rows"])
        self._words = Unit(
            "words",
            tuple(each.of_row for each in words),
            tuple(each.width_edges for each in words),
            least["words"],
        )
        self._seen: dict[tuple[str, Depths], Depth] = {}

    def found(self) -> FoundDepths:
        """Look for depths in rows."""
        deep = self._deep()
        return self._told(self._rows, deep, self._kept_rows(deep))

    def found_words(self) -> FoundDepths:
        """Look for depths in rows, then for words that do as well."""
        deep = self._deep()
        rows = self._kept_rows(deep)
        unit, in_rows = self._words, [depth for (name, _), depth in self._seen.items() if name == "rows"]
        for each in in_rows:  # as many words as a row takes are that row
            same = tuple(map(mul, each.depths, unit.of_row))
            self._seen[unit.name, same] = replace(each, depths=same, bits=_bits(same, unit))
        self._simulated(self._first(unit), unit)
        kept = self._kept_words(self._seen[unit.name, tuple(map(mul, rows.depths, unit.of_row))], deep)
        held = tuple(map(mul, deep.depths, unit.of_row))
        return self._told(unit, replace(deep, depths=held, bits=_bits(held, unit)), kept)

    def _told(self, unit: Unit, deep: Depth, kept: Depth) -> FoundDepths:
        """Return all that was found in a unit."""
        seen = [depth for (name, _), depth in self._seen.items() if name == unit.name]
        unbeaten = non_dominated(np.array([[each.bits, each.interval_cycles] for each in seen]))
        best = sorted((seen[place] for place in np.flatnonzero(unbeaten)), key=lambda each: each.bits)
        names = tuple(layer.name for layer in self._case.network.layers)
        return FoundDepths(self._architecture, names, self._fifos, unit, deep, kept, tuple(best))

    def _limits(self, depths: Depths, unit: Unit) -> list[Limit]:
        return [Limit(place, unit.name, depth) for place, depth in enumerate(depths)]

    def _first(self, unit: Unit) -> Depths:
        """Return the least depths that run together: in a circle each FIFO alone may do with less."""
        return tuple(limit.depth for limit in self._waits.grown(self._limits(unit.least, unit)))

    def _runs(self, depths: Depths, unit: Unit) -> bool:
        return not self._waits.never_end(self._limits(depths, unit))

    def _kept_rows(self, deep: Depth) -> Depth:
        """Find the least rows that keep the rate, and simulate some with less on the way."""
        least = self._first(self._rows)
        held = (rows + 1 for rows in deep.depths)  # and the row that is being written
        most = tuple(max(pair) for pair in zip(least, held, strict=True))
        model = self._model()
        kept_by_model = model.interval_cycles(most) * (1 + LOSS)
        steps = ladder(least, most, self._row_bits, model.interval_cycles, kept_by_model)
        for place in sorted({round(each) for each in np.linspace(0, len(steps) - 1, MOST_POINTS)}):
            self._simulated(steps[place], self._rows)
        return self._kept(steps[-1], deep.interval_cycles * (1 + LOSS))

    def _kept(self, depths: Depths, kept: float) -> Depth:
        """Add rows where stages are blocked until the rate is kept, then take needless ones away."""
        found = self._simulated(depths, self._rows)
        while found.interval_cycles > kept:
            found = self._deeper(found)
        for place in self._by_bits():
            while found.depths[place] > self._rows.least[place]:
                depths = _with(found.depths, place, found.depths[place] - 1)
                if not self._runs(depths, self._rows):
                    break
                fewer = self._simulated(depths, self._rows)
                if fewer.interval_cycles > max(kept, found.interval_cycles):
                    break
                found = fewer
        return found

    def _deeper(self, found: Depth) -> Depth:
        """Add a row behind the stage that is blocked most; where nothing is won by it, behind the next one.

        Where several stages take what it puts out, each of these FIFOs is tried.
        """
        if all(fifo.reader == place + 1 for place, fifo in enumerate(self._fifos)):
            place = max(range(len(self._fifos)), key=found.blocked.__getitem__)
            return self._simulated(_with(found.depths, place, found.depths[place] + 1), self._rows)
        blocked = sorted(range(len(self._shapes)), key=lambda stage: -found.blocked[stage])
        for writer in blocked:
            places = [place for place, fifo in enumerate(self._fifos) if fifo.writer == writer]
            tried = [
                self._simulated(_with(found.depths, place, found.depths[place] + 1), self._rows)
                for place in places
            ]
            best = min(tried, key=lambda each: each.interval_cycles, default=found)
            if best.interval_cycles < found.interval_cycles:
                return best
        return self._simulated(tuple(depth + 1 for depth in found.depths), self._rows)

    def _kept_words(self, rows: Depth, deep: Depth) -> Depth:
        """Take words away from rows that keep the rate: less than a row of each, for all of it was needed."""
        unit, found, kept = self._words, rows, deep.interval_cycles * (1 + LOSS)
        for place in self._by_bits():
            enough = found.depths[place]
            short = max(unit.least[place] - 1, enough - unit.of_row[place])
            while enough - short > 1:
                middle = (enough + short) // 2
                depths = _with(found.depths, place, middle)
                fewer = self._simulated(depths, unit) if self._runs(depths, unit) else None
                if fewer is None or fewer.interval_cycles > max(kept, found.interval_cycles):
                    short = middle
                else:
                    enough, found = middle, fewer
        return found

    def _by_bits(self) -> list[int]:
        """List the FIFOs, those with most bits a row first."""
        return sorted(range(len(self._row_bits)), key=lambda each: -self._row_bits[each])

    def _deep(self) -> Depth:
        """Simulate FIFOs that never fill, and see how many rows they hold."""
        images = len(self._images)
        depths = tuple(self._shapes[fifo.writer].pooled_height * images for fifo in self._fifos)
        pipeline, found = self._run(depths, self._rows)
        held = tuple(link.rows_at_once for link in pipeline.links)
        return replace(found, depths=held, bits=_bits(held, self._rows))

    def _model(self) -> RowModel:
        """Time the rows of every stage with all its input there."""
        simulate_stage = stage_engine_named(engine_name(self._architecture))
        times = [
            [
                row_times(simulate_stage(machine, profile, _open_gates(profile)))
                for machine, profile in zip(self._machines, image.profiles(), strict=True)
            ]
            for image in self._images
        ]
        return RowModel(self._shapes, self._fifos, times)

    def _simulated(self, depths: Depths, unit: Unit) -> Depth:
        """Simulate depths, once."""
        if (unit.name, depths) not in self._seen:
            self._seen[unit.name, depths] = self._run(depths, unit)[1]
        return self._seen[unit.name, depths]

    def _run(self, depths: Depths, unit: Unit) -> tuple[Pipeline, Depth]:
        network = self._case.network
        if self._progress is not None:
            listed = ", ".join(map(str, depths))
            self._progress(f"{unit.name} {listed}", len(self._seen), len(self._seen) + 1)
        pipeline = Pipeline(with_depths(self._architecture, self._fifos, depths, unit.name), network)
        images: Sequence[ProfiledImage] = self._images
        counts = [count_image(pipeline, image, network.layers).layers for image in images]
        blocked = tuple(
            sum(each[stage].pe_cycles["blocked"] for each in counts)
            / sum(sum(each[stage].pe_cycles.values()) for each in counts)
            for stage in range(len(network.layers))
        )
        gaps = np.diff(pipeline.exits)
        interval, worst = float(gaps.mean()), int(gaps.max())
        return pipeline, Depth(depths, _bits(depths, unit), interval, worst, blocked)


def _with(depths: Depths, place: int, depth: int) -> Depths:
    return (*depths[:place], depth, *depths[place + 1 :])


def _bits(depths: Depths, unit: Unit) -> int:
    return sum(map(mul, depths, unit.bits))


def _without_depths(architecture: Architecture) -> Architecture:
    values = architecture.model_dump()
    for fifo in FIFOS:
        values.pop(fifo, None)
    values["stages"] = tuple(_other_units(stage) for stage in values.get("stages", ()))
    return Architecture.model_validate(values)


def _other_units(stage: dict[str, Any]) -> dict[str, Any]:
    return {unit: keys for unit, keys in stage.items() if unit not in FIFOS}


def _open_gates(profile: Any) -> StageGates:
    return StageGates.of_rows(profile.geometry, np.zeros(profile.geometry.out_height, np.int64))
