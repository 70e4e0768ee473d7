"""Run the checks; write what they found as text, JSON and figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from o3sim.checks.reproduce.checks import CHECKS, KEYS_OF
from o3sim.checks.reproduce.claims import load_claims
from o3sim.checks.reproduce.evidence import Evidence
from o3sim.checks.reproduce.finding import Finding
from o3sim.checks.reproduce.frozen import digests
from o3sim.errors import InputError

SCHEMA_VERSION = 1
"""Of the JSON document; goes up when a key changes its meaning or goes away."""


def check_wanted(wanted: Sequence[str]) -> None:
    """Refuse claims that there are not.

    Raises
    ------
    InputError
    """
    claims = load_claims()
    for key in wanted:
        if key not in claims:
            raise InputError(f"--claim {key}: there is no such claim; there are {', '.join(claims)}")


def find_out(evidence: Evidence, wanted: Sequence[str] = ()) -> list[Finding]:
    """Run every check, or those of some claims alone.

    Parameters
    ----------
    wanted : sequence of str
        Keys of the claims whose rows are asked for (:func:`check_wanted`); without, all.

    Returns
    -------
    list of Finding
        In the order of the claims; rows of one claim in the order of the networks.
    """
    claims = load_claims()
    checks = CHECKS if not wanted else [check for check in CHECKS if KEYS_OF[check] & set(wanted)]
    found = [finding for check in checks for finding in check(evidence, claims)]
    found = [finding for finding in found if not wanted or finding.key in wanted]
    place = {key: number for number, key in enumerate(claims)}
    return sorted(found, key=lambda finding: place[finding.key])


def to_json(findings: Sequence[Finding]) -> str:
    """Write findings as JSON text, ending in a newline; the same findings give the same bytes."""
    document = {"schema_version": SCHEMA_VERSION, "findings": [_row(finding) for finding in findings]}
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _row(finding: Finding) -> dict[str, Any]:
    claim = finding.claim
    return {
        "claim": finding.key,
        "says": claim.says,
        "source": claim.source,
        "unit": claim.unit,
        "published": claim.published,
        "within": claim.within,
        "measured": finding.measured,
        "interval": finding.interval,
        "subject": finding.subject,
        "verdict": finding.verdict.value,
        "machines": {name: digests()[name] for name in finding.machines},
        "why": finding.why,
    }
