"""Gathering: which of the activation words of a request are asked for, and who asked which bank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from o3sim.compiled.allocation import records
from o3sim.compiled.record import Table, rows
from o3sim.compiled.records.settings import or_zero

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture


class Gathering:
    """What a request asks for: the fetches of those activation words, and whether the weight word.

    Fetches from ``first_addend`` on are of what the op adds: they follow those of its first word's edges.
    """

    first_addend: int
    first_fetch: int
    end_fetch: int
    asks_weight: int


class GatheredBank:
    """A bank: the last request that asked it, counted over all cycles; the last cycle it was of use in."""

    asked_by: int
    taken_cycle: int


class Gatherings:
    """Requests of a layer whose words may take several activation reads, and the activation banks."""

    gatherings: Table[Gathering]
    gathered_banks: Table[GatheredBank]


gathering_at = rows("gatherings", Gathering)
gathered_bank_at = rows("gathered_banks", GatheredBank)


def gatherings_of(architecture: Architecture) -> dict[str, Any]:
    """Begin with banks that were never asked."""
    banks = or_zero(architecture.activation_buffer.banks)
    return {
        "gatherings": records(Gathering, architecture.pe.count),
        "gathered_banks": records(GatheredBank, banks, asked_by=-1, taken_cycle=-1),
    }
