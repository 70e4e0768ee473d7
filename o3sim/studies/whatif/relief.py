"""What-if machines: the same architecture with the limits of one unit taken away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture

WIDE = 65_536
"""A width or depth that limits nothing: far more than any machine's PEs can take in a cycle."""


@dataclass(frozen=True)
class Relief:
    """A unit and the values of its keys, by unit and key, that take its limits away."""

    unit: str
    what: str
    changes: Mapping[str, Mapping[str, Any]]


UNIT_RELIEFS: tuple[Relief, ...] = (
    Relief(
        "operand banks",
        "every read granted at once",
        {"activation_buffer": {"banks": "ideal"}, "weight_buffer": {"banks": "ideal"}},
    ),
    Relief("DRAM", "weights at once", {"dram": {"bits_per_cycle": "ideal", "latency_cycles": 0}}),
    Relief("sequencer", "any number of ops a cycle", {"sequencer": {"width_ops": WIDE}}),
    Relief("issue queue", f"{WIDE:,} ops deep", {"issue_queue": {"depth_ops": WIDE}}),
    Relief(
        "issue ports",
        "any number of ops a cycle, at once",
        {"scheduler": {"issue_width_ops": WIDE, "issue_latency_cycles": 0}},
    ),
    Relief("write port", "any number of ops a cycle", {"output_buffer": {"write_width_ops": WIDE}}),
    Relief("PE latency", "verdict in the next cycle", {"pe": {"latency_cycles": 1}}),
    Relief("squash path", "seen in the next cycle", {"pruning": {"squash_latency_cycles": 1}}),
    Relief(
        "window limit",
        "any number of a window in flight",
        {"scheduler": {"window_in_flight_ops": "unlimited"}},
    ),
)
"""One unit each."""


def _merged(reliefs: tuple[Relief, ...]) -> dict[str, dict[str, Any]]:
    changes: dict[str, dict[str, Any]] = {}
    for relief in reliefs:
        for unit, keys in relief.changes.items():
            changes.setdefault(unit, {}).update(keys)
    return changes


_FREE_OF_CHARGE = tuple(relief for relief in UNIT_RELIEFS if relief.unit != "window limit")
ALL_AT_ONCE = Relief("all of these", "but the window limit", _merged(_FREE_OF_CHARGE))
TWICE_THE_PES = "PEs"


def reliefs_for(architecture: Architecture) -> list[Relief]:
    """List the reliefs that change an architecture, units one by one, then all, then twice the PEs."""
    twice = Relief(TWICE_THE_PES, "twice as many", _twice_the_pes(architecture))
    before = architecture.model_dump()
    return [relief for relief in (*UNIT_RELIEFS, ALL_AT_ONCE, twice) if _differs(before, relief)]


def relieved(architecture: Architecture, relief: Relief) -> Architecture:
    """Return the architecture with a relief."""
    values = architecture.model_dump()
    for unit, keys in relief.changes.items():
        values[unit] = {**values[unit], **keys}
    return type(architecture).model_validate(values)


def _differs(before: dict[str, Any], relief: Relief) -> bool:
    return any({**before[unit], **keys} != before[unit] for unit, keys in relief.changes.items())


def _twice_the_pes(architecture: Architecture) -> dict[str, dict[str, Any]]:
    """Double the PEs, and the queue where a lock-step group would not fit otherwise."""
    count = min(2 * architecture.pe.count, WIDE)
    depth = max(architecture.issue_queue.depth_ops, count * architecture.pe.contexts)
    changes: dict[str, dict[str, Any]] = {"pe": {"count": count}}
    if architecture.scheduler.policy == "lockstep":
        changes["issue_queue"] = {"depth_ops": depth}
    return changes
