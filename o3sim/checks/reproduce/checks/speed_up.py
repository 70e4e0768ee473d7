"""Speed-up of the pruned out-of-order machine over the dense one on the same array."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from o3sim.checks.reproduce.claims import Claim
from o3sim.checks.reproduce.evidence import Evidence, Trained
from o3sim.checks.reproduce.finding import Finding, judged

KEY = "speed-up"


def check_speed_up(evidence: Evidence, claims: Mapping[str, Claim]) -> Iterator[Finding]:
    """Set latencies of o3bnn and dense beside each other, network by network."""
    for trained in evidence.plain:
        yield judged(KEY, claims[KEY], f"{trained.subject}, o3bnn over dense", *_measured(evidence, trained))


def _measured(evidence: Evidence, trained: Trained) -> tuple[float, str]:
    """Return the speed-up, and what bounds it."""
    pruned, dense = evidence.runs(trained, ("o3bnn", "dense"))
    interleaved = evidence.run(trained, "in-order-interleaved")
    most = pruned.edges.total / pruned.edges.executed
    why = (
        f"same array: the edges left allow {most:.2f}x at most;"
        f" in-order-interleaved reaches {dense.latency_us / interleaved.latency_us:.2f}x"
    )
    return dense.latency_us / pruned.latency_us, why
