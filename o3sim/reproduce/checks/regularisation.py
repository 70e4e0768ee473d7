"""What the two regularisers bring: latency of pairs of networks that differ in nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from o3sim.reproduce.claims import Claim
from o3sim.reproduce.evidence import Evidence
from o3sim.reproduce.finding import Finding, Verdict, untestable
from o3sim.reproduce.interval import mean_and_interval
from o3sim.reproduce.training_logs import TrainingLog, load_logs

KEY = "regularisation"

LEAST_PAIRS = 3
"""Seeds that a statement needs."""

ACCURACY_POINTS = 0.5
"""Percentage points of accuracy that may be lost on average for it to count as kept."""

Pair = tuple[TrainingLog, TrainingLog]


def check_regularisation(evidence: Evidence, claims: Mapping[str, Claim]) -> Iterator[Finding]:
    """Compare regularised with plain networks, seed by seed, in each family and order."""
    groups = pairs_of(load_logs().values(), evidence.trained)
    for (family, order), pairs in sorted(groups.items()):
        if len(pairs) >= LEAST_PAIRS:
            yield _judged(evidence, claims[KEY], f"{family}, {order}, {len(pairs)} seeds", pairs)
    if all(len(pairs) < LEAST_PAIRS for pairs in groups.values()):
        why = f"needs trainings of {LEAST_PAIRS} seeds with and without the regularisers"
        yield untestable(KEY, claims[KEY], "no such networks", why)


def pairs_of(logs: Iterable[TrainingLog], shipped: Container[str]) -> dict[tuple[str, str], list[Pair]]:
    """Find the plain and the regularised training of each seed, by family and order.

    Parameters
    ----------
    shipped : container of str
        Names whose networks are at hand; other trainings are left out.
    """
    plain: dict[tuple[str, str, int], TrainingLog] = {}
    regularised: dict[tuple[str, str, int], TrainingLog] = {}
    for log in logs:
        if log.name in shipped:
            (regularised if log.regularised else plain)[log.family, log.order, log.seed] = log
    pairs: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for key in sorted(plain.keys() & regularised.keys()):
        pairs[key[:2]].append((plain[key], regularised[key]))
    return dict(pairs)


def _judged(evidence: Evidence, claim: Claim, subject: str, pairs: Sequence[Pair]) -> Finding:
    gains = [_gain_percent(evidence, before, after) for before, after in pairs]
    losses = [100 * (before.accuracy - after.accuracy) for before, after in pairs]
    gain, gain_interval = mean_and_interval(gains)
    loss, loss_interval = mean_and_interval(losses)
    holds = claim.holds_for(gain) and loss <= ACCURACY_POINTS
    pruned = mean_and_interval([after.pruned_percent - before.pruned_percent for before, after in pairs])[0]
    why = (
        f"accuracy {-loss:+.2f} +- {loss_interval:.2f} points (kept: down {ACCURACY_POINTS} at most),"
        f" edges pruned {pruned:+.1f} points; 95 % intervals over seeds"
    )
    verdict = Verdict.REPRODUCED if holds else Verdict.NOT_REPRODUCED
    return Finding(KEY, claim, f"{subject}, o3bnn", gain, verdict, why, gain_interval)


def _gain_percent(evidence: Evidence, before: TrainingLog, after: TrainingLog) -> float:
    """Return by how much more images a second the regularised network gets through."""
    slow, fast = (evidence.run(evidence.trained[log.name], "o3bnn").latency_us for log in (before, after))
    return 100 * (slow / fast - 1)
