"""What a golden is compared by: everything, or figures within a tolerance, or all but the energy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from o3sim.checks.diff.changes import Change
from o3sim.errors import InputError

PARTS = ("energy", "traces")
"""What may be left out."""

_SQUASHED_IN = ("sequencer", "queue", "pe")

_EXACT = frozenset({"images", "classes", "class", "scores", "accuracy", "agreement"})
"""Numbers of a result that are no measure of the machine's work: what was computed, and on how much."""

_OPS = frozenset({"dispatched", "issued", "retired"} | {f"squashed_{where}" for where in _SQUASHED_IN})
"""Events that count ops: parts of all ops."""

_READS = ("activation_reads", "line_buffer_reads", "weight_reads")
"""Events of which unused reads are a part."""

_ENERGY = frozenset({"energy", "pj", "fj", "watt"})
"""Words in the keys of all figures that an energy table has a part in."""


@dataclass(frozen=True)
class Strictness:
    """What of a golden has to be as recorded.

    Attributes
    ----------
    tolerance : float or None
        Share that a figure may be off: of its recorded value, or of the recorded whole that it is a part of
        (all PE-cycles, edges, energy, ops, reads). With one, figures alone count, not inputs and traces.
    without : frozenset of str
        Those of :data:`PARTS` that are not compared.
    """

    tolerance: float | None = None
    without: frozenset[str] = frozenset()

    @property
    def compares_traces(self) -> bool:
        """Whether traces have to be as recorded, event by event."""
        return self.compares_inputs and "traces" not in self.without

    @property
    def compares_inputs(self) -> bool:
        """Whether what is run has to be what was run, even if the figures are the same."""
        return self.tolerance is None

    def forgives(self, change: Change, recorded: Mapping[str, Any] | None) -> bool:
        """Return whether a value may differ so.

        Parameters
        ----------
        recorded : mapping, optional
            The figures that it stands among, as recorded; not given for what was run.
        """
        keys = re.split(r"[.\[\]]+", change.name)
        if "energy" in self.without and any(_ENERGY & set(key.split("_")) for key in keys):
            return True
        if recorded is None or _EXACT & set(keys) or not (_is_number(change.a) and _is_number(change.b)):
            return False
        return abs(change.b - change.a) <= (self.tolerance or 0.0) * abs(_whole(keys, recorded, change.a))


def _whole(keys: list[str], recorded: Mapping[str, Any], value: float) -> float:
    """Return what a change is a share of: what the figure is a part of, or else itself."""
    group = recorded.get(keys[0])
    if not isinstance(group, Mapping):
        return value
    if keys[0] == "pe_cycles":
        return float(sum(group.values()))
    if keys[0] == "events":
        return _whole_of_event(keys[1], recorded, value)
    return float(group.get("total", value))


def _whole_of_event(event: str, recorded: Mapping[str, Any], value: float) -> float:
    """Return the count that an event is a part of, or else its own."""
    events = recorded["events"]
    if event in _OPS and "ops" in events:
        return float(events["ops"])
    if event == "reads_unused":
        return float(sum(events.get(reads, 0) for reads in _READS))
    if event == "write_conflicts" and "pe_cycles" in recorded:  # each is a stall of a PE-cycle
        return float(sum(recorded["pe_cycles"].values()))
    return value


def strictness(tolerance: float | None, without: str | Iterable[str]) -> Strictness:
    """Make one from what a user asks for.

    Raises
    ------
    InputError
        If the tolerance is no share, or a part none of :data:`PARTS`.
    """
    if tolerance is not None and not (_is_number(tolerance) and 0 <= tolerance < 1):
        raise InputError(f"tolerance {tolerance}: expected a share from 0 to below 1, as 0.02 for 2 %")
    parts = (without,) if isinstance(without, str) else tuple(without)
    for part in parts:
        if part not in PARTS:
            raise InputError(f"without {part}: expected {' or '.join(PARTS)}")
    return Strictness(tolerance, frozenset(parts))


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
