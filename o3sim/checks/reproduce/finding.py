"""What a check found out about a claim: one row of the table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from o3sim.checks.reproduce.claims import Claim


class Verdict(StrEnum):
    """What became of a claim here."""

    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    NOT_TESTABLE = "not testable here"


@dataclass(frozen=True)
class Finding:
    """A claim, what was measured beside it, and what follows.

    Attributes
    ----------
    key : str
        Key of the claim.
    claim : Claim
    subject : str
        Network, machine and images that were measured; what is missing where nothing was.
    measured : float or None
        In the claim's unit; None where nothing was measured.
    interval : float or None
        Half of the 95 % interval around it, in the same unit; None without one.
    machines : tuple of str
        Names of the frozen machines that it was measured on.
    verdict : Verdict
    why : str
        What the verdict rests on, or what stands in its way.
    """

    key: str
    claim: Claim
    subject: str
    measured: float | None
    verdict: Verdict
    why: str
    interval: float | None = None
    machines: tuple[str, ...] = ()


def judged(
    key: str, claim: Claim, subject: str, measured: float, why: str, machines: tuple[str, ...] = ()
) -> Finding:
    """Judge a measured figure by the claim's own margin."""
    verdict = Verdict.REPRODUCED if claim.holds_for(measured) else Verdict.NOT_REPRODUCED
    return Finding(key, claim, subject, measured, verdict, why, machines=machines)


def beside(
    key: str, claim: Claim, subject: str, measured: float, why: str, machines: tuple[str, ...] = ()
) -> Finding:
    """Set a figure beside a claim that it can neither confirm nor refute."""
    return Finding(key, claim, subject, measured, Verdict.NOT_TESTABLE, why, machines=machines)


def untestable(key: str, claim: Claim, missing: str, why: str) -> Finding:
    """Say that a claim cannot be tested, and what would be needed."""
    return Finding(key, claim, missing, None, Verdict.NOT_TESTABLE, why)
