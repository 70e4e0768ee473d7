"""Maps that meet: outputs of an earlier layer, added to the sums of a later one.

A layer whose sums somebody adds writes them, as integers; so whatever stands between its dots and the place
where they are taken has to be whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from o3sim.formats.importers.folding.maps import (
    Added,
    FoldedLayer,
    Map,
    Pixels,
    Sums,
    SumsOf,
    Taken,
    checked_places,
)
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.folding.steps import Affine, Step
from o3sim.formats.importers.folding.sums import resolved


def joined(first: Map, second: Map) -> Sums:
    """Add two maps: the sums of the later layer, and what it adds.

    Raises
    ------
    CannotRunError
        If a workload cannot say that: shapes that differ, three addends, constants that are no integers.
    """
    free = [each for each in (first, second) if isinstance(each, Sums) and each.added is None]
    if not free:
        raise CannotRunError("adds two maps, none of them the sums of a layer that adds nothing else")
    main = max(free, key=lambda each: each.layer.number)
    addend = taken(second if main is first else first)
    if main.places.shape != addend.places.shape or not np.array_equal(main.places, addend.places):
        shapes = f"{list(main.places.shape)} and {list(addend.places.shape)}"
        raise CannotRunError(f"adds maps of the shapes {shapes}, or of different order")
    if addend.number >= main.layer.number:
        raise CannotRunError("adds what the same or a later layer gives to the sums of a layer")
    if addend.averages and not (addend.bits or addend.whole):
        raise CannotRunError("adds averages of sums, which are no integers before a Floor")
    scale, shift = _composed(main.steps, main.shape[2])
    base = Affine(scale, tuple(a + b for a, b in zip(shift, addend.shift, strict=True)))
    # Of bits a workload adds the sum over a square, which is so many times the average.
    share = addend.stride**2 if addend.bits and addend.averages else 1
    factors = tuple(each / share for each in addend.scale)
    added = Added(addend.number, addend.bits, addend.stride, addend.averages, factors)
    before = replace(main.before, layers=_merged(main.before.layers, addend.before.layers))
    return replace(main, before=before, steps=(), mark=None, base=base, added=added)


def taken(data: Map) -> Taken:
    """Return the outputs of a layer for others to add: its bits, or its sums, which it writes then."""
    if isinstance(data, Taken):
        return data
    if isinstance(data, Sums):
        return _taken_sums(data)
    if isinstance(data, Pixels) or data.fixed_point or not data.before.layers:
        raise CannotRunError("adds the input: only what layers give can be added")
    if data.padded or data.inverted is not None:
        raise CannotRunError("adds padded bits, or bits pooled behind a negative scale")
    if data.averaged and data.averaged[0] != data.averaged[1]:
        raise CannotRunError("adds averages over a map that is not square")
    number, channels = data.before.layers[-1].number, data.shape[2]
    scale, shift = (data.scale,) * channels, (data.offset,) * channels
    stride = data.averaged[0] if data.averaged else 1
    return Taken(
        data.places, data.shape, data.before, number, True, scale, shift, stride, bool(data.averaged)
    )


def _taken_sums(data: Sums) -> Taken:
    if "pool" in data.layer.key:
        raise CannotRunError("adds sums that are pooled")
    channels = data.shape[2]
    places = range(len(data.steps), -1, -1) if data.mark is None else [data.mark]
    for place in places:
        written = Affine(*_composed(data.steps[:place], channels))
        sums = SumsOf(data.layer.bits, data.base, data.added, None, written)
        try:
            layer = resolved(replace(data.layer, sums=sums))
        except CannotRunError:
            if place == places[-1]:
                raise
            continue
        scale, shift = _composed(data.steps[place:], channels)
        before = replace(data.before, layers=(*data.before.layers, layer))
        return Taken(data.places, data.shape, before, layer.number, False, scale, shift)
    raise CannotRunError("adds nothing")


def _composed(steps: Sequence[Step], channels: int) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
    """Return the one scale and shift that steps are."""
    scale, shift = [Fraction(1)] * channels, [Fraction(0)] * channels
    for step in steps:
        if not isinstance(step, Affine):
            raise CannotRunError("adds sums that were clipped or pooled")
        scale = [a * b for a, b in zip(scale, step.scale, strict=True)]
        shift = [a * b + c for a, b, c in zip(shift, step.scale, step.shift, strict=True)]
    return tuple(scale), tuple(shift)


def _merged(first: Sequence[FoldedLayer], second: Sequence[FoldedLayer]) -> tuple[FoldedLayer, ...]:
    """Put the layers of two branches in one order."""
    found = {layer.number: layer for layer in first}
    for layer in second:
        there = found.get(layer.number, layer)
        found[layer.number] = there if there is layer else _both(there, layer)
    return tuple(found[number] for number in sorted(found))


def _both(first: FoldedLayer, second: FoldedLayer) -> FoldedLayer:
    """Return a layer that gives what either branch takes of it."""
    one, other = first.sums, second.sums
    if one is None or other is None or first.key.get("pool") != second.key.get("pool"):
        raise CannotRunError("joins branches that take different things of one layer")
    for mine, theirs in ((one.conditions, other.conditions), (one.written, other.written)):
        if mine is not None and theirs is not None and mine != theirs:
            raise CannotRunError("joins branches that take different bits or sums of one layer")
    if one.added != other.added:
        raise CannotRunError("joins branches that take a layer's sums before and after an addition")
    if "pool" in first.key and (one.written or other.written):
        raise CannotRunError("adds sums of a layer whose bits are pooled")
    sums = replace(one, conditions=one.conditions or other.conditions, written=one.written or other.written)
    return resolved(replace(first, sums=sums))


def squares(data: Map, stride: int, averages: bool) -> Taken:
    """Take of each square of rows and columns the average, or the first value.

    Raises
    ------
    CannotRunError
        If that was done already, or the map has fewer rows or columns.
    """
    found = taken(data)
    rows, columns, channels = found.shape
    if found.stride > 1 or not 2 <= stride <= min(16, rows, columns):
        raise CannotRunError(f"takes values of every {stride} rows and columns; 2 to 16 can be run, once")
    if averages and not found.bits and (set(found.scale) != {Fraction(1)} or any(found.shift)):
        raise CannotRunError("averages sums that were scaled since they are written")
    shape = (rows // stride, columns // stride, channels)
    return replace(found, places=checked_places(shape), shape=shape, stride=stride, averages=averages)


def floored(data: Map) -> Taken:
    """Round averages of sums down.

    Raises
    ------
    CannotRunError
        If that is no average, or was scaled since.
    """
    if not isinstance(data, Taken) or not data.averages or data.bits or data.whole:
        raise CannotRunError("rounds down what is no average of sums")
    return replace(data, whole=True)


def repeated(data: Map, times: int) -> Taken:
    """Repeat all channels."""
    found = taken(data)
    rows, columns, channels = found.shape
    if found.places.ndim not in (2, 4) or found.places.shape[1] != channels:
        raise CannotRunError("repeats another axis than that of channels")
    shape = (rows, columns, channels * times)
    lengths = (1, shape[2], *found.places.shape[2:])
    return replace(
        found,
        places=checked_places(shape).reshape(lengths),
        shape=shape,
        scale=found.scale * times,
        shift=found.shift * times,
    )
