"""Operand supply: the requests of a cycle, and which banks are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from o3sim.compiled.allocation import records
from o3sim.compiled.record import Table, rows
from o3sim.compiled.records.settings import or_zero

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture


class Request:
    """Whose next word is asked for, the operand words that takes, and whether it is granted."""

    context: int
    pe: int
    activation_word: int
    weight_word: int
    granted: int


class Claim:
    """A bank's claim: a stamp of the cycle it was last read in, with the address it read in its low bits.

    So claims of earlier cycles need no clearing, and one comparison tells them apart.
    """

    stamp: int


class OperandSupply:
    """The requests of a cycle, and the claims on the banks of both buffers."""

    requests: Table[Request]
    activation_claims: Table[Claim]
    weight_claims: Table[Claim]


request_at = rows("requests", Request)
claim_at = rows("claims", Claim)


def operand_supply_of(architecture: Architecture) -> dict[str, Any]:
    """Begin with banks that were never read."""
    return {
        "requests": records(Request, architecture.pe.count),
        "activation_claims": records(Claim, or_zero(architecture.activation_buffer.banks), stamp=-1),
        "weight_claims": records(Claim, or_zero(architecture.weight_buffer.banks), stamp=-1),
    }
