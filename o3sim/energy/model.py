"""Energy of a layer: what the machine counted, times the table, plus leakage over its cycles."""

from __future__ import annotations

from typing import Literal

from o3sim.config.architecture import Architecture
from o3sim.config.dispatch import CAROUSEL, CENTRAL
from o3sim.contract.counters import LayerCounters
from o3sim.energy.memory import access_pj_per_bit
from o3sim.energy.table import EnergyTable

OP_BITS = 48
"""Bits of an issue-queue entry: row, column, channel and window, 12 each."""

WINDOW_STATE_BITS = 2
"""Bits of a scoreboard entry: undecided, 1 or 0."""

BITS_PER_KBIT = 1024


class EnergyModel:
    """Price the counters of one architecture with one table; the rules are in ``docs/energy.md``.

    Parameters
    ----------
    architecture : Architecture
        Sets the sizes of memories, the width of words, the entries that the scheduler looks at,
        and the clock that turns leakage into pJ per cycle.
    table : EnergyTable
        Prices of the technology.
    """

    def __init__(self, architecture: Architecture, table: EnergyTable) -> None:
        self.architecture = architecture
        self.table = table
        pe_count = architecture.pe.count
        self._activation_bit_pj = self._buffer_bit_pj(
            architecture.activation_buffer.size_kbit, architecture.activation_buffer.banks, pe_count
        )
        halves = 1 if architecture.is_pipelined else 2  # a stage's weights take all of it
        self._weight_bit_pj = self._buffer_bit_pj(
            architecture.weight_buffer.size_kbit / halves, architecture.weight_buffer.banks, pe_count
        )
        self._has_queue = architecture.scheduler.dispatch == CENTRAL
        self._queue_entries = architecture.issue_queue.depth_ops if self._has_queue else 0
        queue_bits = max(1, self._queue_entries) * OP_BITS
        self._queue_entry_pj = OP_BITS * access_pj_per_bit(table.memory, queue_bits)
        self._patch_kbit = architecture.activation_buffer.patch_kbit or 0
        parts = 2 if architecture.scheduler.dispatch == CAROUSEL else 1  # one half is read, the other filled
        patch_bits = max(1, self._patch_kbit) * BITS_PER_KBIT / parts
        self._patch_bit_pj = access_pj_per_bit(table.memory, patch_bits)

    def _buffer_bit_pj(self, size_kbit: float, banks: int | Literal["ideal"], pe_count: int) -> float:
        """Price a bit of a banked buffer; an ideal one has a bank for every PE."""
        n_banks = pe_count if banks == "ideal" else banks
        return access_pj_per_bit(self.table.memory, size_kbit * BITS_PER_KBIT / n_banks)

    @property
    def leakage_pj_per_cycle(self) -> float:
        """Leakage of the whole machine in one clock cycle, in pJ."""
        architecture, leakage = self.architecture, self.table.leakage
        memory_kbit = (
            architecture.activation_buffer.size_kbit
            + architecture.weight_buffer.size_kbit
            + self._queue_entries * OP_BITS / BITS_PER_KBIT
            + self._patch_kbit * architecture.pe.count
        )
        power_uw = (
            leakage.machine.pj
            + leakage.pe_edge.pj * architecture.pe.count * architecture.pe.width_edges
            + leakage.memory_kbit.pj * memory_kbit
        )
        return power_uw / architecture.clock_mhz

    def energy_pj(self, counters: LayerCounters) -> dict[str, float]:
        """Price what one layer counted.

        Parameters
        ----------
        counters : LayerCounters
            Events of one layer, of one image or summed over several.

        Returns
        -------
        dict of str to float
            pJ by unit, a value for each of :data:`o3sim.energy.units.UNITS`.
        """
        table = self.table
        return {
            "pe": self._pe_pj(counters),
            "threshold_compare": self._comparisons(counters) * table.threshold_compare.comparison.pj,
            "activation_buffer": self._activation_bits(counters) * self._activation_bit_pj,
            "weight_buffer": self._weight_bits(counters) * self._weight_bit_pj,
            "patch_memory": self._patch_bits(counters) * self._patch_bit_pj,
            "activation_gather": counters.order_bits * self._gather_bit_pj,
            "issue_queue": (counters.queue_writes + counters.queue_reads) * self._queue_entry_pj,
            "scheduler": self._scheduler_pj(counters),
            "sequencer": counters.scoreboard_reads * table.sequencer.lookup.pj,
            "scoreboard": self._scoreboard_bits(counters) * self._activation_bit_pj,
            "output_buffer": (
                counters.scoreboard_writes * table.output_buffer.verdict.pj
                + counters.output_bits * table.output_buffer.bit.pj
            ),
            "dram": counters.dram_bits / 64 * table.dram.transfer.pj,
            "leakage": counters.cycles * self.leakage_pj_per_cycle,
        }

    def _pe_pj(self, counters: LayerCounters) -> float:
        prices = self.table.pe
        operand_words = counters.activation_requests + counters.weight_requests
        return (
            counters.edges_executed * prices.edge.pj
            + counters.words_executed * prices.word.pj
            + operand_words * self.architecture.pe.width_edges * prices.operand_bit.pj
        )

    def _comparisons(self, counters: LayerCounters) -> int:
        """Count comparisons: with threshold pruning each check is against two bounds."""
        return counters.threshold_compares * (2 if self.architecture.pruning.threshold else 1)

    def _activation_bits(self, counters: LayerCounters) -> int:
        """Count bits read for the PEs, and written as the next layer's input."""
        return counters.activation_reads * self.architecture.pe.width_edges + counters.output_bits

    def _patch_bits(self, counters: LayerCounters) -> int:
        """Count bits read from the patches, and broadcast into those of all PEs."""
        if not self._patch_kbit:
            return 0
        words = counters.patch_reads + counters.patch_writes
        return words * self.architecture.pe.width_edges

    def _weight_bits(self, counters: LayerCounters) -> int:
        """Count bits read for the PEs, and written as they arrive from DRAM."""
        return counters.weight_reads * self.architecture.pe.width_edges + counters.dram_bits

    @property
    def _gather_bit_pj(self) -> float:
        """Price an index bit of an edge order: read from the table, it sets a multiplexer."""
        return self._weight_bit_pj + self.table.activation_gather.multiplexer.pj

    def _scoreboard_bits(self, counters: LayerCounters) -> int:
        """Count bits of a scoreboard that are read and written; without a queue windows lie in the PEs."""
        if not self._has_queue:
            return 0
        return (counters.scoreboard_reads + counters.scoreboard_writes) * WINDOW_STATE_BITS

    def _scheduler_pj(self, counters: LayerCounters) -> float:
        prices = self.table.scheduler
        return (
            counters.queue_reads * self._entries_selected_from * prices.select.pj
            + counters.scoreboard_writes * self._entries_woken * prices.wakeup.pj
        )

    @property
    def _entries_selected_from(self) -> int:
        """Queue entries that selection looks at: all out of order, else the head."""
        return self._queue_entries if self.architecture.scheduler.policy == "out_of_order" else 1

    @property
    def _entries_woken(self) -> int:
        """Queue entries that compare their window with that of an op that retires.

        Every entry where pooling is pruned: a retirement may squash it or make it ready. Without
        that no op waits for another.
        """
        return self._queue_entries if self.architecture.pruning.pooling else 0
