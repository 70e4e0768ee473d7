"""Operand supply: the requests of a cycle, and what each bank chose to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from o3sim.compiled.allocation import records
from o3sim.compiled.record import Table, rows
from o3sim.compiled.records.settings import or_zero

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture

REQUEST_BITS = 20  # above the most PEs there can be
REQUEST_MASK = 2**REQUEST_BITS - 1
WRITING = -1
"""What a bank that writes in a cycle chose: no word and no request."""


class Request:
    """Whose next word is asked for, the operand words that takes, and whether it is granted.

    Attributes
    ----------
    context, pe : int
    activation_word, weight_word : int
    granted : int
    activation_taken, weight_taken : int
        Last cycle in which some PE took the word that a bank chose for this request.
    """

    context: int
    pe: int
    activation_word: int
    weight_word: int
    granted: int
    activation_taken: int
    weight_taken: int


class Bank:
    """The word that a bank reads << REQUEST_BITS | the request it chose: of the last cycle it was asked."""

    chosen: int


class OperandSupply:
    """The requests of a cycle, one more to write to in vain, and the banks of both buffers.

    A buffer in which every PE has a port has a bank for each request.
    """

    requests: Table[Request]
    activation_banks: Table[Bank]
    weight_banks: Table[Bank]


request_at = rows("requests", Request)
bank_at = rows("first", Bank)


def operand_supply_of(architecture: Architecture) -> dict[str, Any]:
    """Begin with banks that were never read."""
    pes = architecture.pe.count
    banks = or_zero(architecture.activation_buffer.banks), or_zero(architecture.weight_buffer.banks)
    return {
        "requests": records(Request, pes + 1, activation_taken=-1, weight_taken=-1),
        "activation_banks": records(Bank, max(banks[0], pes)),
        "weight_banks": records(Bank, banks[1] or pes),
    }
