"""Where the bits of a layer's output lie in the activation buffer.

Bit ``n`` of the output is that of window ``n``: ``(pooled y, pooled x, channel)``, channel fastest. The map
begins in the first word after the padded input (:mod:`o3sim.contract.word_addresses`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry


def first_output_word(geometry: Geometry, width_edges: int) -> int:
    """Return the word of the activation buffer in which a layer's output begins.

    >>> from o3sim.network.layer import Geometry
    >>> first_output_word(Geometry("conv", 2, 3, 4, 8, padding_pixels=1), 32)  # 4 * 5 * 4 bits of input
    3
    """
    height = geometry.in_height + 2 * geometry.padding_pixels
    width = geometry.in_width + 2 * geometry.padding_pixels
    return -(-geometry.planes * height * width * geometry.in_channels // width_edges)
