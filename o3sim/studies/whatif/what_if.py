"""What-if machines: the same architecture with the limits of one unit taken away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from o3sim.config.dispatch import CENTRAL
from o3sim.config.overrides import laid_over
from o3sim.config.streaming import FIFOS

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture

WIDE = 65_536
"""A width or depth that limits nothing: far more than any machine's PEs can take in a cycle."""

ROOMY_KBIT = 1_000_000
"""A patch memory that holds the whole of any map."""

Values = Mapping[str, Any]
"""Plain values of an architecture."""

Changes = Mapping[str, Mapping[str, Any]]
"""By unit and key, what takes the place of a value."""


@dataclass(frozen=True)
class WhatIf:
    """A unit and the values of its keys that take its limits away."""

    unit: str
    what: str
    changes: Changes = field(default_factory=dict)

    def changes_of(self, values: Values) -> Changes:
        """Return what becomes of the keys that a machine has."""
        had = {unit: values.get(unit, {}) for unit in self.changes}
        changes = {
            unit: {key: value for key, value in keys.items() if key in had[unit]}
            for unit, keys in self.changes.items()
        }
        return {unit: keys for unit, keys in changes.items() if keys}


class DeepQueue(WhatIf):
    """Make the queue deep; each of its banks holds as many ops."""

    def changes_of(self, values: Values) -> Changes:
        """Return what becomes of the keys of a machine."""
        banks = values["scheduler"].get("banks", 1)
        return {"issue_queue": {"depth_ops": WIDE // banks * banks}} if "issue_queue" in values else {}


class OneQueue(WhatIf):
    """Let any PE take any op of a queue that is in banks."""

    def changes_of(self, values: Values) -> Changes:
        """Return what becomes of the keys of a machine."""
        return self.changes if "banks" in values["scheduler"] else {}


class LineBuffer(WhatIf):
    """Put a line buffer before PEs that read the banks themselves, and not memories of their own."""

    def changes_of(self, values: Values) -> Changes:
        """Return what becomes of the keys of a machine."""
        return {} if "patch_kbit" in values["activation_buffer"] else self.changes


class AllAtOnce(WhatIf):
    """Take the limits of all units away but one: that which lets more of a window run at once."""

    def changes_of(self, values: Values) -> Changes:
        """Return what becomes of the keys of a machine."""
        changes: dict[str, dict[str, Any]] = {}
        for what_if in UNIT_WHAT_IFS:
            if what_if.unit != "window limit":
                for unit, keys in what_if.changes_of(values).items():
                    changes.setdefault(unit, {}).update(keys)
        return changes


class TwiceThePEs(WhatIf):
    """Double the PEs, and the queue where a lock-step group would not fit otherwise."""

    def changes_of(self, values: Values) -> Changes:
        """Return what becomes of the keys of a machine."""
        pe, scheduler = values["pe"], values["scheduler"]
        count = (
            2 * pe["count"] if 2 * pe["count"] <= WIDE else pe["count"]
        )  # whatever divides them still does
        if scheduler.get("policy") != "lockstep":
            return {"pe": {"count": count}}
        depth = values["issue_queue"]["depth_ops"]
        return {"pe": {"count": count}, "issue_queue": {"depth_ops": max(depth, count * pe["contexts"])}}


UNIT_WHAT_IFS: tuple[WhatIf, ...] = (
    WhatIf(
        "operand banks",
        "every read granted at once",
        {
            "activation_buffer": {"banks": "ideal", "broadcast_words": "ideal"},
            "weight_buffer": {"banks": "ideal"},
        },
    ),
    LineBuffer("line buffer", "each word one access", {"activation_buffer": {"line_buffer": True}}),
    WhatIf("DRAM", "weights at once", {"dram": {"bits_per_cycle": "ideal", "latency_cycles": 0}}),
    WhatIf("sequencer", "any number of ops a cycle", {"sequencer": {"width_ops": WIDE}}),
    DeepQueue("issue queue", f"{WIDE:,} ops deep"),
    OneQueue(
        "queue banks",
        "any op to any PE, any number a cycle",
        {"scheduler": {"dispatch": CENTRAL, "issue_width_ops": WIDE}},
    ),
    WhatIf(
        "issue ports",
        "any number of ops a cycle, at once",
        {"scheduler": {"issue_width_ops": WIDE, "select_cycles": 0, "issue_latency_cycles": 0}},
    ),
    WhatIf("counters", "any number of windows a cycle", {"scheduler": {"windows_per_cycle": WIDE}}),
    WhatIf("patches", "room for any map", {"activation_buffer": {"patch_kbit": ROOMY_KBIT}}),
    WhatIf("write port", "any number of ops a cycle", {"output_buffer": {"write_width_ops": WIDE}}),
    WhatIf("PE latency", "verdict in the next cycle", {"pe": {"latency_cycles": 1}}),
    WhatIf("squash path", "seen in the next cycle", {"pruning": {"squash_latency_cycles": 1}}),
    WhatIf(
        "row FIFOs",
        "any number of rows",
        {key: {"depth_rows": "unbounded", "depth_words": "unbounded"} for key in FIFOS},
    ),
    WhatIf(
        "window limit",
        "any number of a window in flight",
        {"scheduler": {"window_in_flight_ops": "unlimited"}},
    ),
)
"""One unit each."""


ALL_AT_ONCE = AllAtOnce("all of these", "but the window limit")
TWICE_THE_PES = TwiceThePEs("PEs", "twice as many")


def what_ifs_for(machines: Sequence[Architecture]) -> list[WhatIf]:
    """List the what-ifs that change any of the machines that layers run on, unit by unit, then together.

    Twice the PEs come last.
    """
    values = [machine.model_dump() for machine in machines]
    candidates = (*UNIT_WHAT_IFS, ALL_AT_ONCE, TWICE_THE_PES)
    return [what_if for what_if in candidates if any(_differs(each, what_if) for each in values)]


def with_what_if(architecture: Architecture, what_if: WhatIf) -> Architecture:
    """Return the architecture as it would be, all stages of a pipeline included."""
    before = architecture.model_dump()
    changes = what_if.changes_of(before)
    after = _changed(before, changes)
    stages = {
        number: _changes_of_stage(stage, before, after, what_if)
        for number, stage in enumerate(before.get("stages", ()))
    }
    return architecture.with_({**changes, "stages": stages})


def _changes_of_stage(stage: Values, before: Values, after: Values, what_if: WhatIf) -> Changes:
    """Return what becomes of a stage: it states what the machine around it does not say for it."""
    changes = what_if.changes_of(laid_over(before, stage))
    inherited = laid_over(after, stage)
    return {
        unit: {key: value for key, value in keys.items() if inherited[unit][key] != value}
        for unit, keys in changes.items()
    }


def _changed(values: Values, changes: Changes) -> dict[str, Any]:
    return {**values, **{unit: {**values.get(unit, {}), **keys} for unit, keys in changes.items()}}


def _differs(before: Values, what_if: WhatIf) -> bool:
    return any({**before[unit], **keys} != before[unit] for unit, keys in what_if.changes_of(before).items())
