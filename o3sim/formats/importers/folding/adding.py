"""Maps that meet: outputs of an earlier layer, added to the sums of a later one.

A layer whose sums somebody adds writes them, as integers; so whatever stands between its dots and the place
where they are taken has to be whole numbers, or is written in fixed point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from o3sim.formats.importers.folding.maps import (
    HOST,
    Added,
    AnyMap,
    Before,
    Floats,
    FoldedLayer,
    HostSpec,
    Map,
    Pixels,
    Sums,
    SumsOf,
    Taken,
    checked_places,
)
from o3sim.formats.importers.folding.pooling import upright
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.folding.steps import Affine, Bent, Step
from o3sim.formats.importers.folding.sums import resolved
from o3sim.network.preprocess import InputSpec


def joined(first: AnyMap, second: AnyMap) -> Sums:
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
    other = second if main is first else first
    if isinstance(other, Sums) and other in free and _is_shortcut_of(main, other):
        main, other = other, main
    addend = taken(other)
    main = _behind(main, addend)
    if main.places.shape != addend.places.shape or not np.array_equal(main.places, addend.places):
        shapes = f"{list(main.places.shape)} and {list(addend.places.shape)}"
        raise CannotRunError(f"adds maps of the shapes {shapes}, or of different order")
    if addend.number >= main.layer.number:
        raise CannotRunError("adds what the same or a later layer gives to the sums of a layer")
    rounds = addend.averages and not (addend.bits or addend.whole)
    if rounds and main.before.fraction_bits is None:
        raise CannotRunError(
            "adds averages of sums, which are no integers before a Floor; --fraction-bits N takes "
            "sums in fixed point, of which averages are rounded down"
        )
    scale, shift = composed(main.steps, main.shape[2])
    base = Affine(scale, tuple(a + b for a, b in zip(shift, addend.shift, strict=True)))
    # Of bits a workload adds the sum over a square, which is so many times the average.
    share = addend.stride**2 if addend.bits and addend.averages else 1
    factors = tuple(each / share for each in addend.scale)
    added = Added(addend.number, addend.bits, addend.stride, addend.averages, factors, addend.unit, rounds)
    layers = _merged(main.before, addend.before.layers)
    before = replace(main.before, layers=layers, spec=_spec(main.before.spec, addend.before.spec))
    return replace(main, before=before, steps=(), mark=None, base=base, added=added)


def _is_shortcut_of(shortcut: Sums, main: Sums) -> bool:
    """Return whether the other layer is the one to add, and prune: the one with more edges."""
    kernels = shortcut.layer.key.get("kernel"), main.layer.key.get("kernel", 1)
    return main.mark is None and kernels[0] == 1 != kernels[1]


def _behind(main: Sums, addend: Taken) -> Sums:
    """Let a layer run after what it adds: exporters write a block's shortcut behind its layers.

    As long as nobody has taken anything of the layer, its place in the order is free.
    """
    free = main.mark is None and all(main.layer.number != each.number for each in addend.before.layers)
    if addend.number < main.layer.number or not free:
        return main
    return replace(main, layer=replace(main.layer, number=addend.number + 0.5))


def _spec(
    first: InputSpec | HostSpec | None, second: InputSpec | HostSpec | None
) -> InputSpec | HostSpec | None:
    """Return how pixels are encoded, with the host's sums if either branch adds them."""
    if not isinstance(first, HostSpec) or not isinstance(second, HostSpec):
        return first
    if first.steps != second.steps:
        raise CannotRunError(
            "adds what the host's layers give, of which the sign takes something else: only the sign of 0 at "
            "the value that is added can be run"
        )
    return first if first.sum_fraction_bits is not None else second


def _taken_floats(data: Floats) -> Taken:
    """Return what the host's first layers give, which it writes as sums then."""
    bits, start = data.before.fraction_bits, data.start
    if start is None:
        raise CannotRunError(
            "adds what the host's last layers give: nothing of the machine comes behind them"
        )
    if bits is None:
        raise CannotRunError(
            "adds real values of the host's first layers; --fraction-bits N writes them in fixed point"
        )
    unit, channels = Fraction(1, 2**bits), data.shape[2]
    low = float(start.offset)
    spec = HostSpec(low, float(start.offset + 255 * start.scale), data.steps, bits)
    before = replace(data.before, spec=spec)
    scale, shift = (unit,) * channels, (Fraction(0),) * channels
    return Taken(data.places, data.shape, before, HOST, False, scale, shift, unit=unit)


def taken(data: AnyMap) -> Taken:
    """Return the outputs of a layer for others to add: its bits, or its sums, which it writes then."""
    if isinstance(data, Taken):
        return data
    if isinstance(data, Floats):
        return _taken_floats(data)
    if isinstance(data, Sums):
        return _taken_sums(data)
    if isinstance(data, Pixels) or data.fixed_point or not data.before.layers:
        raise CannotRunError("adds the input: only what layers give can be added")
    data = upright(data)
    if data.padded or data.inverted is not None:
        raise CannotRunError("adds padded bits, or bits kept inverted, behind a negative scale")
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
    written, place = written_sums(data, len(data.steps))
    scale, shift = composed(data.steps[place:], data.shape[2])
    scale = tuple(value * written.unit for value in scale)
    before = replace(data.before, layers=(*data.before.layers, written))
    return Taken(data.places, data.shape, before, written.number, False, scale, shift, unit=written.unit)


def written_sums(data: Sums, most: int) -> tuple[FoldedLayer, int]:
    """Let a layer write its sums: as late as its constants are whole, or all of them in fixed point.

    Parameters
    ----------
    most : int
        After so many steps at the latest; earlier, where several nodes take the sums.

    Returns
    -------
    tuple of (FoldedLayer, int)
        The layer, and how many of the steps its sums have gone through.
    """
    fraction_bits = data.before.fraction_bits
    if data.mark is not None and data.mark > most:
        raise CannotRunError("adds sums of which others take what they are later")
    latest = most if data.mark is None else data.mark
    first = latest if data.mark is not None or fraction_bits is not None else 0
    for place in range(latest, first - 1, -1):
        written = Affine(*composed(data.steps[:place], data.shape[2]))
        sums = SumsOf(data.layer.bits, data.base, data.added, None, written)
        try:
            return resolved(replace(data.layer, sums=sums), fraction_bits), place
        except CannotRunError:
            if place == first:
                raise
    raise AssertionError("the last try returns or raises")


def composed(steps: Sequence[Step], channels: int) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
    """Return the one scale and shift that steps are."""
    scale, shift = [Fraction(1)] * channels, [Fraction(0)] * channels
    for step in steps:
        if isinstance(step, Bent):
            raise CannotRunError(
                "adds what went through PRelu or LeakyRelu: between a layer and an addition only scales and "
                "shifts can be run"
            )
        if not isinstance(step, Affine):
            raise CannotRunError("adds sums that were clipped or pooled")
        scale = [a * b for a, b in zip(scale, step.scale, strict=True)]
        shift = [a * b + c for a, b, c in zip(shift, step.scale, step.shift, strict=True)]
    return tuple(scale), tuple(shift)


def _merged(first: Before, second: Sequence[FoldedLayer]) -> tuple[FoldedLayer, ...]:
    """Put the layers of two branches in one order."""
    found = {layer.number: layer for layer in first.layers}
    for layer in second:
        there = found.get(layer.number, layer)
        found[layer.number] = there if there is layer else _both(there, layer, first.fraction_bits)
    return tuple(found[number] for number in sorted(found))


def _both(first: FoldedLayer, second: FoldedLayer, fraction_bits: int | None) -> FoldedLayer:
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
    return resolved(replace(first, sums=sums), fraction_bits)


def squares(data: AnyMap, stride: int, averages: bool) -> Taken:
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
    scaled = set(found.scale) != {Fraction(1)} or any(found.shift)
    if averages and not found.bits and scaled and found.before.fraction_bits is None:
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
    if data.before.fraction_bits is not None:
        raise CannotRunError("rounds down to whole numbers what is in fixed point; leave --fraction-bits out")
    return replace(data, whole=True)


def repeated(data: AnyMap, times: int) -> Taken:
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
