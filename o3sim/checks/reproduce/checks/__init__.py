"""One file a group of claims; :data:`CHECKS` lists them in the order of the table.

A check is a function that takes the evidence and the claims and yields a finding for each claim
that it is about. It measures through the evidence, so that what two checks need runs once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from o3sim.checks.reproduce.checks.energy import check_energy
from o3sim.checks.reproduce.checks.issue_order import check_issue_order
from o3sim.checks.reproduce.checks.latency import check_latency
from o3sim.checks.reproduce.checks.no_loss import check_no_loss
from o3sim.checks.reproduce.checks.operations import check_operations
from o3sim.checks.reproduce.checks.regularisation import check_regularisation
from o3sim.checks.reproduce.checks.speed_up import check_speed_up
from o3sim.checks.reproduce.claims import Claim
from o3sim.checks.reproduce.evidence import Evidence
from o3sim.checks.reproduce.finding import Finding

Check = Callable[[Evidence, Mapping[str, Claim]], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    check_operations,
    check_no_loss,
    check_speed_up,
    check_regularisation,
    check_latency,
    check_energy,
    check_issue_order,
)

KEYS_OF: Mapping[Check, frozenset[str]] = {
    check_operations: frozenset({"pruned-cifar", "pruned-vgg16", "pruned-alexnet", "pruned-average"}),
    check_no_loss: frozenset({"no-loss"}),
    check_speed_up: frozenset({"speed-up"}),
    check_regularisation: frozenset({"regularisation"}),
    check_latency: frozenset({"latency-alexnet", "latency-vgg16"}),
    check_energy: frozenset({"energy"}),
    check_issue_order: frozenset({"issue-order-one", "issue-order-two", "issue-order-lockstep"}),
}
"""The claims that each is about."""
