"""The banks of one buffer in one cycle: which word each reads, and whether anybody takes it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

Banks = int | Literal["ideal"]
Port = int | tuple[int, int]


class BankReads:
    """Reads of one cycle: each bank chooses the word of the first who asks it, for all who want that word.

    Parameters
    ----------
    banks : int or "ideal"
        Single-ported banks, word address modulo banks. An ideal buffer has a port for every word that a
        PE asks for: everybody is served, nobody shares.
    writing : collection of int
        Banks that write in this cycle, and so read nothing.
    """

    def __init__(self, banks: Banks, writing: Collection[int] = ()) -> None:
        self._banks = banks
        self._writing = writing
        self._chosen: dict[Port, int] = {}
        self._taken: set[Port] = set()

    def apart(self, words: Sequence[int]) -> Sequence[int]:
        """Return the first of some words, as far as each lies in a bank of its own."""
        if self._banks == "ideal":
            return words
        banks: set[int] = set()
        for count, word in enumerate(words):
            if word % self._banks in banks:
                return words[:count]
            banks.add(word % self._banks)
        return words

    def ask(self, pe: int, word: int) -> bool:
        """Ask for a word on behalf of a PE; tell if its bank writes in this cycle.

        Those who ask first are chosen.
        """
        port = self._port(pe, word)
        if port in self._writing:
            return True
        self._chosen.setdefault(port, word)
        return False

    def serves(self, pe: int, word: int) -> bool:
        """Return whether a word that a PE asked for is read."""
        return self._chosen.get(self._port(pe, word)) == word

    def take(self, pe: int, word: int) -> None:
        """Note that a PE makes use of a word that is read."""
        self._taken.add(self._port(pe, word))

    @property
    def reads(self) -> int:
        """Words read."""
        return len(self._chosen)

    @property
    def unused(self) -> int:
        """Words read of which no PE made use."""
        return len(self._chosen) - len(self._taken)

    def _port(self, pe: int, word: int) -> Port:
        return (pe, word) if self._banks == "ideal" else word % self._banks
