"""The report of `o3sim reproduce`: published figures beside measured ones, and the verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from o3sim.checks.reproduce.finding import Finding
from o3sim.report.console import print_note
from o3sim.report.numbers import ABSENT, significant

LEGEND = (
    "Published figures are the papers' (or the first look's) own, on their networks and hardware; measured"
    " ones are this simulator's, on the networks named. docs/reproduce.md has the margins of verdicts."
)


def print_findings(console: Console, findings: Sequence[Finding]) -> None:
    """Write the table, then the reason of every verdict under its number."""
    console.print(_table(findings))
    for number, finding in enumerate(findings, start=1):
        print_note(console, f"{number:>3}  {finding.claim.source}. {finding.subject}: {finding.why}.")
    console.print()
    print_note(console, LEGEND)


def _table(findings: Sequence[Finding]) -> Table:
    from rich.box import SIMPLE_HEAD

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("claim")
    table.add_column("published", justify="right", no_wrap=True)
    table.add_column("measured", justify="right", no_wrap=True)
    table.add_column("on", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    said = ""
    for number, finding in enumerate(findings, start=1):
        again = finding.claim.says == said
        said = finding.claim.says
        published = f"{significant(finding.claim.published)} {finding.claim.unit}"
        cells = ("", "") if again else (said, published)
        table.add_row(str(number), *cells, measured_text(finding), finding.subject, finding.verdict.value)
    return table


def measured_text(finding: Finding) -> str:
    """Write a measured figure with its unit, and its interval if it has one."""
    if finding.measured is None:
        return ABSENT
    unit = finding.claim.unit
    if finding.interval is not None:
        return f"{finding.measured:.1f} +- {finding.interval:.1f} {unit}"
    digits = f"{finding.measured:.1f}" if unit == "%" else significant(finding.measured)
    return f"{digits} {unit}"
