"""What the ops of a stage of a pipeline wait for: their input rows, and room for what they put out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry

NOT_YET = 2**62
"""A cycle that is not known yet: later than any."""


@dataclass(frozen=True, eq=False)
class StageGates:
    """From which cycle on the op of a neuron can be dispatched, by its place ``y * out_width + x``.

    Cycles count from the one in which the stage could first dispatch. Those that are not known yet are
    ``NOT_YET``, and become known while the stage is under way.

    Attributes
    ----------
    rows : int64 array, shape (positions,)
        First cycle in which the input rows that it reads are there.
    room : int64 array, shape (positions,)
        First cycle in which the next stage has room for the rows that it writes to; 0 where it always has.
    known_ops : int64 array, shape (1,)
        Ops, from the first on in program order, of which both are known.
    """

    rows: NDArray[np.int64]
    room: NDArray[np.int64]
    known_ops: NDArray[np.int64] = field(default_factory=lambda: np.full(1, NOT_YET))

    @classmethod
    def of_rows(
        cls, geometry: Geometry, rows: NDArray[np.int64], room: NDArray[np.int64] | None = None
    ) -> Self:
        """Make the gates of all neurons from those of each row of them, before pooling."""
        each = np.zeros(geometry.out_height, np.int64) if room is None else room
        return cls(*(np.repeat(cycles, geometry.out_width) for cycles in (rows.astype(np.int64), each)))
