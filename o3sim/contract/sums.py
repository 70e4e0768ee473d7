"""Where a layer's sums and what it adds lie in the activation buffer, and what they count.

Behind the output bits of a layer (:mod:`o3sim.contract.output_addresses`) come its sums, in the same order,
and behind these the map of what it adds, each from a word boundary on. A value that does not lie in one word
is read from, and written to, each that it lies in. With a line buffer they are beside one another in that.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.counters import LayerCounters
from o3sim.contract.output_addresses import first_output_word

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry

CONSTANT_BITS = 32
"""Of each scale and shift, which lie beside the threshold of their channel."""


class AddendAddresses(NamedTuple):
    """Bits of the activation buffer at which what an op adds begins.

    Attributes
    ----------
    position_bit : int64 array, shape (positions,)
        Bit of the buffer at which the values of a position begin.
    channel_bit : int64 array, shape (out_channels,)
        Bit of a channel's value among those of its position.
    offset_bit : int64 array
        Bits, ascending and relative to these, of which each lies in a word to be read; together in all.
    """

    position_bit: NDArray[np.int64]
    channel_bit: NDArray[np.int64]
    offset_bit: NDArray[np.int64]

    @property
    def end_bit(self) -> int:
        """Bit behind the last of them."""
        return int(self.position_bit.max() + self.channel_bit.max() + self.offset_bit.max()) + 1


def first_sum_word(geometry: Geometry, width_edges: int) -> int:
    """Return the word of the activation buffer in which a layer's sums begin."""
    return first_output_word(geometry, width_edges) + -(-_outputs(geometry) // width_edges)


def value_bits(bits: int, width_edges: int) -> list[int]:
    """Return bits of a value of which each lies in a word of its own, and together in all that it lies in.

    >>> value_bits(16, 64), value_bits(32, 8), value_bits(1, 8)
    ([0, 15], [0, 8, 16, 24, 31], [0])
    """
    return sorted({*range(0, bits, width_edges), bits - 1})


@lru_cache(maxsize=32)  # the layers of a network, for every image again
def addend_addresses(
    geometry: Geometry, width_edges: int, one_access: bool = False
) -> AddendAddresses | None:
    """Tabulate where what each op of a layer adds lies; None of a layer that adds nothing.

    Parameters
    ----------
    geometry : Geometry
    width_edges : int
        ``pe.width_edges``.
    one_access : bool
        An op takes all of it at once, by the address of the first of its values, as from a line buffer.
    """
    addend = geometry.addend
    if addend is None:
        return None
    sum_words = -(-_outputs(geometry) * geometry.sum_bits // width_edges)
    first_bit = (first_sum_word(geometry, width_edges) + sum_words) * width_edges
    y, x = np.divmod(np.arange(geometry.out_height * geometry.out_width, dtype=np.int64), geometry.out_width)
    pixel_bits = addend.channels * addend.bits
    side = range(addend.stride if addend.averages else 1)
    offsets = [
        (dy * addend.width + dx) * pixel_bits + bit
        for dy, dx, bit in product(side, side, value_bits(addend.bits, width_edges))
    ]
    offsets = offsets[:1] if one_access else offsets
    channels = np.arange(geometry.out_channels, dtype=np.int64) % addend.channels
    return AddendAddresses(
        first_bit + (y * addend.width + x) * (addend.stride * pixel_bits),
        channels * addend.bits,
        np.array(offsets, dtype=np.int64),
    )


def count_sums(counters: LayerCounters, geometry: Geometry) -> None:
    """Book the sums of a layer that makes some, the bits that it wrote of them, and the constants it read."""
    if not geometry.makes_sums:
        return
    constants = 2 if geometry.addend is None else 3
    counters.sums = counters.retired
    counters.sum_bits = counters.retired * geometry.sum_bits
    counters.constant_bits = counters.threshold_reads * constants * CONSTANT_BITS


def constant_table_bits(geometry: Geometry) -> int:
    """Count the bits of a layer's scales and shifts, in the table of thresholds."""
    if not geometry.makes_sums:
        return 0
    return geometry.out_channels * (2 if geometry.addend is None else 3) * CONSTANT_BITS


def _outputs(geometry: Geometry) -> int:
    return geometry.pooled_height * geometry.pooled_width * geometry.out_channels
