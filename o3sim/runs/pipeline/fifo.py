"""The rows between two stages: when each is there and goes again, and when there is room for the next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.gates import NOT_YET

Cycles = NDArray[np.int64]


class RowFifo:
    """Rows of a stream of images, each in the place of the one that came a depth before it.

    Cycles count from the start of the stream.

    Parameters
    ----------
    rows : int
        Rows of an image.
    depth_rows : int or None
        None: there is always room.

    Attributes
    ----------
    there : int64 array, shape (rows,)
        First cycle in which each row of the image that passes can be read; ``NOT_YET`` if not known.
    released : int64 array, shape (rows,)
        Last cycle in which it is held.
    """

    def __init__(self, rows: int, depth_rows: int | None) -> None:
        self.depth_rows = depth_rows
        self._before: Cycles = np.full(depth_rows or 0, -1, np.int64)  # places that nothing was in yet
        self.there: Cycles = np.full(rows, NOT_YET)
        self.released: Cycles = np.full(rows, NOT_YET)

    def begin_image(self) -> None:
        """Let the next image come; all rows of the one before are there and known to go."""
        if (self.released != NOT_YET).all() and self.depth_rows is not None:
            self._before = np.concatenate([self._before, self.released])[-self.depth_rows :]
        self.there = np.full(len(self.there), NOT_YET)
        self.released = np.full(len(self.there), NOT_YET)

    def room(self) -> Cycles:
        """Return the first cycle in which there is room for each row of the image; ``NOT_YET`` if not known.

        That is the one after the row that had its place is held no more.
        """
        if self.depth_rows is None:
            return np.zeros(len(self.there), np.int64)
        left = np.concatenate([self._before, self.released])[: len(self.there)]
        return np.where(left == NOT_YET, NOT_YET, left + 1)
