"""How a layer is cut into parts of which some are run to estimate all (``docs/sampling.md``).

Parts are windows that follow one another in program order, as many in each but the last. A part is run as
a section of its own: with parts before it that warm the machine up, and ops behind it that keep it at work.
What counts is what happens between two cycles: those by whose ends as many ops have ended as come before the
part, and with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from o3sim.contract.program_order import chunk_windows, window_members, windows_in

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry

PART_OPS_OF_PE = 128
"""Ops of a part, for each PE: of 16, 32, 64, 128 and 256 the most exact for the ops it takes."""

WARM_UP_PARTS = 2
"""Before a part: 256 ops of a PE, after which words take as many cycles, and reads, as in the whole layer."""

WARM_UP_PARTS_IDEAL = 1
"""The same where no bank refuses a word."""

STRATA, OF_STRATUM = 2, 4
"""Parts of few and of many words, and how many of each are run."""

FAR_OFF = 2
"""Parts with so many times fewer words than usual, or more, are strata besides, if there are any."""

LEAST_GAIN = 2
"""A layer is sampled where it has so many times the ops that are run of it."""


class Section(NamedTuple):
    """Windows to run, by their place in program order, and the ops before those that count, and with them."""

    windows: range
    begin_ops: int
    end_ops: int


@dataclass(frozen=True)
class LayerParts:
    """The parts of a layer, whose windows do not overlap.

    Attributes
    ----------
    windows, window_ops, part_windows : int
        Of the layer, and ops of a window, and windows of a part.
    tail_windows : int
        Behind a part, so that queue and PEs are full to its end.
    warm_up_parts : int
        Before a part.
    """

    windows: int
    window_ops: int
    part_windows: int
    tail_windows: int
    warm_up_parts: int

    @property
    def ops(self) -> int:
        """Ops of the layer."""
        return self.windows * self.window_ops

    @property
    def body(self) -> range:
        """Parts of which some stand for all: the layer's beginning and its end both run."""
        return range(
            self.warm_up_parts,
            max(self.warm_up_parts, (self.windows - self.tail_windows) // self.part_windows),
        )

    @property
    def simulated_ops(self) -> int:
        """Ops that are run of a layer that is sampled, no part of which has words far off those of others."""
        end = self.windows - (self.body.stop - self.warm_up_parts) * self.part_windows
        return self._run_with(end)

    @property
    def least_ops(self) -> int:
        """Ops that a layer needs to have so that sampling takes so much less that it is worth an interval."""
        longest_end = (self.warm_up_parts + 1) * self.part_windows + self.tail_windows
        return LEAST_GAIN * self._run_with(longest_end)

    def _run_with(self, end_windows: int) -> int:
        """Return the ops that are run if so many windows are for the layer's end."""
        beginning = self.warm_up_parts * self.part_windows + self.tail_windows
        stretches = STRATA * OF_STRATUM * (beginning + self.part_windows)
        return self.window_ops * (stretches + beginning + end_windows)

    def beginning(self) -> Section:
        """Return the section of the parts before the body."""
        return self._section(0, self.warm_up_parts)

    def stretch(self, part: int) -> Section:
        """Return the section of a part of the body."""
        return self._section(part, part + 1)

    def end(self) -> Section:
        """Return the section of what is behind the body."""
        section = self._section(self.body.stop, self.body.stop)
        windows = range(section.windows.start, self.windows)
        return Section(windows, section.begin_ops, len(windows) * self.window_ops)

    def _section(self, first: int, end: int) -> Section:
        """Return the section of parts from one up to another."""
        begin = max(0, first - self.warm_up_parts)
        last = min(self.windows, end * self.part_windows + self.tail_windows)
        part_ops = self.part_windows * self.window_ops
        return Section(
            range(begin * self.part_windows, last), (first - begin) * part_ops, (end - begin) * part_ops
        )


@lru_cache(maxsize=256)  # the layers of a network, for every image again
def parts_of(architecture: Architecture, geometry: Geometry) -> LayerParts:
    """Cut a layer into parts; windows that are walked member by member stay together.

    Examples
    --------
    >>> from o3sim.config.load import load_architecture
    >>> from o3sim.network.layer import Geometry
    >>> layer = Geometry("conv", 56, 56, 256, 256, 3, 3, padding_pixels=1)
    >>> parts = parts_of(load_architecture("o3bnn-64pe"), layer)
    >>> parts.part_windows, parts.body, round(parts.simulated_ops / parts.ops, 2)
    (8192, range(2, 97), 0.3)
    """
    a, chunk = architecture, chunk_windows(architecture, geometry)
    window_ops: int = window_members(geometry).owned.shape[1]

    def whole(ops: int) -> int:
        """Return as many windows as have so many ops at least."""
        return -(-ops // (window_ops * chunk)) * chunk

    held = a.issue_queue.depth_ops + a.pe.count * a.pe.contexts + a.sequencer.width_ops
    ideal = a.activation_buffer.banks == a.weight_buffer.banks == "ideal"
    return LayerParts(
        windows_in(geometry),
        window_ops,
        whole(PART_OPS_OF_PE * a.pe.count),
        whole(held),
        WARM_UP_PARTS_IDEAL if ideal else WARM_UP_PARTS,
    )
