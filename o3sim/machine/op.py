"""One neuron on its way through the machine."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, eq=False, repr=False)
class Op:
    """The evaluation of one neuron: what is dispatched, issued, squashed and retired.

    ``index`` is its place in program order, and its age. ``words_in`` counts the words that went
    into a PE, ``gathered`` the buffer words read for the next one; ``ready_cycle`` is the first cycle
    in which that may go in, ``known_cycle`` the one from which the outcome is known (None until its
    deciding word went in). ``position`` is its neuron's place in the map, ``addend_base`` the
    bit of the activation buffer at which what it adds begins. ``word_cycles`` has the cycle
    of each word where classes race. ``bank`` is that of the issue queue, and of the PEs that it goes to.
    An op that is selected and not yet ``issued`` has its context already, and its place in the queue still.
    """

    index: int
    n_edges: int
    words: int
    decided_words: int
    outcome: int
    windows: tuple[int, ...]
    group: int
    table_row: int
    activation_base: int
    weight_base: int
    position: int = 0
    addend_base: int = 0
    bank: int = 0
    words_in: int = 0
    gathered: int = 0
    pe: int = -1
    context: int = -1
    ready_cycle: int = 0
    known_cycle: int | None = None
    issued: bool = False
    squashed: bool = False
    late: bool = False
    word_cycles: list[int] = field(default_factory=list)

    def edges_after(self, words: int, width_edges: int) -> int:
        """Edges in the first so many words."""
        return self.n_edges if words >= self.words else words * width_edges

    def __repr__(self) -> str:
        known = "" if self.known_cycle is None else f", known at {self.known_cycle}"
        return f"op {self.index} ({self.words_in}/{self.words} words{known})"
