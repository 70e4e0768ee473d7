"""What waits between two stages: when each row is there and goes again, and when there is room for more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.gates import NOT_YET

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry

Cycles = NDArray[np.int64]


@dataclass(frozen=True)
class RowWords:
    """The words that a row of a map takes, which begins with one.

    Attributes
    ----------
    width_edges : int
        Bits of a word: of the stage that reads them.
    pixels : int
        Of a row.
    pixel_bits : int
        A bit for each channel, or as many as a sum has.
    """

    width_edges: int
    pixels: int
    pixel_bits: int

    @classmethod
    def between(cls, writer: Geometry, reader: Architecture, value_bits: int = 1) -> Self:
        """Return those of what a layer puts out, in a FIFO before the stage that reads it."""
        return cls(reader.pe.width_edges, writer.pooled_width, writer.out_channels * value_bits)

    @property
    def of_row(self) -> int:
        """Words of a row."""
        return -(-self.pixels * self.pixel_bits // self.width_edges)

    @property
    def first(self) -> NDArray[np.int64]:
        """The word of a row in which each pixel begins."""
        return np.arange(self.pixels) * self.pixel_bits // self.width_edges

    @property
    def last(self) -> NDArray[np.int64]:
        """That in which it ends."""
        return ((np.arange(self.pixels) + 1) * self.pixel_bits - 1) // self.width_edges


class RowFifo:
    """Rows of a stream of images, each in the place of the one that came a depth before it.

    Cycles count from the start of the stream.

    Parameters
    ----------
    rows : int
        Rows of an image.
    depth_rows : int or None
        None: there is always room for a row.
    words : RowWords, optional
        What a row takes of the words; without it these are not counted.
    depth_words : int or None
        None: there is always room for a word.

    Attributes
    ----------
    there : int64 array, shape (rows,)
        First cycle in which each row of the image that passes can be read; ``NOT_YET`` if not known.
    released : int64 array, shape (rows,)
        Last cycle in which it is held.
    """

    def __init__(
        self, rows: int, depth_rows: int | None, words: RowWords | None = None, depth_words: int | None = None
    ) -> None:
        self.depth_rows, self.depth_words = depth_rows, None if words is None else depth_words
        self._words = words
        kept = depth_rows or 0
        if words is not None and depth_words is not None:
            kept = max(kept, -(-depth_words // words.of_row))
        self._before: Cycles = np.full(kept, -1, np.int64)  # places that nothing was in yet
        self.there: Cycles = np.full(rows, NOT_YET)
        self.released: Cycles = np.full(rows, NOT_YET)

    @property
    def is_bounded(self) -> bool:
        """Whether there may be no room."""
        return self.depth_rows is not None or self.depth_words is not None

    @property
    def depth(self) -> str:
        """How deep it is, in words."""
        rows = [] if self.depth_rows is None else [f"{self.depth_rows} rows"]
        words = [] if self.depth_words is None else [f"{self.depth_words} words"]
        return " and ".join(rows + words)

    @property
    def most_rows(self) -> float:
        """Whole rows that there is room for at most."""
        rows = float("inf") if self.depth_rows is None else float(self.depth_rows)
        if self._words is None or self.depth_words is None:
            return rows
        return min(rows, self.depth_words // self._words.of_row)

    def begin_image(self) -> None:
        """Let the next image come; all rows of the one before are there and known to go."""
        if (self.released != NOT_YET).all() and len(self._before):
            self._before = np.concatenate([self._before, self.released])[-len(self._before) :]
        self.there = np.full(len(self.there), NOT_YET)
        self.released = np.full(len(self.there), NOT_YET)

    def room(self) -> Cycles:
        """Return the first cycle in which there is room for each pixel of the image.

        Returns
        -------
        int64 array, shape (rows, pixels) or (rows, 1)
            ``NOT_YET`` if not known: that is the one after what had its place is held no more.
        """
        rows = len(self.there)
        left = np.concatenate([self._before, self.released])
        found = np.full((rows, 1), -1)
        if self.depth_rows is not None:
            begin = len(self._before) - self.depth_rows
            found = left[begin : begin + rows, None]
        if self._words is not None and self.depth_words is not None:
            found = np.maximum(found, self._words_left(left, self._words, self.depth_words))
        return np.where(found == NOT_YET, NOT_YET, found + 1)

    def _words_left(self, left: Cycles, words: RowWords, depth_words: int) -> Cycles:
        """Tell when what had the place of any word of a pixel was held for the last time.

        Parameters
        ----------
        left : int64 array
            That of rows, those before this image first.
        """
        each = np.repeat(left, words.of_row)
        begin = len(self._before) * words.of_row - depth_words
        places = each[begin : begin + len(self.there) * words.of_row].reshape(-1, words.of_row)
        first, last = words.first, words.last
        found = places[:, last]
        for more in range(int((last - first).max())):
            np.maximum(found, places[:, np.minimum(first + more, last)], out=found)
        return found
