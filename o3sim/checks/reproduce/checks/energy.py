"""Energy of the dense machine over that of the pruned one, on the same array and table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from o3sim.checks.reproduce.claims import Claim
from o3sim.checks.reproduce.evidence import Evidence
from o3sim.checks.reproduce.finding import Finding, beside

KEY = "energy"


def check_energy(evidence: Evidence, claims: Mapping[str, Claim]) -> Iterator[Finding]:
    """Compare energies; the published factor is over other hardware, which nothing here can stand for."""
    for trained in evidence.plain:
        pruned, dense = evidence.runs(trained, ("o3bnn", "dense"))
        on_chip = dense.on_chip_pj / pruned.on_chip_pj
        why = f"the published factor is over other platforms; without DRAM {on_chip:.2f}x"
        subject = f"{trained.subject}, dense over o3bnn, table {pruned.configuration['energy']['table']}"
        yield beside(
            KEY, claims[KEY], subject, dense.energy_pj.total / pruned.energy_pj.total, why, ("o3bnn", "dense")
        )
