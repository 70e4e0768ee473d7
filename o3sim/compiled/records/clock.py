"""The clock: where a layer began, and whether it goes on."""

from __future__ import annotations


class Clock:
    """Cycles of a layer.

    Attributes
    ----------
    start_cycle : int
    last_active_cycle : int
        As in :class:`~o3sim.contract.plan.StageRun`.
    moved : int
        Whether any op or operand word moved in this cycle; -1 if a defect was found.
    ended_ops : int
        Ops retired or squashed.
    """

    start_cycle: int
    last_active_cycle: int
    moved: int
    ended_ops: int
