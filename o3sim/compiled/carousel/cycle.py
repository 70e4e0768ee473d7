"""The cycle loop of the carousel, in the order of phases of ``docs/machine.md``, section 14."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import o3sim.contract
from o3sim.compiled.carousel.broadcast import broadcast
from o3sim.compiled.carousel.free import note_filled
from o3sim.compiled.carousel.group import take_turns
from o3sim.compiled.carousel.memory import CarouselMemory
from o3sim.compiled.carousel.output import write
from o3sim.compiled.carousel.shared_reads import count_shared_up_to
from o3sim.compiled.carousel.streams import open_next
from o3sim.compiled.cycle import digest_of
from o3sim.compiled.kernel import _njit, noinline
from o3sim.compiled.output_bits import write_bits
from o3sim.compiled.weight_stream import pump


@noinline
def _finish_counts(x: CarouselMemory, cycle: int) -> None:
    """Count what follows from other counts."""
    counts = x.counts
    if x.settings.share_patch_reads:
        for pe in range(x.settings.pes):
            count_shared_up_to(x, pe, cycle - x.units.start_cycle + 1)
    counts.cycles = cycle - x.units.start_cycle + 1
    counts.output_bits = x.layer.windows * x.layer.out_channels
    counts.activation_requests = counts.words_executed
    counts.weight_requests = counts.words_executed
    counts.threshold_reads = counts.issued if x.layer.has_thresholds else 0


def _compile(sources: int) -> Any:
    """Compile the loop, for these sources: see :mod:`o3sim.compiled.cycle`."""

    def run_carousel(x: CarouselMemory) -> int:
        """Run one layer; counts, outputs and events are left in its memory.

        Parameters
        ----------
        x : CarouselMemory
            Fresh for this layer but for the weight stream.

        Returns
        -------
        int
            The layer's last cycle.
        """
        cycle = x.units.start_cycle + min(sources, 0)
        pump(x)
        while True:
            for group in range(x.layer.groups):
                open_next(x, group, cycle)
            for group in range(x.layer.groups):
                take_turns(x, group, cycle)
            if broadcast(x, cycle):
                note_filled(x)
            if x.units.n_waiting > 0:
                write(x, cycle)
            bits = x.output_bits
            if bits.n_held + bits.n_writing > 0:
                write_bits(x, cycle)
            if x.units.windows_left == 0 and bits.n_held + bits.n_writing == 0:
                _finish_counts(x, cycle)
                return cycle
            cycle += 1

    return _njit(cache=True, nogil=True, _nrt=False)(run_carousel)


run_carousel = _compile(digest_of([Path(__file__).parents[1], Path(o3sim.contract.__file__).parent]))
