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
    cycle, wake : int
        Of a stage that was stopped: the cycle that it has come to, and the next one in which it can go on
        by itself.
    is_stopped, is_asleep : int
        Whether it was stopped, and whether that cycle has passed and it only waits.
    limit_cycle : int
        Last cycle that may pass before more is known of what its next op waits for.
    """

    start_cycle: int
    last_active_cycle: int
    moved: int
    ended_ops: int
    cycle: int
    wake: int
    is_stopped: int
    is_asleep: int
    limit_cycle: int
