"""Output bits: on their way from the output buffer into the banks of the activation buffer."""

from __future__ import annotations

from o3sim.contract.sums import value_bits
from o3sim.machine.bank_reads import Banks


class OutputBits:
    """Hand final bits of a layer's output to their banks: from the next cycle on, a word a bank and cycle.

    As long as words are left for a later cycle the output buffer takes no outcomes. So there are never
    more than what the outcomes of one cycle made final. Where every PE has ports of its own, where the
    bits are scores, or go on to the next stage of a pipeline, no bank is needed.

    Parameters
    ----------
    banks : int or "ideal"
        Banks of the activation buffer.
    width_edges : int
        Bits of its words.

    Attributes
    ----------
    writing : set of int
        Banks that write in the next cycle.
    words_written : int
        Words that have gone to their banks.
    """

    def __init__(self, banks: Banks, width_edges: int) -> None:
        self._banks = banks
        self._width_edges = width_edges
        self._first_word: int | None = None
        self._first_sum_word = self._sum_bits = 0
        self._words: list[int] = []
        self.writing: set[int] = set()
        self.words_written = 0

    def begin_layer(self, first_word: int | None, first_sum_word: int = 0, sum_bits: int = 0) -> None:
        """Take over where a layer's output lies, None if it goes elsewhere; and its sums, of so many bits."""
        self._first_word = first_word
        self._first_sum_word, self._sum_bits = first_sum_word, sum_bits

    def take(self, windows: list[int]) -> None:
        """Take the bits of windows that are final, each with its sum, if the layer writes sums."""
        if self._banks == "ideal" or self._first_word is None:
            return
        for window in windows:
            self._words.append(self._first_word + window // self._width_edges)
            if self._sum_bits:
                first = window * self._sum_bits
                bits = value_bits(self._sum_bits, self._width_edges)
                self._words += [self._first_sum_word + (first + bit) // self._width_edges for bit in bits]

    def step(self) -> None:
        """Choose what the banks write in the next cycle: each all bits of one word."""
        chosen: dict[int, int] = {}
        if self._banks != "ideal":
            for word in self._words:
                chosen.setdefault(word % self._banks, word)
        going = set(chosen.values())
        self._words = [word for word in self._words if word not in going]
        self.words_written += len(chosen)
        self.writing = set(chosen)

    @property
    def are_held(self) -> bool:
        """Whether words are left for a later cycle than the next."""
        return bool(self._words)

    def __repr__(self) -> str:
        return f"output bits: {len(self._words)} words wait, banks {sorted(self.writing)} write next"
