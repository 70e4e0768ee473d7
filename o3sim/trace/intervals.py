"""Statistics over time: what a layer counts in each stretch of so many cycles, read off its events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from o3sim.config.ranges import NO_END
from o3sim.contract.events import Event, EventKind, EventWindow
from o3sim.errors import InputError
from o3sim.runs.engines import engine_name
from o3sim.runs.runner import runner_of
from o3sim.runs.watch import watch_layer
from o3sim.trace.session import MOST_EVENTS, most_events, most_events_a_cycle

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.program import LayerProgram
    from o3sim.profile.profile import LayerProfile
    from o3sim.runs.case import AnyCase
    from o3sim.runs.progress import Progress

MOST_INTERVALS = 1_000_000
"""Rows that a layer may have."""

USEFUL, WASTED, SQUASHED, STALL, OTHER = (
    "pe_cycles.useful",
    "pe_cycles.wasted",
    "pe_cycles.squashed",
    "pe_cycles.operand_stall",
    "pe_cycles.other",
)
"""PE-cycles by cause, as far as events tell causes apart: in the order of a stack."""

STACK = (USEFUL, WASTED, SQUASHED, STALL, OTHER)
COUNTS = (
    "dispatched",
    "issued",
    "decided",
    "retired",
    "squashed_sequencer",
    "squashed_queue",
    "squashed_pe",
    "words_executed",
    "weight_groups",
)
QUEUED, IN_FLIGHT = "queued_ops_mean", "in_flight_ops_mean"
LAYER, FIRST, CYCLES = "layer", "first_cycle", "cycles"

_PLACES = {"sequencer": "squashed_sequencer", "queue": "squashed_queue", "window": "squashed_queue"}
_COUNTED = {
    EventKind.DISPATCH: "dispatched",
    EventKind.ISSUE: "issued",
    EventKind.DECIDE: "decided",
    EventKind.RETIRE: "retired",
    EventKind.WEIGHTS: "weight_groups",
    EventKind.STALL: STALL,
}

Row = dict[str, Any]


class IntervalObserver:
    """Counts a layer in stretches of so many cycles, from its first event on.

    Words count in the cycle in which they go in, by what becomes of their op, so that the causes of an
    interval sum to its PE-cycles. Memory grows with the intervals, and with the ops in flight.

    Parameters
    ----------
    interval_cycles, pes : int
    decided_words : sequence of int
        Words after which each op is decided.
    """

    def __init__(self, interval_cycles: int, pes: int, decided_words: Sequence[int]) -> None:
        self._interval, self._pes, self._decided_words = interval_cycles, pes, decided_words
        self._rows: list[Row] = []
        self._open: dict[int, list[tuple[int, bool]]] = {}  # of an op in flight, its words: where, and needed
        self._queued = self._in_flight = 0
        self._held_to = 0
        self.layer_cycles = 0

    def see(self, event: Event) -> None:
        """Take one event; its cycle counts from the layer's first."""
        self._hold_to(event.cycle)
        row = self._row(event.cycle)
        counted = _COUNTED.get(event.kind)
        if counted is not None:
            row[counted] += 1
        match event.kind:
            case EventKind.WORD:
                row["words_executed"] += 1
                needed = event.value < self._decided_words[event.op]
                self._open.setdefault(event.op, []).append((event.cycle // self._interval, needed))
            case EventKind.DISPATCH:
                self._queued += 1
            case EventKind.ISSUE:
                self._queued -= 1
                self._in_flight += 1
            case EventKind.RETIRE:
                self._in_flight -= 1
                for place, needed in self._open.pop(event.op, ()):
                    self._rows[place][USEFUL if needed else WASTED] += 1
            case EventKind.SQUASH:
                self._squashed(event, row)
            case EventKind.LAYER_END:
                self.layer_cycles = event.cycle + 1

    def rows(self, name: str) -> list[Row]:
        """Return a row an interval, once the layer has ended."""
        self._hold_to(self.layer_cycles)
        for number, row in enumerate(self._rows):
            cycles = min(self._interval, self.layer_cycles - number * self._interval)
            row |= {LAYER: name, FIRST: number * self._interval, CYCLES: cycles}
            row[OTHER] = self._pes * cycles - sum(row[cause] for cause in STACK[:-1])
            row[QUEUED], row[IN_FLIGHT] = row[QUEUED] / cycles, row[IN_FLIGHT] / cycles
        return self._rows

    def _squashed(self, event: Event, row: Row) -> None:
        place = _PLACES.get(event.unit, "squashed_pe")
        row[place] += 1
        self._queued -= place == "squashed_queue"
        self._in_flight -= place == "squashed_pe"
        for number, _ in self._open.pop(event.op, ()):
            self._rows[number][SQUASHED] += 1

    def _hold_to(self, cycle: int) -> None:
        """Add up what is held at the ends of the cycles before this one, since the last event."""
        while self._held_to < cycle:
            number = self._held_to // self._interval
            end = min(cycle, (number + 1) * self._interval)
            row = self._row(self._held_to)
            row[QUEUED] += self._queued * (end - self._held_to)
            row[IN_FLIGHT] += self._in_flight * (end - self._held_to)
            self._held_to = end

    def _row(self, cycle: int) -> Row:
        """Return the counts of a cycle's interval; none before it is left out."""
        while len(self._rows) <= cycle // self._interval:
            if len(self._rows) == MOST_INTERVALS:
                raise InputError(
                    f"--interval {self._interval:,}: makes more than {MOST_INTERVALS:,} rows of a layer"
                )
            self._rows.append(dict.fromkeys((LAYER, FIRST, CYCLES, *STACK, *COUNTS, QUEUED, IN_FLIGHT), 0))
        return self._rows[cycle // self._interval]


def interval_rows(
    architecture: Architecture,
    case: AnyCase,
    layers: Sequence[int],
    interval_cycles: int,
    engine: str | None = None,
    progress: Progress | None = None,
) -> Iterator[Row]:
    """Count layers of the first image of a case in intervals; yield their rows, layer after layer.

    Each layer is run on its own, after those before it, and one with more events than memory should hold
    in several passes.

    Raises
    ------
    InputError
        If the network does not fit the machine, or there are too many intervals.
    """
    image = case.at(0, architecture.pruning.speculative)
    profiles = list(islice(image.profiles(), max(layers) + 1))
    for done, number in enumerate(layers):
        profile = profiles[number]
        if progress is not None:
            progress(profile.name, done, len(layers))
        runner = runner_of(architecture, case.network, engine)
        machine, program = runner.machines[number], runner.program(profile, number)
        observer = IntervalObserver(interval_cycles, machine.pe.count, program.decided_words.tolist())
        pass_cycles = NO_END
        if engine_name(architecture, engine) == "compiled":
            pass_cycles = _pass_cycles(machine, number, profile, program)
        first = 0
        while not observer.layer_cycles:
            end = NO_END if pass_cycles == NO_END else first + pass_cycles
            shown = EventWindow(number, first_cycle=first, end_cycle=end, of_layer=True, ends=True)
            fresh = runner_of(architecture, case.network, engine)  # a pipeline is not empty the second time
            watch_layer(fresh, profiles[: number + 1], shown, _Within(observer, end))
            first = end
        yield from observer.rows(profile.name)


def _pass_cycles(machine: Architecture, layer: int, profile: LayerProfile, program: LayerProgram) -> int:
    """Return how many cycles of a layer have no more events than memory should hold."""
    if most_events(machine, EventWindow(layer, of_layer=True), profile, program.ops) <= MOST_EVENTS:
        return NO_END
    return max(1, MOST_EVENTS // most_events_a_cycle(machine, profile))


class _Within:
    """Passes on the events of a pass, and the end of the layer only if it comes within it."""

    def __init__(self, observer: IntervalObserver, end_cycle: int) -> None:
        self._observer, self._end_cycle = observer, end_cycle

    def see(self, event: Event) -> None:
        """Take one event."""
        if event.cycle < self._end_cycle:
            self._observer.see(event)
