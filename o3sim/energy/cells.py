"""Energy of the units that decide, by their sizes: an event costs its share of the cells that area counts.

A unit that does all it can in a cycle switches all of its look-up tables and flip-flops; each of the events
that it can do then is one share of that. ``docs/energy.md`` has the table of units and events.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from o3sim.area.machine import pieces_of

if TYPE_CHECKING:
    from o3sim.area.pieces import Piece
    from o3sim.config.architecture import Architecture
    from o3sim.contract.counters import LayerCounters
    from o3sim.energy.table import CellPrices
    from o3sim.network.layer import Sized


class Role(NamedTuple):
    """What a module does, for energy.

    Attributes
    ----------
    unit : str
        The unit that its energy is reported under.
    events : callable
        How many it did, of what was counted.
    a_cycle : callable
        How many all modules of a piece can do in a cycle.
    """

    unit: str
    events: Callable[[LayerCounters], int]
    a_cycle: Callable[[Piece], int]


def _looked_up(counters: LayerCounters) -> int:
    return counters.scoreboard_reads


def _retired(counters: LayerCounters) -> int:
    return counters.scoreboard_writes


def _issued(counters: LayerCounters) -> int:
    return counters.queue_reads


def _bits(counters: LayerCounters) -> int:
    return counters.output_bits


def _executed(counters: LayerCounters) -> int:
    return counters.words_executed


def _moved(counters: LayerCounters) -> int:
    return counters.queue_writes + counters.queue_reads


def _each(name: str) -> Callable[[Piece], int]:
    return lambda piece: piece.count * piece.sizes[name]


def _one_each(piece: Piece) -> int:
    return piece.count


ROLES: dict[tuple[str, str], Role] = {
    # A PE executes a word a cycle.
    ("pe", "contexts"): Role("pe", _executed, _one_each),
    ("pe", "window_contexts"): Role("pe", _executed, _one_each),
    ("pe", "carousel_contexts"): Role("pe", _executed, _one_each),
    ("pe", "lockstep_contexts"): Role("pe", _executed, _one_each),
    ("sequencer", "sequencer"): Role("sequencer", _looked_up, _each("LOOKUPS")),
    # As many ops leave in the long run as come in, and each outcome is broadcast to all entries.
    ("issue_queue", "issue_queue"): Role(
        "issue_queue",
        lambda c: _moved(c) + _retired(c),
        lambda piece: piece.count * (2 * piece.sizes["COMING"] + piece.sizes["SEEN"]),
    ),
    ("issue_queue", ""): Role("issue_queue", _moved, _one_each),  # registers: each op has its own
    # What brings each of the ops that come to its bank: all banks look at all of them.
    ("issue_queue", "selection"): Role(
        "issue_queue", lambda c: c.queue_writes, lambda piece: piece.sizes["DEPTH"]
    ),
    ("select", "selection"): Role("scheduler", _issued, _each("ISSUE")),
    ("placement", "placement"): Role("scheduler", _issued, _each("ITEMS")),
    ("scoreboard", "scoreboard"): Role(
        "scoreboard",
        lambda c: _looked_up(c) + _retired(c),
        lambda piece: piece.sizes["LOOKUPS"] + piece.sizes["SEEN"],
    ),
    ("counters", "window_counters"): Role(
        "sequencer",
        _looked_up,
        lambda piece: piece.count * piece.sizes["COUNTERS"] * piece.sizes["WINDOWS"],
    ),
    # Windows that are handed out, and a weight word that passes of each open channel.
    ("streams", "carousel_group"): Role(
        "sequencer",
        lambda c: _looked_up(c) + c.weight_reads,
        lambda piece: piece.count * (piece.sizes["WINDOWS"] + piece.sizes["OPEN"]),
    ),
    ("verdicts", "held_outcomes"): Role("output_buffer", _retired, _one_each),
    ("write_ports", "output_buffer"): Role("output_buffer", _retired, _each("PORTS")),
    ("write_ports", "output_bits"): Role("output_buffer", _bits, _each("PORTS")),
    ("write_ports", "group_bits"): Role("output_buffer", _bits, _each("OUTCOMES")),
}
"""By what a module is counted under and its name, as area has it; others have their own prices, or none."""


OF_WINDOWS = Role("scheduler", _looked_up, _each("ITEMS"))
"""What placement does where there is no queue: its windows come from the counters."""


class Cells:
    """The units of a machine that decide, each with what an event of it costs.

    Parameters
    ----------
    architecture : Architecture
        A machine, or the machine of one stage of a pipeline.
    prices : CellPrices
    layers : sequence of Sized
        What it runs, or the stage's one layer.
    """

    def __init__(self, architecture: Architecture, prices: CellPrices, layers: Sequence[Sized] = ()) -> None:
        self._priced: list[tuple[Role, float]] = []
        self.leakage_uw = 0.0
        roles = (
            ROLES if architecture.scheduler.has_queue else ROLES | {("placement", "placement"): OF_WINDOWS}
        )
        for piece in pieces_of(architecture, layers):
            role = roles.get((piece.part_of, piece.unit))
            if role is None:
                continue
            taken = piece.taken
            in_a_cycle_pj = taken.lut * prices.lut.pj + taken.ff * prices.flip_flop.pj
            self._priced.append((role, in_a_cycle_pj / role.a_cycle(piece)))
            self.leakage_uw += (taken.lut + taken.ff) * prices.leakage.pj

    def energy_pj(self, counters: LayerCounters) -> dict[str, float]:
        """Price what one layer counted, by the unit that it is reported under; 0 of one that is not there."""
        energy = dict.fromkeys((role.unit for role in ROLES.values()), 0.0)
        for role, event_pj in self._priced:
            energy[role.unit] += role.events(counters) * event_pj
        return energy
