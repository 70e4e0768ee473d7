"""Energy of a layer: what the machine counted, times the table, plus leakage over its cycles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from o3sim.config.architecture import Architecture
from o3sim.config.dispatch import CAROUSEL
from o3sim.contract.counters import LayerCounters
from o3sim.contract.storage import BITS_PER_KBIT, OP_BITS, storage_of, threshold_bits
from o3sim.energy.cells import Cells
from o3sim.energy.memory import access_pj_per_bit
from o3sim.energy.table import EnergyTable

if TYPE_CHECKING:
    from o3sim.network.layer import Sized

WINDOW_STATE_BITS = 2
"""Bits of a scoreboard entry: undecided, 1 or 0."""


class EnergyModel:
    """Price the counters of one architecture with one table; the rules are in ``docs/energy.md``.

    Parameters
    ----------
    architecture : Architecture
        Sets the sizes of memories, the width of words, the entries that the scheduler looks at,
        and the clock that turns leakage into pJ per cycle.
    table : EnergyTable
        Prices of the technology.
    layers : sequence of Sized
        What it runs, or a stage of a pipeline's one layer: the line buffer and the table of thresholds
        are as large as these ask for.
    """

    def __init__(self, architecture: Architecture, table: EnergyTable, layers: Sequence[Sized] = ()) -> None:
        self.architecture = architecture
        self.table = table
        self._cells = Cells(architecture, table.cells, layers) if table.cells else None
        self.storage_kbit = storage_of(architecture, layers)
        pe_count = architecture.pe.count
        self._activation_bit_pj = self._buffer_bit_pj(
            architecture.activation_buffer.size_kbit, architecture.activation_buffer.banks, pe_count
        )
        buffer = architecture.weight_buffer
        if architecture.is_pipelined:  # a stage's weights take all of it
            half_kbit = resident_kbit = float(buffer.size_kbit)
        else:
            half_kbit, resident_kbit = (buffer.size_kbit - buffer.resident_kbit) / 2, buffer.resident_kbit
        self._streamed_bit_pj = self._buffer_bit_pj(half_kbit, buffer.banks, pe_count)
        self._resident_bit_pj = self._buffer_bit_pj(resident_kbit, buffer.banks, pe_count)
        self._has_queue = architecture.scheduler.has_queue
        self._queue_entries = architecture.issue_queue.depth_ops if self._has_queue else 0
        self._bank_entries = self._queue_entries // (architecture.scheduler.banks or 1)
        queue_bits = max(1, self._bank_entries) * OP_BITS
        self._queue_entry_pj = OP_BITS * access_pj_per_bit(table.memory, queue_bits)
        self._patch_kbit = architecture.activation_buffer.patch_kbit or 0
        parts = 2 if architecture.scheduler.dispatch == CAROUSEL else 1  # one half is read, the other filled
        patch_bits = max(1, self._patch_kbit) * BITS_PER_KBIT / parts
        self._patch_bit_pj = access_pj_per_bit(table.memory, patch_bits)

        self._line_buffer_bit_pj = self._buffer_bit_pj(
            self.storage_kbit.line_buffer, architecture.activation_buffer.banks, pe_count
        )
        self._table_bit_pj = self._buffer_bit_pj(self.storage_kbit.thresholds, 1, pe_count)
        self._threshold_pj = threshold_bits(layers) * self._table_bit_pj

    def _buffer_bit_pj(self, size_kbit: float, banks: int | Literal["ideal"], pe_count: int) -> float:
        """Price a bit of a banked buffer, 0 if there is none; an ideal one has a bank for every PE.

        A bank holds a word at least, however small the buffer.
        """
        if not size_kbit:
            return 0.0
        n_banks = pe_count if banks == "ideal" else banks
        bank_bits = max(size_kbit * BITS_PER_KBIT / n_banks, self.architecture.pe.width_edges)
        return access_pj_per_bit(self.table.memory, bank_bits)

    @property
    def leakage_pj_per_cycle(self) -> float:
        """Leakage of the whole machine in one clock cycle, in pJ."""
        architecture, leakage = self.architecture, self.table.leakage
        memory_kbit = (
            architecture.activation_buffer.size_kbit
            + architecture.weight_buffer.size_kbit
            + self._queue_entries * OP_BITS / BITS_PER_KBIT
            + self._patch_kbit * architecture.pe.count
            + self.storage_kbit.own
        )
        if self._cells is not None:  # what is among its cells is no memory
            memory_kbit -= self._queue_entries * OP_BITS / BITS_PER_KBIT + self.storage_kbit.verdicts
        power_uw = (
            leakage.machine.pj
            + leakage.pe_edge.pj * architecture.pe.count * architecture.pe.width_edges
            + leakage.memory_kbit.pj * memory_kbit
        )
        if self._cells is not None:
            power_uw += self._cells.leakage_uw
        return power_uw / architecture.clock_mhz

    def energy_pj(self, counters: LayerCounters, stays: bool = False) -> dict[str, float]:
        """Price what one layer counted.

        Parameters
        ----------
        counters : LayerCounters
            Events of one layer, of one image or summed over several.
        stays : bool
            Whether its weights stay on the chip, in the part of the weight buffer that is for that.

        Returns
        -------
        dict of str to float
            pJ by unit, a value for each of :data:`o3sim.energy.units.UNITS`.
        """
        table = self.table
        weight_bit_pj = self._resident_bit_pj if stays else self._streamed_bit_pj
        energy = {
            "pe": self._pe_pj(counters),
            "threshold_compare": self._comparisons(counters) * table.threshold_compare.comparison.pj,
            "activation_buffer": self._activation_bits(counters) * self._activation_bit_pj,
            "line_buffer": self._line_buffer_bits(counters) * self._line_buffer_bit_pj,
            "weight_buffer": self._weight_bits(counters) * weight_bit_pj,
            "threshold_table": counters.threshold_reads * self._threshold_pj
            + counters.constant_bits * self._table_bit_pj,
            "sums": counters.sums * table.sums.sum.pj,
            "patch_memory": self._patch_bits(counters) * self._patch_bit_pj,
            # An index bit of an edge order is read from its table, and sets a multiplexer.
            "activation_gather": counters.order_bits
            * (weight_bit_pj + table.activation_gather.multiplexer.pj),
            "issue_queue": (counters.queue_writes + counters.queue_reads) * self._queue_entry_pj,
            "scheduler": self._scheduler_pj(counters),
            "sequencer": counters.scoreboard_reads * table.sequencer.lookup.pj,
            "scoreboard": self._scoreboard_bits(counters) * self._activation_bit_pj,
            "output_buffer": (
                counters.scoreboard_writes * table.output_buffer.verdict.pj
                + (counters.output_bits + counters.sum_bits) * table.output_buffer.bit.pj
            ),
            "dram": counters.dram_bits / 64 * table.dram.transfer.pj,
            "leakage": counters.cycles * self.leakage_pj_per_cycle,
        }
        if self._cells is not None:
            energy |= self._cells.energy_pj(counters)
            energy["pe"] += self._pe_pj(counters)
        return energy

    def load_pj(self, bits: int, cycles: int) -> float:
        """Price the loading of weights that stay: transfers, writes as they arrive, leakage meanwhile."""
        transfers_pj = bits / 64 * self.table.dram.transfer.pj
        return transfers_pj + bits * self._resident_bit_pj + cycles * self.leakage_pj_per_cycle

    def _pe_pj(self, counters: LayerCounters) -> float:
        prices = self.table.pe
        operand_words = counters.activation_requests + counters.addend_words + counters.weight_requests
        return (
            counters.edges_executed * prices.edge.pj
            + counters.words_executed * prices.word.pj
            + operand_words * self.architecture.pe.width_edges * prices.operand_bit.pj
        )

    def _comparisons(self, counters: LayerCounters) -> int:
        """Count comparisons: with threshold pruning each check is against two bounds."""
        return counters.threshold_compares * (2 if self.architecture.pruning.threshold else 1)

    def _activation_bits(self, counters: LayerCounters) -> int:
        """Count bits read for the PEs or to fill the line buffer, and written for layers to come."""
        written = counters.output_bits + counters.sum_bits
        return counters.activation_reads * self.architecture.pe.width_edges + written

    def _line_buffer_bits(self, counters: LayerCounters) -> int:
        """Count bits read for the PEs, and written as the line buffer is filled; 0 without one."""
        if not self.architecture.activation_buffer.line_buffer:
            return 0
        words = counters.line_buffer_reads + counters.activation_reads
        return words * self.architecture.pe.width_edges

    def _patch_bits(self, counters: LayerCounters) -> int:
        """Count bits read from the patches, and broadcast into those of all PEs."""
        if not self._patch_kbit:
            return 0
        words = counters.patch_reads + counters.patch_writes
        return words * self.architecture.pe.width_edges

    def _weight_bits(self, counters: LayerCounters) -> int:
        """Count bits read for the PEs, and written as they arrive from DRAM."""
        return counters.weight_reads * self.architecture.pe.width_edges + counters.dram_bits

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
        """Queue entries that selection looks at: all of the bank out of order, else the head."""
        return self._bank_entries if self.architecture.scheduler.policy == "out_of_order" else 1

    @property
    def _entries_woken(self) -> int:
        """Queue entries that compare their window with that of an op that retires.

        Every entry of the op's bank where pooling is pruned: a retirement may squash it or make it ready.
        Without that no op waits for another.
        """
        return self._bank_entries if self.architecture.pruning.pooling else 0
