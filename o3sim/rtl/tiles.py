"""Tables of a carousel: its windows and tiles, the buffer words that fill them, where in a PE each word lies.

They follow from the shapes of a layer and the sizes of a machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from o3sim.contract.carousel.plan import tiles_for
from o3sim.contract.carousel.tiles import HALVES
from o3sim.contract.weight_groups import weight_words

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry


class Read(NamedTuple):
    """A buffer word for the memories of PEs: a part of word ``number`` of the neuron at ``base``."""

    location: int
    number: int
    base: int
    address: int


@dataclass(frozen=True)
class Tables:
    """The tables of a layer.

    Attributes
    ----------
    windows : list of (int, int)
        Pooled position of each window in the order of hand-out, and how many reads are to be out before it.
    tiles : list of (int, int)
        Window and read with which each ends.
    reads : list of Read
    locations : list of int or None
        Where each word of each member of each window lies; None if all its taps lie in the padding.
    """

    windows: list[tuple[int, int]]
    tiles: list[tuple[int, int]]
    reads: list[Read]
    locations: list[int | None]

    @property
    def most_reads(self) -> int:
        """Reads of the tile that has most."""
        ends = [end for _, end in self.tiles]
        return max(end - begin for begin, end in zip([0, *ends[:-1]], ends, strict=True))


def fills_words(geometry: Geometry, architecture: Architecture) -> bool:
    """Return whether each word of a neuron is a word of the buffer."""
    is_row = geometry.kind == "dense" and geometry.planes == 1
    return is_row or geometry.in_channels % architecture.pe.width_edges == 0


def words_of_planes(geometry: Geometry, architecture: Architecture) -> int:
    """Count the words of a neuron: each bit plane has words of its own."""
    return geometry.planes * weight_words(geometry, architecture.pe.width_edges)


def tables(name: str, geometry: Geometry, architecture: Architecture) -> Tables:
    """Lay out the tables of a layer.

    Parameters
    ----------
    name : str
        Of the layer.
    geometry : Geometry
    architecture : Architecture
    """
    cut = tiles_for(name, geometry, architecture)
    width = architecture.pe.width_edges
    half = architecture.activation_buffer.patch_kbit * 1024 // width // HALVES
    words = _Words(geometry, width, fills_words(geometry, architecture))
    order, starts = cut.windows.tolist(), cut.start[0].tolist()  # of shared tiles: one list
    made = Tables([], [], [], [])
    for tile, (start, end) in enumerate(pairwise(starts)):
        held: dict[tuple[int, int], int] = {}
        for position in order[start:end]:
            for base, inside in _neurons(geometry, position):
                for number in range(words_of_planes(geometry, architecture)):
                    addresses = words.addresses(base, inside, number)
                    key = (addresses[0], 0) if words.are_of_buffer and addresses else (base, number)
                    if addresses and key not in held:
                        held[key] = tile % HALVES * half + len(held)
                        made.reads.extend(Read(held[key], number, base, address) for address in addresses)
                    made.locations.append(held[key] if addresses else None)
            made.windows.append((position, len(made.reads)))
        made.tiles.append((end, len(made.reads)))
    return made


class _Words(NamedTuple):
    geometry: Geometry
    width: int
    are_of_buffer: bool

    def addresses(self, base: int, inside: tuple[range, range], number: int) -> list[int]:
        """List the buffer words that a word's edges lie in, in their order, but for taps of the padding."""
        g = self.geometry
        rows, columns = inside
        height, width = (size + 2 * g.padding_pixels for size in (g.in_height, g.in_width))
        plane, word = divmod(number, weight_words(g, self.width))
        met: dict[int, None] = {}
        for edge in range(word * self.width, min((word + 1) * self.width, g.fan_in)):
            tap, channel = divmod(edge, g.in_channels)
            ky, kx = divmod(tap, g.kernel_width)
            if ky in rows and kx in columns:
                at = base + ((plane * height + ky) * width + kx) * g.in_channels + channel
                met[at // self.width] = None
        return list(met)


def _neurons(geometry: Geometry, position: int) -> list[tuple[int, tuple[range, range]]]:
    """List the members of a window: the bit under tap (0, 0), and the rows and columns of taps in the map."""
    g, size = geometry, 1 if geometry.pool is None else geometry.pool.size
    step = 1 if g.pool is None else g.pool.stride
    row, column = (place * step * g.stride for place in divmod(position, g.pooled_width))
    made = []
    for member in range(size * size):
        y, x = (
            first + offset * g.stride
            for first, offset in zip((row, column), divmod(member, size), strict=True)
        )
        base = (y * (g.in_width + 2 * g.padding_pixels) + x) * g.in_channels
        rows = _inside(y, g.kernel_height, g.padding_pixels, g.in_height)
        made.append((base, (rows, _inside(x, g.kernel_width, g.padding_pixels, g.in_width))))
    return made


def _inside(first: int, taps: int, padding: int, size: int) -> range:
    """Return the taps that lie in the map, of those from a padded row or column on."""
    return range(max(0, padding - first), min(taps, padding + size - first))
