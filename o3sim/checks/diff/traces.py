"""Compare two canonical traces as they are read: neither has to fit in memory."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from o3sim.checks.diff.changes import Change, lines_of
from o3sim.contract.events import Event, EventKind
from o3sim.trace.canonical import canonical_line
from o3sim.trace.reading import CanonicalFile, open_any

CONTEXT_EVENTS = 3
"""Events of a unit to show before the first difference, and from it on."""

MOST_UNITS = 8
"""Units to show; the others are named."""


@dataclass
class TraceDifference:
    """What two traces do not share.

    Attributes
    ----------
    cycle : int
        First cycle in which they differ.
    lines : tuple of int
        Number of the first line that differs in each file.
    report : list of str
        All there is to say, in lines.
    """

    cycle: int
    lines: tuple[int, int]
    report: list[str]


def unit_of(event: Event) -> str:
    """Return the unit an event belongs to: a PE is one, whatever its contexts.

    >>> unit_of(Event(1, EventKind.ISSUE, 7, "pe3.1"))
    'pe3'
    """
    return event.unit.partition(".")[0]


@dataclass
class _Side:
    """One trace from the first differing cycle on, and its counts from its start."""

    counts: Counter[str] = field(default_factory=Counter)
    last_cycle: int = 0
    events: defaultdict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    in_cycle: list[Event] = field(default_factory=list)

    def count(self, event: Event) -> None:
        """Count an event."""
        place = f" in {'PEs' if event.unit.startswith('pe') else event.unit}"
        self.counts[event.kind.name.lower() + place * (event.kind is EventKind.SQUASH)] += 1
        self.last_cycle = event.cycle

    def keep(self, event: Event, cycle: int) -> None:
        """Remember what shows where the traces part."""
        kept = self.events[unit_of(event)]
        if len(kept) < CONTEXT_EVENTS:
            kept.append(event)
        if event.cycle == cycle:
            self.in_cycle.append(event)


def compare_traces(path_a: Path, path_b: Path) -> TraceDifference | None:
    """Find where two traces part; None if they do not.

    Raises
    ------
    InputError
        If a file is no trace, cut off or corrupt.
    """
    with open_any(path_a) as stream_a, open_any(path_b) as stream_b:
        files = CanonicalFile(path_a, stream_a), CanonicalFile(path_b, stream_b)
        difference = _compare(files)
    if files[0].window != files[1].window:
        windows = [f"  {name}: {file.window or 'not stated'}" for name, file in zip("AB", files, strict=True)]
        difference = difference or TraceDifference(0, (2, 2), [])
        difference.report[:0] = ["they are not of the same window:", *windows]
    return difference


def _compare(files: tuple[CanonicalFile, CanonicalFile]) -> TraceDifference | None:
    sides = _Side(), _Side()
    history: defaultdict[str, deque[Event]] = defaultdict(lambda: deque(maxlen=CONTEXT_EVENTS))
    cycle_events: list[Event] = []  # shared ones of the cycle that is read
    pairs = zip_longest(files[0].events(), files[1].events())
    for pair in pairs:
        shared = pair[0]
        if shared is None or shared != pair[1]:
            at = min(event.cycle for event in pair if event is not None)
            lines = files[0].line, files[1].line
            _read_on(pair, pairs, sides, [event for event in cycle_events if event.cycle == at], at)
            return TraceDifference(at, lines, _report(at, lines, sides, _before(history, at)))
        for each in sides:
            each.count(shared)
        if cycle_events and cycle_events[0].cycle != shared.cycle:
            cycle_events.clear()
        cycle_events.append(shared)
        history[unit_of(shared)].append(shared)
    return None


def _read_on(
    first: tuple[Event | None, Event | None],
    rest: Iterator[tuple[Event | None, Event | None]],
    sides: tuple[_Side, _Side],
    shared: list[Event],
    cycle: int,
) -> None:
    """Read both traces to their ends, keeping what comes first from the differing cycle on."""
    for side in sides:
        for same in shared:
            side.keep(same, cycle)
    pair = first
    while True:
        for side, event in zip(sides, pair, strict=True):
            if event is not None:
                side.count(event)
                side.keep(event, cycle)
        try:
            pair = next(rest)
        except StopIteration:
            return


def _before(history: dict[str, deque[Event]], cycle: int) -> dict[str, list[Event]]:
    return {unit: [event for event in events if event.cycle < cycle] for unit, events in history.items()}


def _report(
    cycle: int, lines: tuple[int, int], sides: tuple[_Side, _Side], before: dict[str, list[Event]]
) -> list[str]:
    """Say where they part, unit by unit, and what changed in all."""
    a, b = (dict.fromkeys(side.in_cycle) for side in sides)
    differing = {unit_of(event) for event in a.keys() ^ b.keys()}
    units = sorted(differing, key=lambda unit: (len(unit), unit))  # pe2 before pe10
    report = [f"first difference in cycle {cycle}, line {lines[0]} of A and {lines[1]} of B"]
    for unit in units[:MOST_UNITS]:
        report.append(f"{unit}:")
        report += [f"    {canonical_line(event)}" for event in before.get(unit, [])]
        for mark, side in zip("AB", sides, strict=True):
            report += [f"  {mark} {canonical_line(event)}" for event in side.events[unit]] or [
                f"  {mark} (the end)"
            ]
    if len(units) > MOST_UNITS:
        report.append(f"and in that cycle also {', '.join(units[MOST_UNITS:])}")
    return [*report, "what changed in all:", *lines_of(_changes(*sides))]


def _changes(a: _Side, b: _Side) -> list[Change]:
    names = list(dict.fromkeys([*a.counts, *b.counts]))
    counted = [Change(f"{name} events", a.counts[name], b.counts[name]) for name in names]
    changes = [Change("last cycle", a.last_cycle, b.last_cycle), *counted]
    return [change for change in changes if change.a != change.b] or [
        Change("events", sum(a.counts.values()), sum(b.counts.values()))
    ]
