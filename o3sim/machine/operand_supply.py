"""Operand supply: the banked activation and weight buffers, and who gets their words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Banks = int | Literal["ideal"]


class OperandSupply:
    """Grant operand words to PEs, at most one read a bank and cycle.

    A request names one weight word and one activation word, or several where the layer has an edge
    order. A word can be read if its bank reads nothing yet in this cycle or reads just that word
    (multicast). Activation words are read in the order given, as many as can be; the last of them only
    together with the weight word: with that the request is granted. What was read before is kept at
    the PE. Requests are served in the order given, which the PE array rotates.

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
        self._activations: dict[int, int] = {}  # bank -> word it reads in this cycle
        self._weights: dict[int, int] = {}

    def grant(self, requests: Sequence[tuple[Sequence[int], int]]) -> list[int]:
        """Arbitrate one cycle.

        Parameters
        ----------
        requests : sequence of (sequence of int, int)
            Addresses of the activation words still to be read, at least one, and of the weight word of
            each request, first served first.

        Returns
        -------
        list of int
            How many activation words each of them read; all of them if it is granted.
        """
        self._activations.clear()
        self._weights.clear()
        taken = [self._take(words, weight) for words, weight in requests]
        granted = sum(took == len(words) for took, (words, _) in zip(taken, requests, strict=True))
        ideal = self.activation_banks == "ideal"
        self.activation_reads += sum(taken) if ideal else len(self._activations)
        self.weight_reads += granted if self.weight_banks == "ideal" else len(self._weights)
        self.granted += granted
        return taken

    def _take(self, words: Sequence[int], weight: int) -> int:
        """Read what can be read for one request; return how many activation words that is."""
        for count, word in enumerate(words):
            last = count == len(words) - 1
            if not _can_read(self._activations, self.activation_banks, word):
                return count
            if last and not _can_read(self._weights, self.weight_banks, weight):
                return count
            _read(self._activations, self.activation_banks, word)
        _read(self._weights, self.weight_banks, weight)
        return len(words)

    def __repr__(self) -> str:
        return f"operand supply: {self.activation_banks} activation and {self.weight_banks} weight banks"


def _can_read(reading: dict[int, int], banks: Banks, word: int) -> bool:
    return banks == "ideal" or reading.get(word % banks, word) == word


def _read(reading: dict[int, int], banks: Banks, word: int) -> None:
    if banks != "ideal":
        reading[word % banks] = word
