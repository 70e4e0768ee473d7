"""The PE array: places ops on PEs, moves their words, takes their verdicts."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from o3sim.machine.free_pes import FreePEs
from o3sim.machine.op import Op
from o3sim.machine.operand_supply import OperandSupply
from o3sim.machine.pe import PE

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.program import LayerProgram


class PEArray:
    """All PEs of the machine.

    Parameters
    ----------
    architecture : Architecture
    supply : OperandSupply
    make_pe : callable
        Makes PE ``(index, contexts, speculate)``.
    ranges : int
        Parts of the array, of as many PEs in a row, that are given ops apart from one another.

    Attributes
    ----------
    addend_words : int
        Words taken that held what ops add.
    on_word, on_stall : callable or None
        Told ``(op, word)`` of every word that goes in, and the op of every refused request; None
        where nobody observes.
    """

    def __init__(
        self,
        architecture: Architecture,
        supply: OperandSupply,
        make_pe: Callable[[int, int, bool], PE] = PE,
        ranges: int = 1,
    ) -> None:
        pe = architecture.pe
        self.supply = supply
        self.width_edges = pe.width_edges
        self.latency_cycles = pe.latency_cycles
        self.issue_latency_cycles = architecture.scheduler.issue_latency_cycles
        self._checks_bounds = self._classes_race = False
        self._first_cycle = 0
        self.contexts = pe.count * pe.contexts
        self.pes = [make_pe(index, pe.contexts, pe.speculate) for index in range(pe.count)]
        self._free = FreePEs(self.pes, pe.contexts, ranges)
        self._busy: list[int] = []
        self._verdicts: dict[int, list[Op]] = {}
        self._fetch_bits: list[list[list[int]]] = []
        self._weight_words: list[list[int]] = []
        self._addend_bits: list[int] = []
        self.addend_words = 0
        self.on_word: Callable[[Op, int], None] | None = None
        self.on_stall: Callable[[Op], None] | None = None

    def begin_layer(self, program: LayerProgram, checks_bounds: bool, cycle: int) -> None:
        """Take over the operand addresses of a layer, whether its words are checked, and its first cycle."""
        self._first_cycle = cycle
        self._checks_bounds = checks_bounds
        self._classes_race = program.race is not None
        self._fetch_bits = program.addresses.fetches()
        self._weight_words = program.addresses.weight_word.tolist()
        self._addend_bits = [] if program.addend is None else program.addend.offset_bit.tolist()

    def take_verdicts(self, cycle: int) -> list[Op]:
        """Return the ops whose outcome is known from this cycle on, and free their contexts.

        Those that a word decided come first, one a PE; then those that need none, oldest first.
        """
        known = [op for op in self._verdicts.pop(cycle, ()) if not op.squashed]
        known.sort(key=lambda op: (not op.decided_words, op.index))
        for op in known:
            if op.context >= 0:
                self._release(op)
        return known

    def squash(self, settled: Callable[[Op], bool]) -> list[Op]:
        """Drop the issued ops in contexts all of whose windows are seen to be 1; lowest PE first."""
        held = (op for i in self._busy for op in self.pes[i].held if op is not None)
        dropped = [op for op in held if op.issued and settled(op)]
        for op in dropped:
            self.drop(op)
        return dropped

    def drop(self, op: Op) -> None:
        """Free the context of an op that is squashed."""
        op.squashed = True
        self._release(op)

    def place(self, op: Op, issue_cycle: int, number: int) -> None:
        """Give an op, to be issued in a cycle, to a range's free PE that holds fewest, the lowest of them.

        Its first word may go in ``issue_latency_cycles`` after its issue; an op that needs no word is
        known in the cycle after that.
        """
        pe = self.pes[self._free.first(number)]
        self._free.take(pe)
        if not pe.occupied:
            insort(self._busy, pe.index)
        pe.accept(op)
        self._free.put(pe)
        op.ready_cycle = issue_cycle + self.issue_latency_cycles
        if op.decided_words == 0:
            self._know(op, op.ready_cycle + 1)

    def move_words(self, cycle: int, idle_cause: str, writing: Collection[int]) -> dict[str, int]:
        """Let every PE ask for a word, arbitrate, and put the granted words in.

        Parameters
        ----------
        cycle : int
        idle_cause : str
            Why PEs that hold neither an op nor an unwritten verdict have nothing to do.
        writing : collection of int
            Banks of the activation buffer that write in this cycle.

        Returns
        -------
        dict of str to int
            PE-cycles by cause; words that went in stand under ``word``, for they are judged only
            when their op ends.
        """
        busy = self._busy
        causes: dict[str, int] = {}
        if len(busy) < len(self.pes):
            causes[idle_cause] = len(self.pes) - len(busy)
        first = bisect_left(busy, (cycle - self._first_cycle) % len(self.pes))
        asking: list[Op] = []
        requests: list[tuple[list[int], int]] = []
        for index in busy[first:] + busy[:first]:
            op = self.pes[index].select(cycle)
            if isinstance(op, str):
                causes[op] = causes.get(op, 0) + 1
            else:
                asking.append(op)
                requests.append(self._addresses(op))
        if asking:
            words = self._serve(asking, requests, self.supply.grant(requests, writing), cycle)
            causes["word"] = words
            causes["operand_stall"] = len(asking) - words
        return causes

    def _addresses(self, op: Op) -> tuple[list[int], int]:
        """Activation words an op needs for its next word and has not read yet, and the weight word."""
        words: list[int] = []
        for bit in self._fetch_bits[op.table_row][op.words_in]:
            word = (op.activation_base + bit) // self.width_edges
            if not words or word != words[-1]:
                words.append(word)
        if op.words_in == 0:
            words += self._addend_words(op)
        return words[op.gathered :], op.weight_base + self._weight_words[op.table_row][op.words_in]

    def _addend_words(self, op: Op) -> list[int]:
        """Activation words that hold what an op adds, which it takes with its first word."""
        words: list[int] = []
        for bit in self._addend_bits:
            word = (op.addend_base + bit) // self.width_edges
            if not words or word != words[-1]:
                words.append(word)
        return words

    def _serve(
        self, asking: list[Op], requests: list[tuple[list[int], int]], taken: list[int], cycle: int
    ) -> int:
        """Put in the words that were granted; return how many."""
        words = 0
        for op, (needed, _), took in zip(asking, requests, taken, strict=True):
            if took == len(needed):
                words += 1
                op.gathered = 0
                if op.words_in == 0:
                    self.addend_words += len(self._addend_words(op))
                self._put_in(op, cycle)
                continue
            op.gathered += took
            if self.on_stall is not None:
                self.on_stall(op)
        return words

    def _put_in(self, op: Op, cycle: int) -> None:
        """Move one word of an op into its PE."""
        if self.on_word is not None:
            self.on_word(op, op.words_in)
        op.words_in += 1
        if self._classes_race:
            op.word_cycles.append(cycle)
        op.ready_cycle = cycle + (self.latency_cycles if self._checks_bounds else 1)
        if op.words_in == op.decided_words:
            self._know(op, cycle + self.latency_cycles)
        if op.words_in == op.words:
            self._release(op)

    def _know(self, op: Op, cycle: int) -> None:
        """Note from which cycle an op's outcome is known."""
        op.known_cycle = cycle
        self._verdicts.setdefault(cycle, []).append(op)

    def _release(self, op: Op) -> None:
        """Free an op's context from the next look of the scheduler on."""
        pe = self.pes[op.pe]
        self._free.take(pe)
        pe.release(op)
        self._free.put(pe)
        self._leave_if_idle(pe)

    def hold_verdict(self, op: Op) -> None:
        """Stall an op's PE from the next cycle on: its verdict could not be written."""
        op.late = True
        pe = self.pes[op.pe]
        if not pe.late_verdicts and not pe.occupied:
            insort(self._busy, pe.index)
        self._free.take(pe)
        pe.late_verdicts += 1

    def verdict_written(self, op: Op) -> None:
        """Let an op's PE go on from the next cycle on, unless more verdicts wait."""
        pe = self.pes[op.pe]
        pe.late_verdicts -= 1
        self._free.put(pe)
        self._leave_if_idle(pe)

    def _leave_if_idle(self, pe: PE) -> None:
        """Count a PE as idle if it holds neither an op nor an unwritten verdict."""
        if not pe.occupied and not pe.late_verdicts:
            self._busy.remove(pe.index)

    @property
    def free_contexts(self) -> int:
        """Free contexts of the PEs that can be given an op."""
        return self._free.contexts

    def free_contexts_of(self, number: int) -> int:
        """Free contexts of a range's PEs that can be given an op."""
        return self._free.contexts_of(number)

    @property
    def busy(self) -> int:
        """PEs that hold an op or an unwritten verdict."""
        return len(self._busy)

    def next_move(self, cycle: int) -> int | None:
        """Next cycle in which a waiting PE can go on, or a verdict will be known."""
        moves = (self.pes[index].next_move(cycle) for index in self._busy)
        return min([*self._verdicts, *(move for move in moves if move is not None)], default=None)

    def __repr__(self) -> str:
        return "\n".join(repr(self.pes[index]) for index in self._busy) or "PEs: all idle"
