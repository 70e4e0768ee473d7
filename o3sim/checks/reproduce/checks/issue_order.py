"""What pooling pruning loses when members of a window are in flight together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from o3sim.checks.reproduce.claims import Claim
from o3sim.checks.reproduce.evidence import Evidence, Trained, machine, pruned_percent
from o3sim.checks.reproduce.finding import Finding, beside, judged
from o3sim.config.architecture import Architecture
from o3sim.runs.simulation import simulate

HALF = 0.05
"""How near to 0.5 the share of ones must be for the claims, which are about 0.5, to be judged."""


MACHINES = {
    "issue-order-one": "o3bnn",
    "issue-order-two": "o3bnn-two-members",
    "issue-order-lockstep": "lockstep-pruned",
}
"""The machine of each claim; those of the first look had ideal supply and no latency to hide."""


def check_issue_order(evidence: Evidence, claims: Mapping[str, Claim]) -> Iterator[Finding]:
    """Run the network whose share of ones before the pools is nearest to one half on three machines."""
    pooled = [trained for trained in evidence.trained.values() if trained.pooled_layers()]
    if not pooled:
        return
    trained = min(pooled, key=lambda candidate: abs(evidence.p1(candidate) - 0.5))
    p1 = evidence.p1(trained)
    judge = judged if abs(p1 - 0.5) <= HALF else beside
    for key, name in MACHINES.items():
        architecture = machine(name)
        measured = _pruned(trained, architecture, evidence)
        subject = f"pooled layers of {trained.subject}, {architecture.name}"
        why = f"share of ones before the pools {p1:.2f}"
        yield judge(key, claims[key], subject, measured, why, (name,))


def _pruned(trained: Trained, architecture: Architecture, evidence: Evidence) -> float:
    result = simulate(
        architecture, trained.network, trained.images.x, progress=evidence.progress, jobs=evidence.jobs
    )
    return pruned_percent(result, trained.pooled_layers())
