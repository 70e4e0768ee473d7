"""What can go wrong inside a machine; none of it is expected in a run."""

from __future__ import annotations


class MachineError(Exception):
    """An invariant of ``docs/machine.md`` does not hold: a defect of o3sim or of a custom unit."""


class MachineStuckError(MachineError):
    """No unit can move and ops are left; the message shows every unit."""
