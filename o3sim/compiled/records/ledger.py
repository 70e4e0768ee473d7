"""The ledger: PE-cycles by cause. Counts are a :class:`~o3sim.contract.counters.LayerCounters`."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from o3sim.compiled.allocation import records
from o3sim.compiled.record import Table, rows
from o3sim.contract.counters import PE_CYCLE_CAUSES

_Causes: Any = namedtuple("_Causes", PE_CYCLE_CAUSES)  # type: ignore[misc]  # no literal names
CAUSE: Any = _Causes(*range(len(PE_CYCLE_CAUSES)))
"""The number of each cause, by its name in the contract."""


class Cause:
    """PE-cycles with one cause: in the cycle at hand, and in all before."""

    now: int
    pe_cycles: int


class Ledger:
    """PE-cycles by the number of their cause."""

    causes: Table[Cause]


cause_at = rows("causes", Cause)


def ledger_of() -> dict[str, Any]:
    """Begin with no cycles."""
    return {"causes": records(Cause, len(PE_CYCLE_CAUSES))}
