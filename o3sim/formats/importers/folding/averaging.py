"""Averages over the whole map: exact where the next thing is a layer, or the scores' own layer came before.

The average of bits times a weight is the sum over all places times that weight, so a dense layer behind
it is one that sees every place, with the same weights at each. Likewise scores that are averaged over a
convolution whose windows do not overlap are those of a dense layer.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.formats.importers.folding.maps import Levels, Map, Pixels, Sums, Taken, checked_places
from o3sim.formats.importers.folding.possible import SumRange
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.folding.steps import Affine


def averaged(data: Map) -> Levels | Sums:
    """Average each channel over the whole map.

    Raises
    ------
    CannotRunError
        If what is averaged is the input, or sums of a layer that is not the last, or whose windows
        overlap.
    """
    if isinstance(data, Taken):
        raise CannotRunError("averages what goes to be added")
    if isinstance(data, Pixels) or (isinstance(data, Levels) and data.fixed_point):
        raise CannotRunError("averages the input: only bits, and the scores at the end, can be averaged")
    rows, columns, channels = data.shape
    if isinstance(data, Sums):
        return _averaged_scores(data)
    if data.padded or data.averaged:
        raise CannotRunError("averages averages, or a padded map")
    shape = (1, 1, channels)
    return replace(data, places=checked_places(shape), shape=shape, averaged=(rows, columns))


def everywhere(levels: Levels, bits: NDArray[np.uint8]) -> tuple[Levels, NDArray[np.uint8]]:
    """Return the map that was averaged and weights, shape (outputs, channels), at each of its places."""
    rows, columns = levels.averaged or (1, 1)
    scale, offset = (value / (rows * columns) for value in (levels.scale, levels.offset))
    whole = replace(levels, scale=scale, offset=offset, averaged=None)
    return whole, np.tile(bits, (1, rows * columns))


def _averaged_scores(sums: Sums) -> Sums:
    """Make one dense layer of a convolution and the average over its map."""
    layer, (rows, columns, channels) = sums.layer, sums.shape
    if sums.added is not None:
        raise CannotRunError("averages sums of a layer that adds")
    kernel, stride = layer.key.get("kernel", 1), layer.key.get("stride", 1)
    if rows == columns == 1:
        return sums
    whole = layer.bits.shape[1] * rows * columns == sums.taken
    tiled = kernel == stride and whole and not {"padding_pixels", "pool"} & set(layer.key)
    if not tiled or not all(isinstance(step, Affine) for step in sums.steps):
        raise CannotRunError(
            "averages sums: only those of the last layer can be, and only if it is a convolution whose "
            "windows do not overlap, as those of one pixel"
        )
    weights = layer.bits.reshape(channels, 1, kernel, 1, kernel, -1)
    bits = np.broadcast_to(weights, (channels, rows, kernel, columns, kernel, weights.shape[-1]))
    key: dict[str, Any] = {"name": layer.key["name"], "type": "dense", "features": channels}
    dense = replace(layer, key=key, bits=bits.reshape(channels, -1))
    mean = Affine((Fraction(1, rows * columns),) * channels, (Fraction(0),) * channels)
    shape = (1, 1, channels)
    possible = SumRange((dense.bits.shape[1],), sums.possible.most, sums.possible.binary)
    return Sums(checked_places(shape), shape, sums.before, dense, (mean, *sums.steps), possible, sums.taken)
