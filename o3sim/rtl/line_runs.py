"""The runs of bits that a word is made of where a line buffer gives it in one access."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry


def run_offsets(geometry: Geometry, width_edges: int) -> list[int]:
    """List by how many bits runs of edges lie further in the map than beside the first edge of their word.

    The run of the first edge lies beside it: by 0. Where a word goes on with the next row of the kernel, its
    edges lie further by what a row of the map has beside the kernel's; likewise with the next bit plane.

    Parameters
    ----------
    geometry : Geometry
        Of a layer in natural order, of which no tap is excluded.
    width_edges : int
        ``pe.width_edges``.

    Returns
    -------
    list of int
        Those of all words of a neuron, ascending.
    """
    kernel_row = geometry.kernel_width * geometry.in_channels
    map_row = (geometry.in_width + 2 * geometry.padding_pixels) * geometry.in_channels
    map_rows = geometry.in_height + 2 * geometry.padding_pixels
    edges = np.arange(geometry.n_edges_full)
    plane, tap = np.divmod(edges, geometry.fan_in)
    row, along = np.divmod(tap, kernel_row)
    bits = (plane * map_rows + row) * map_row + along
    firsts = edges - edges % width_edges
    offsets: list[int] = np.unique(bits - bits[firsts] - (edges - firsts)).tolist()
    return offsets
