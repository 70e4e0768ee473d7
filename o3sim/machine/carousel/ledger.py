"""The ledger of a layer that goes round: turns what happens to ops into counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from o3sim.contract.counters import LayerCounters
from o3sim.machine.carousel.context import Running

if TYPE_CHECKING:
    from o3sim.contract.carousel.program import CarouselProgram


class CarouselLedger:
    """Count one layer; the words of an op are judged when it retires."""

    def __init__(self, program: CarouselProgram) -> None:
        self.counters = LayerCounters(program.name, ops=program.ops, edges_total=program.total_edges)
        self._checks_bounds = program.matches is not None
        self._has_thresholds = not program.scores

    def handed_out(self, members: int) -> None:
        """Count a window that went to a context, its members with it."""
        self.counters.dispatched += members
        self.counters.scoreboard_reads += 1

    def issued(self) -> None:
        """Count a member that began, with the threshold of its channel."""
        self.counters.issued += 1
        self.counters.threshold_reads += self._has_thresholds

    def retired(self, running: Running) -> None:
        """Count an op whose outcome was taken over by its window, or written."""
        counters = self.counters
        counters.retired += 1
        counters.words_executed += running.words
        counters.threshold_compares += running.words if self._checks_bounds else 1
        counters.edges_executed += running.edges
        counters.edges_wasted += running.wasted_edges
        counters.edges_pruned_threshold += running.n_edges - running.edges
        counters.pe_cycles["useful"] += running.decided_words
        counters.pe_cycles["wasted"] += running.words - running.decided_words

    def dropped(self, n_edges: int) -> None:
        """Count a member that was not begun, since its window was 1."""
        self.counters.squashed_queue += 1
        self.counters.edges_pruned_pooling += n_edges

    def finish(self) -> None:
        """Count what follows from other counts."""
        counters = self.counters
        counters.activation_requests = counters.weight_requests = counters.words_executed
