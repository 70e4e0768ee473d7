"""What the two regularisers bring: latency of pairs of networks that differ in nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from statistics import fmean

from o3sim.checks.reproduce.claims import Claim
from o3sim.checks.reproduce.evidence import Evidence, energy_beside, shipped_networks
from o3sim.checks.reproduce.finding import Finding, Verdict, untestable
from o3sim.checks.reproduce.interval import mean_and_interval
from o3sim.checks.reproduce.training_logs import TrainingLog, load_logs

KEY = "regularisation"

LEAST_PAIRS = 3
"""Seeds that a statement needs."""

ACCURACY_POINTS = 0.5
"""Percentage points of accuracy that may be lost on average for it to count as kept."""

MACHINES = ("o3bnn", "dense")
"""What the networks run on, and what its energy is set beside."""

Pair = tuple[TrainingLog, TrainingLog]


def check_regularisation(evidence: Evidence, claims: Mapping[str, Claim]) -> Iterator[Finding]:
    """Compare regularised with plain networks, seed by seed: a row for each family, order and weights."""
    groups = pairs_of(load_logs().values(), set(shipped_networks()))
    for pairs in groups:
        yield _finding(evidence, claims[KEY], pairs)
    if not groups:
        why = f"needs trainings of {LEAST_PAIRS} seeds with and without the regularisers"
        yield untestable(KEY, claims[KEY], "no such networks", why)


def pairs_of(logs: Iterable[TrainingLog], shipped: Container[str]) -> list[list[Pair]]:
    """Find the plain and the regularised training of each seed.

    Parameters
    ----------
    shipped : container of str
        Names whose parameters are at hand; other trainings are left out.

    Returns
    -------
    list of list of (TrainingLog, TrainingLog)
        Pairs by seed, for each family, order and setting of the regularisers; none of them empty.
    """
    chosen = sorted((log for log in logs if log.name in shipped), key=lambda log: (log.recipe, log.seed))
    plain = {(log.family, log.order, log.seed): log for log in chosen if not log.regularised}
    groups: dict[tuple[object, ...], list[Pair]] = defaultdict(list)
    for log in chosen:
        before = plain.get((log.family, log.order, log.seed))
        if log.regularised and before is not None:
            groups[log.recipe].append((before, log))
    return list(groups.values())


def _finding(evidence: Evidence, claim: Claim, pairs: Sequence[Pair]) -> Finding:
    """Judge the gain if enough seeds can be run; else say what there is."""
    runnable = [pair for pair in pairs if all(log.name in evidence.trained for log in pair)]
    if len(runnable) >= LEAST_PAIRS:
        return _judged(evidence, claim, runnable)
    missing = (
        f"{len(pairs)} of the {LEAST_PAIRS} seeds that a verdict needs"
        if len(pairs) < LEAST_PAIRS
        else f"images of {len(runnable)} of {len(pairs)} seeds only, see --image-file"
    )
    gains = [_gain_percent(evidence, *pair) for pair in runnable]
    used = runnable or pairs
    why = f"{missing}; {_trade(used)}"
    if gains:
        why += f"; {_at_half_a_point(gains, runnable)}; {_energies(evidence, runnable)}"
    return Finding(
        KEY, claim, _subject(used), fmean(gains) if gains else None, Verdict.NOT_TESTABLE, why, None, MACHINES
    )


def _judged(evidence: Evidence, claim: Claim, pairs: Sequence[Pair]) -> Finding:
    gains = [_gain_percent(evidence, *pair) for pair in pairs]
    gain, interval = mean_and_interval(gains)
    kept = fmean(_accuracy_gains(pairs)) >= -ACCURACY_POINTS
    verdict = Verdict.REPRODUCED if claim.holds_for(gain) and kept else Verdict.NOT_REPRODUCED
    why = (
        f"{_trade(pairs)} (kept: down {ACCURACY_POINTS} at most); {_at_half_a_point(gains, pairs)};"
        f" 95 % intervals over seeds; {_energies(evidence, pairs)}"
    )
    return Finding(KEY, claim, _subject(pairs), gain, verdict, why, interval, MACHINES)


def _at_half_a_point(gains: Sequence[float], pairs: Sequence[Pair]) -> str:
    """Say what is gained where accuracy falls by what may be lost, on the line from plain to regularised."""
    allowed = [
        gain * min(1.0, ACCURACY_POINTS / max(-points, ACCURACY_POINTS))
        for gain, points in zip(gains, _accuracy_gains(pairs), strict=True)
    ]
    return f"interpolated to {ACCURACY_POINTS} points lost {_points(allowed, 1)} %"


def _energies(evidence: Evidence, pairs: Sequence[Pair]) -> str:
    """Say what dense spends on the regularised networks, the first of the seeds."""
    trained = evidence.trained[pairs[0][1].name]
    return energy_beside(evidence.run(trained, "dense"), evidence.run(trained, "o3bnn"))


def _subject(pairs: Sequence[Pair]) -> str:
    _, log = pairs[0]
    seeds = ", ".join(str(pair[1].seed) for pair in pairs)
    return f"{log.family}, {log.order}, seed{'s' * (len(pairs) > 1)} {seeds}, o3bnn"


def _trade(pairs: Sequence[Pair]) -> str:
    """Say, by the logs, what was gained in edges and what it cost in accuracy."""
    pruned = _points([after.pruned_percent - before.pruned_percent for before, after in pairs], 1)
    accuracy = _points(_accuracy_gains(pairs), 2)
    return f"by the logs edges pruned {pruned} points, accuracy {accuracy} points"


def _accuracy_gains(pairs: Sequence[Pair]) -> list[float]:
    """Return the percentage points of accuracy gained, seed by seed."""
    return [100 * (after.accuracy - before.accuracy) for before, after in pairs]


def _points(values: Sequence[float], digits: int) -> str:
    if len(values) < 2:
        return f"{values[0]:+.{digits}f}"
    mean, interval = mean_and_interval(values)
    return f"{mean:+.{digits}f} +- {interval:.{digits}f}"


def _gain_percent(evidence: Evidence, before: TrainingLog, after: TrainingLog) -> float:
    """Return by how much more images a second the regularised network gets through."""
    slow, fast = (evidence.run(evidence.trained[log.name], "o3bnn").latency_us for log in (before, after))
    return 100 * (slow / fast - 1)
