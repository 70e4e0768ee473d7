"""Speed-up of the pruned out-of-order machine over the dense one on the same array and memories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from o3sim.checks.reproduce.claims import Claim
from o3sim.checks.reproduce.evidence import Evidence, Trained, energy_beside
from o3sim.checks.reproduce.finding import Finding, judged

KEY = "speed-up"


class Supply(NamedTuple):
    """What a pair of machines gets its operands from."""

    says: str
    pruned: str
    dense: str


SUPPLIES = (
    Supply("weights on the chip", "o3bnn", "dense"),
    Supply("weights streamed", "o3bnn-streamed", "dense-streamed"),
    Supply("ideal supply", "o3bnn-ideal", "dense-ideal"),
)
"""Buildable memories with weights that stay between images and without, then memories that refuse nothing."""


def check_speed_up(evidence: Evidence, claims: Mapping[str, Claim]) -> Iterator[Finding]:
    """Set latencies of o3bnn and dense beside each other, network by network."""
    for trained in evidence.plain:
        for supply in SUPPLIES:
            yield _finding(evidence, claims[KEY], trained, supply)


def _finding(evidence: Evidence, claim: Claim, trained: Trained, supply: Supply) -> Finding:
    """Judge the speed-up, and say what bounds it and what it costs."""
    pruned, dense = (evidence.run(trained, name) for name in (supply.pruned, supply.dense))
    most = pruned.edges.total / pruned.edges.executed
    why = f"same array: the edges left allow {most:.2f}x at most; {energy_beside(dense, pruned)}"
    if supply is SUPPLIES[0]:
        interleaved = evidence.run(trained, "in-order-interleaved")
        why += f"; in-order-interleaved reaches {dense.latency_us / interleaved.latency_us:.2f}x"
    subject = f"{trained.subject}, o3bnn over dense, {supply.says}"
    speed_up = dense.latency_us / pruned.latency_us
    return judged(KEY, claim, subject, speed_up, why, (supply.pruned, supply.dense))
