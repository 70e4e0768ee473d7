"""Where maps lie in the activation buffer: the input of each layer in its own region, then the last output.

Regions of inputs begin at the first bank, so that a word lies in the bank that it has where its map begins at
address 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.output_addresses import first_output_word
from o3sim.rtl.memories import activation_words, old_bits, output_words

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry


@dataclass(frozen=True)
class Regions:
    """The regions of layers that run one after another.

    Attributes
    ----------
    geometries : sequence of Geometry
    width_edges : int
        Bits of a word.
    inputs : list of int
        Word in which the padded input of each layer begins.
    output : int
        Word in which the output of the last one begins.
    words : int
        Of all together.
    """

    geometries: Sequence[Geometry]
    width_edges: int
    inputs: list[int]
    output: int
    words: int

    def output_places(self, layer: int) -> NDArray[np.int64]:
        """Return the bits of the buffer that the output bits of a layer go to, window by window.

        They are those that the next layer finds them at, within its padding.
        """
        if layer == len(self.geometries) - 1:
            return self.output * self.width_edges + np.arange(_windows(self.geometries[layer]))
        g = self.geometries[layer + 1]
        rows, columns = g.in_height + 2 * g.padding_pixels, g.in_width + 2 * g.padding_pixels
        places = np.arange(rows * columns * g.in_channels).reshape(rows, columns, g.in_channels)
        top = g.padding_pixels
        inside = places[top : top + g.in_height, top : top + g.in_width]
        return self.inputs[layer + 1] * self.width_edges + inside.ravel()

    def row_gap_bits(self, layer: int) -> int:
        """Count the bits of padding between two rows of a layer's output."""
        if layer == len(self.geometries) - 1:
            return 0
        following = self.geometries[layer + 1]
        return 2 * following.padding_pixels * following.in_channels

    def content(self, bits: NDArray[np.integer]) -> list[int]:
        """Return what the buffer holds at first: the input of the first layer, all padding, else any bits.

        Parameters
        ----------
        bits : int array
            Of the first layer's input, without padding.
        """
        words: list[int] = []
        for number, (g, first) in enumerate(zip(self.geometries, self.inputs, strict=True)):
            own = old_bits(g.in_height * g.in_width * g.in_channels) if number else bits
            words += [0] * (first - len(words)) + activation_words(g, own, self.width_edges)
        old = old_bits((self.words - self.output) * self.width_edges)
        return words + output_words(old, self.width_edges)


def regions_of(geometries: Sequence[Geometry], architecture: Architecture) -> Regions:
    """Lay out the regions of layers that take one another's output."""
    width, banks = architecture.pe.width_edges, architecture.activation_buffer.banks
    inputs, end = [], 0
    for geometry in geometries:
        inputs.append(aligned(end, banks))
        end = inputs[-1] + first_output_word(geometry, width)
    return Regions(geometries, width, inputs, end, end + -(-_windows(geometries[-1]) // width))


def aligned(word: int, banks: int | str) -> int:
    """Return the first word from one on that lies in the first bank.

    >>> aligned(5, 4), aligned(8, 4), aligned(5, "ideal")
    (8, 8, 5)
    """
    return word if isinstance(banks, str) else -(-word // banks) * banks


def _windows(geometry: Geometry) -> int:
    return geometry.pooled_height * geometry.pooled_width * geometry.out_channels
