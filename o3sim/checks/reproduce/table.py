"""Run the checks; write what they found as text, JSON and figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from o3sim.checks.reproduce.checks import CHECKS
from o3sim.checks.reproduce.claims import load_claims
from o3sim.checks.reproduce.evidence import Evidence
from o3sim.checks.reproduce.finding import Finding

SCHEMA_VERSION = 1
"""Of the JSON document; goes up when a key changes its meaning or goes away."""


def find_out(evidence: Evidence) -> list[Finding]:
    """Run every check.

    Returns
    -------
    list of Finding
        In the order of the claims; rows of one claim in the order of the networks.
    """
    claims = load_claims()
    found = [finding for check in CHECKS for finding in check(evidence, claims)]
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
        "why": finding.why,
    }
