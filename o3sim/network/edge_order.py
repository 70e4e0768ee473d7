"""The order in which the edges of a neuron are evaluated, where it is not the natural one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

MOST_GRANULE_EDGES = 4096
"""The widest word that a PE can have."""


@dataclass(frozen=True, eq=False)
class EdgeOrder:
    """A static order for each group of output channels; weights are laid out in it offline.

    Attributes
    ----------
    granules : ndarray of int32, shape (orders, granules of a neuron)
        Each row a permutation: which granule of natural order comes when. Granule ``g`` is the edges
        ``g * granule_edges`` to ``(g + 1) * granule_edges`` of ``(ky, kx, c)`` order; the last may be
        short.
    order_of : ndarray of int32, shape (out_channels,)
        The row that each channel follows.
    granule_edges : int
        1 for orders of single edges; the width of a word for orders of whole words.
    fan_in : int
        Edges of a neuron.
    """

    granules: NDArray[np.int32]
    order_of: NDArray[np.int32]
    granule_edges: int
    fan_in: int

    def edges(self, order: int) -> NDArray[np.int64]:
        """Return the natural edge at each place of an order, shape (fan_in,)."""
        starts = self.granules[order].astype(np.int64)[:, None] * self.granule_edges
        edges = (starts + np.arange(self.granule_edges)).ravel()
        real: NDArray[np.int64] = edges[edges < self.fan_in]
        return real

    @cached_property
    def _digest(self) -> bytes:
        sizes = f"{self.granules.shape} {self.granule_edges} {self.fan_in}".encode()
        return hashlib.sha256(sizes + self.granules.tobytes() + self.order_of.tobytes()).digest()

    def __eq__(self, other: object) -> bool:
        """Return whether another order is the same, also one that came from another process."""
        return isinstance(other, EdgeOrder) and self._digest == other._digest

    def __hash__(self) -> int:
        """Tables of addresses are cached by it."""
        return hash(self._digest)

    @property
    def index_bits(self) -> int:
        """Bits that name a granule."""
        return int(self.granules.shape[1] - 1).bit_length()

    @property
    def table_bits(self) -> int:
        """Bits of the table of one order, which streams in with the weights of its channels."""
        return int(self.granules.shape[1]) * self.index_bits

    def word_bits(self, width_edges: int) -> int:
        """Index bits that a PE reads with a word of so many edges."""
        return -(-width_edges // self.granule_edges) * self.index_bits


def problems_of(order: EdgeOrder, out_channels: int) -> list[str]:
    """Say what is wrong with an order for a layer of so many channels; empty if nothing is."""
    if not 1 <= order.granule_edges <= MOST_GRANULE_EDGES:
        return [
            f"granules of {order.granule_edges} edges; expected at least 1 and at most {MOST_GRANULE_EDGES}"
        ]
    count = -(-order.fan_in // order.granule_edges)
    if order.granules.ndim != 2 or order.granules.shape[1] != count or not len(order.granules):
        return [f"expected rows of {count} granules, found {list(order.granules.shape)}"]
    found = []
    if not np.array_equal(
        np.sort(order.granules, axis=1), np.tile(np.arange(count), (len(order.granules), 1))
    ):
        found.append(f"not every row has each of 0..{count - 1} once")
    rows = order.order_of
    if rows.shape != (out_channels,) or rows.min(initial=0) < 0 or rows.max(initial=0) >= len(order.granules):
        found.append(f"expected {out_channels} rows 0..{len(order.granules) - 1}, one for each channel")
    return found
