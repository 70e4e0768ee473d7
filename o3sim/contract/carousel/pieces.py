"""What windows read: the pieces of the map that are broadcast as a whole.

Where channels fill whole buffer words, the memory of a PE holds words of the padded map, which neurons share.
Where they do not (first layers), a word of weights meets activations that lie in several buffer words; then
the memory holds each neuron's activations as its weights lie, and filling it reads every buffer word that
a word is put together from. Taps of the padding are constants, which a PE puts in by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from o3sim.contract.program_order import window_members

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry


class Piece(NamedTuple):
    """What is broadcast as a whole: the activations of a pixel and plane, or of a neuron.

    Attributes
    ----------
    key : int
        What it is known by: a neuron's position, or the first buffer word of a pixel.
    words : int
        Words of the memory that it takes.
    reads : sequence of int
        Buffer words that it is put together from, in order.
    """

    key: int
    words: int
    reads: Sequence[int]


def pieces_of_window(geometry: Geometry, width_edges: int, window: int) -> list[Piece]:
    """List what the members of a window read, one member after another."""
    of_position = _pixels if _fills_words(geometry, width_edges) else _neuron
    positions = window_members(geometry).owned[window].tolist()
    return [piece for position in positions for piece in of_position(geometry, width_edges, position)]


def _fills_words(geometry: Geometry, width_edges: int) -> bool:
    """Return whether each word of weights meets one word of the buffer."""
    alone = geometry.kind == "dense" and geometry.planes == 1
    return alone or geometry.in_channels % width_edges == 0


def _pixels(geometry: Geometry, width_edges: int, position: int) -> Iterator[Piece]:
    """Yield the pixels under a position, plane by plane and tap by tap."""
    words = -(-geometry.in_channels // width_edges)
    base, taps = _taps(geometry, position)
    for first_bit, _ in taps:
        first = (base + first_bit) // width_edges
        yield Piece(first, words, range(first, first + words))


def _neuron(geometry: Geometry, width_edges: int, position: int) -> Iterator[Piece]:
    """Yield a neuron's activations, in words as its weights lie."""
    base, taps = _taps(geometry, position)
    met = _met_words(taps, geometry.in_channels, geometry.fan_in, width_edges, base % width_edges)
    first = base // width_edges
    yield Piece(position, len(met), [first + address for word in met for address in word])


@lru_cache(maxsize=4096)  # by kind of border, and the place in a word at which a kernel begins
def _met_words(
    taps: tuple[tuple[int, int], ...], channels: int, fan_in: int, width_edges: int, offset: int
) -> tuple[tuple[int, ...], ...]:
    """Return the buffer words that each word of weights meets, from that on in which the kernel begins."""
    met: dict[tuple[int, int], dict[int, None]] = {}
    for first_bit, first_edge in taps:
        plane, first = divmod(first_edge, fan_in)
        for channel in range(channels):
            addresses = met.setdefault((plane, (first + channel) // width_edges), {})
            addresses[(offset + first_bit + channel) // width_edges] = None
    return tuple(tuple(addresses) for addresses in met.values())


def _taps(geometry: Geometry, position: int) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Return the bit of the padded map at which the kernel begins, and the taps that lie inside the map.

    Of each tap the bit at which it begins, from that on, and its first edge, those of further planes after
    those of the first.
    """
    y, x = divmod(position, geometry.out_width)
    row, column = y * geometry.stride, x * geometry.stride
    base = (row * (geometry.in_width + 2 * geometry.padding_pixels) + column) * geometry.in_channels
    rows = _inside(row, geometry.kernel_height, geometry.padding_pixels, geometry.in_height)
    columns = _inside(column, geometry.kernel_width, geometry.padding_pixels, geometry.in_width)
    return base, _taps_inside(geometry, rows, columns)


@lru_cache(maxsize=4096)
def _taps_inside(
    geometry: Geometry, rows: tuple[int, int], columns: tuple[int, int]
) -> tuple[tuple[int, int], ...]:
    g = geometry
    padded_height, padded_width = (size + 2 * g.padding_pixels for size in (g.in_height, g.in_width))
    return tuple(
        (
            ((plane * padded_height + ky) * padded_width + kx) * g.in_channels,
            plane * g.fan_in + (ky * g.kernel_width + kx) * g.in_channels,
        )
        for plane in range(g.planes)
        for ky in range(*rows)
        for kx in range(*columns)
    )


def _inside(first: int, taps: int, padding: int, size: int) -> tuple[int, int]:
    """Return the first of so many taps that lies inside the map, and the one after the last."""
    begin = max(0, padding - first)
    return begin, max(begin, min(taps, padding + size - first))
