"""Layers as people name them: by name, or by number from 0."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from o3sim.config.catalog import suggest
from o3sim.errors import InputError


def layer_number(layer: str, names: Sequence[str]) -> int:
    """Find a layer by its name or, if none is called so, its number from 0.

    Raises
    ------
    InputError
        If there is no such layer, with those that are.

    Examples
    --------
    >>> layer_number("dense2", ["conv1", "dense2"]), layer_number("0", ["conv1", "dense2"])
    (1, 0)
    """
    if layer in names:
        return list(names).index(layer)
    if layer.isascii() and layer.isdecimal() and len(layer) < 10 and int(layer) < len(names):
        return int(layer)
    listed = ", ".join(f"{number} {name}" for number, name in enumerate(names))
    raise InputError(f"no layer `{layer}`{suggest(layer, names)}; there are {listed}")


def layer_row(layers: Sequence[str], names: Sequence[str]) -> range:
    """Find layers that follow one another, as :func:`layer_number` finds one.

    Raises
    ------
    InputError
        If there is no such layer, or one does not follow the one before.

    Examples
    --------
    >>> layer_row(["conv2", "2"], ["conv1", "conv2", "dense3"])
    range(1, 3)
    """
    numbers = [layer_number(layer, names) for layer in layers]
    for before, number in pairwise(numbers):
        if number != before + 1:
            follows = f"{names[before + 1]} does" if before + 1 < len(names) else "none does"
            raise InputError(f"--layer {names[number]}: does not follow {names[before]}; {follows}")
    return range(numbers[0], numbers[-1] + 1)
