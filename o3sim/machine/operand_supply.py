"""Operand supply: the banked activation and weight buffers, and who gets their words."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from o3sim.machine.bank_reads import BankReads, Banks

Request = tuple[Sequence[int], int]
"""Activation words that a PE still needs for its next word, at least one, and the weight word."""


class OperandSupply:
    """Grant operand words to PEs, at most one read a bank and cycle.

    Every bank chooses for itself: the word of the first who asks for one of its words is read, and
    everybody who asked for that word is served. A request names one weight word and one activation word,
    or several where the layer has an edge order. It is granted when all of them are served. Of several
    activation words those are asked for that come before the first that lies in a bank asked already, the
    weight word only with the last of them; what is served in that order is kept at the PE, but for the
    last one, which is of use with the weight word only. What nobody takes was read in vain.

    Parameters
    ----------
    activation_banks, weight_banks : int or "ideal"
        As for :class:`~o3sim.machine.bank_reads.BankReads`.

    Attributes
    ----------
    activation_reads, weight_reads : int
        Words read.
    reads_unused : int
        Those of both that nobody took.
    write_conflicts : int
        Requests for a word of a bank that wrote in that cycle.
    granted : int
    """

    def __init__(self, activation_banks: Banks, weight_banks: Banks) -> None:
        self.activation_banks = activation_banks
        self.weight_banks = weight_banks
        self.activation_reads = 0
        self.weight_reads = 0
        self.reads_unused = 0
        self.write_conflicts = 0
        self.granted = 0

    def grant(self, requests: Sequence[Request], writing: Collection[int] = ()) -> list[int]:
        """Arbitrate one cycle.

        Parameters
        ----------
        requests : sequence of Request
            One for each PE that asks, first served first.
        writing : collection of int
            Banks of the activation buffer that write in this cycle.

        Returns
        -------
        list of int
            How many activation words each of them took; all of them if it is granted.
        """
        activations = BankReads(self.activation_banks, writing)
        weights = BankReads(self.weight_banks)
        asked = [activations.apart(words) for words, _ in requests]
        for pe, (words, weight) in enumerate(requests):
            meets_write = [activations.ask(pe, word) for word in asked[pe]]
            self.write_conflicts += any(meets_write)
            if len(asked[pe]) == len(words):
                weights.ask(pe, weight)
        taken = [_take(pe, request, asked[pe], activations, weights) for pe, request in enumerate(requests)]
        self.granted += sum(took == len(words) for took, (words, _) in zip(taken, requests, strict=True))
        self.activation_reads += activations.reads
        self.weight_reads += weights.reads
        self.reads_unused += activations.unused + weights.unused
        return taken

    def __repr__(self) -> str:
        return f"operand supply: {self.activation_banks} activation and {self.weight_banks} weight banks"


def _take(pe: int, request: Request, asked: Sequence[int], activations: BankReads, weights: BankReads) -> int:
    """Take what is of use to one request; return how many activation words that is."""
    words, weight = request
    served = 0
    while served < len(asked) and activations.serves(pe, asked[served]):
        served += 1
    if served == len(words):
        if weights.serves(pe, weight):
            weights.take(pe, weight)
        else:
            served -= 1
    for word in words[:served]:
        activations.take(pe, word)
    return served
