"""Scheduling policies, one file each; a new one is one new file and one line in ``POLICIES``."""

from __future__ import annotations

from o3sim.config.custom_code import is_custom
from o3sim.config.custom_load import load_class
from o3sim.machine.policies.in_order import InOrder
from o3sim.machine.policies.lockstep import Lockstep
from o3sim.machine.policies.out_of_order import OutOfOrder
from o3sim.machine.policies.policy import Policy, QueueView

POLICIES: dict[str, type[Policy]] = {"out_of_order": OutOfOrder, "in_order": InOrder, "lockstep": Lockstep}

__all__ = ["POLICIES", "InOrder", "Lockstep", "OutOfOrder", "Policy", "QueueView", "policy_class"]


def policy_class(name: str) -> type[Policy]:
    """Return a shipped policy by name, or load one from ``FILE.py:Class``."""
    if is_custom(name):
        return load_class(name, Policy)  # type: ignore[type-abstract]  # a base to check against
    return POLICIES[name]
