"""What brings work to PEs: queue, selection, placement and scoreboard, or counters, or streams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from o3sim.area.pes import streams_of
from o3sim.area.pieces import OP_BITS, TASK_BITS, Piece, Taken, in_step, seen_ports, write_ports
from o3sim.config.dispatch import BANKED, CAROUSEL

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture

FRONT = 2
"""A queue in order looks at so many of its first ops for each that it issues: some of them were squashed."""


def dispatch_pieces(a: Architecture) -> Iterator[Piece]:
    """Yield what brings work to the PEs of a machine."""
    if a.scheduler.has_queue:
        yield Piece("sequencer", "sequencer", {"LOOKUPS": _looked_at(a)})
        yield from _queues(a)
        if a.pruning.pooling:
            sizes = {"WINDOWS": _windows(a), "LOOKUPS": _looked_at(a), "SEEN": write_ports(a)}
            yield Piece("scoreboard", "scoreboard", sizes)
    elif a.scheduler.dispatch == CAROUSEL:
        yield from _streams(a)
    else:
        yield from _counters(a)


def _looked_at(a: Architecture) -> int:
    return a.sequencer.width_ops or 1


def _queues(a: Architecture) -> Iterator[Piece]:
    """Yield the queue, selection and placement: of each bank, if it is in banks."""
    depth, width, banks = a.issue_queue.depth_ops, _looked_at(a), a.scheduler.banks or 1
    if in_step(a) and not a.pruning.pooling:
        # Ops leave as a whole group and in order: a row of registers, each with the one place to go.
        yield Piece("issue_queue", count=depth, beside=Taken(0, OP_BITS))
        return
    own_depth, coming = depth // banks, min(width, depth // banks)
    queue = {"DEPTH": own_depth, "COMING": coming, "SEEN": seen_ports(a), "OP_BITS": OP_BITS}
    yield Piece("issue_queue", "issue_queue", queue, banks)
    if in_step(a):
        return
    if a.scheduler.dispatch == BANKED and width > 1:
        # Of the ops looked at in a cycle each bank takes its own.
        yield Piece("issue_queue", "selection", {"DEPTH": width, "ISSUE": coming, "OP_BITS": OP_BITS}, banks)
    issue = 1 if banks > 1 or a.scheduler.dispatch == BANKED else a.scheduler.issue_width_ops or 1
    looked = own_depth if a.scheduler.policy != "in_order" else min(own_depth, FRONT * issue)
    yield Piece("select", "selection", {"DEPTH": looked, "ISSUE": issue, "OP_BITS": OP_BITS}, banks)
    places = {"PES": a.pe.count // banks, "CONTEXTS": a.pe.contexts, "ITEMS": issue, "WIDTH": OP_BITS}
    yield Piece("placement", "placement", places, banks)


def _windows(a: Architecture) -> int:
    """Return the windows that ops between sequencer and outcome can belong to, a power of two."""
    in_flight = a.issue_queue.depth_ops + a.pe.count * a.pe.contexts
    if a.sequencer.order == "member_major":
        in_flight = max(in_flight, a.sequencer.group_windows or 1)
    return int(1 << (in_flight - 1).bit_length())


def _counters(a: Architecture) -> Iterator[Piece]:
    each = a.scheduler.windows_per_cycle or 1
    parts = a.scheduler.groups or a.scheduler.counters or 1
    if a.scheduler.groups:
        yield Piece("counters", "window_counters", {"COUNTERS": 1, "WINDOWS": each}, parts)
    else:
        yield Piece("counters", "window_counters", {"COUNTERS": parts, "WINDOWS": each})
    places = {"PES": a.pe.count // parts, "CONTEXTS": a.pe.contexts, "ITEMS": each, "WIDTH": TASK_BITS}
    yield Piece("placement", "placement", places, parts)


def _streams(a: Architecture) -> Iterator[Piece]:
    groups = a.scheduler.groups or 1
    sizes = {
        "PES": a.pe.count // groups,
        "OPEN": streams_of(a),
        "WINDOWS": a.scheduler.windows_per_cycle or 1,
    }
    yield Piece("streams", "carousel_group", sizes, groups)
