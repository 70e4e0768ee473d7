"""Operand supply: the banked activation and weight buffers, and who gets their words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Banks = int | Literal["ideal"]


class OperandSupply:
    """Grant operand words to PEs, at most one read a bank and cycle.

    A request names one activation word and one weight word and is granted whole or not at all. It
    is granted if, for each of the two, its bank reads nothing yet in this cycle or reads just that
    word (multicast). Requests are served in the order given, which the PE array rotates.

    Parameters
    ----------
    activation_banks, weight_banks : int or "ideal"
        Single-ported banks, word address modulo banks. An ideal buffer has a port for every PE: it
        grants everything, and as nobody waits for anybody nobody shares: each grant is one read.
    """

    def __init__(self, activation_banks: Banks, weight_banks: Banks) -> None:
        self.activation_banks = activation_banks
        self.weight_banks = weight_banks
        self.activation_reads = 0
        self.weight_reads = 0
        self.granted = 0

    def grant(self, requests: Sequence[tuple[int, int]]) -> list[bool]:
        """Arbitrate one cycle.

        Parameters
        ----------
        requests : sequence of (int, int)
            Activation and weight word address of each request, first served first.

        Returns
        -------
        list of bool
            Which of them are granted.
        """
        activation_banks, weight_banks = self.activation_banks, self.weight_banks
        activations: dict[int, int] = {}  # bank -> word it reads
        weights: dict[int, int] = {}
        grants = []
        for activation, weight in requests:
            activation_bank = -1 if activation_banks == "ideal" else activation % activation_banks
            weight_bank = -1 if weight_banks == "ideal" else weight % weight_banks
            granted = (
                activation_bank < 0 or activations.get(activation_bank, activation) == activation
            ) and (weight_bank < 0 or weights.get(weight_bank, weight) == weight)
            if granted:
                activations[activation_bank] = activation
                weights[weight_bank] = weight
            grants.append(granted)
        words = sum(grants)
        self.activation_reads += words if activation_banks == "ideal" else len(activations)
        self.weight_reads += words if weight_banks == "ideal" else len(weights)
        self.granted += words
        return grants

    def __repr__(self) -> str:
        return f"operand supply: {self.activation_banks} activation and {self.weight_banks} weight banks"
