"""What fixed point did to sums: how far they can be off, and which bits that can turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import ceil, floor

from o3sim.formats.importers.folding.connecting import most_dot, reach_of
from o3sim.formats.importers.folding.maps import HOST, FoldedLayer


def rounded_sums(
    layers: Sequence[FoldedLayer], host_reach: int | None = None
) -> Iterator[tuple[FoldedLayer, str]]:
    """Say of each layer whose sums are in fixed point by how much any input can make them differ.

    Parameters
    ----------
    layers : sequence of FoldedLayer
        In their order.
    host_reach : int, optional
        What no sum of the host's first layers exceeds, if layers add these; they are rounded to the nearest.
    """
    errors: dict[float, list[Fraction]] = {HOST: [Fraction(1, 2)]}
    reach: dict[float, int] = {} if host_reach is None else {HOST: host_reach}
    for layer in layers:
        if not layer.rule:
            continue
        errors[layer.number] = [_rounded_up(each) for each in _errors(layer, errors, reach)]
        reach[layer.number] = reach_of(layer, reach)
        if layer.unit < 1:
            yield layer, _words(layer, errors[layer.number], reach[layer.number])


def _errors(
    layer: FoldedLayer, errors: dict[float, list[Fraction]], reach: dict[float, int]
) -> list[Fraction]:
    """Return for each channel what a sum differs by at most, in units of it."""
    off = {
        word: [abs(int(is_) - should) for is_, should in zip(layer.rule[word], values, strict=True)]
        for word, values in layer.exact.items()
    }
    own = [scale * most_dot(layer) + shift for scale, shift in zip(off["scale"], off["shift"], strict=True)]
    added = layer.sums.added if layer.sums is not None else None
    if added is None:
        return own
    squares = added.stride**2 if added.averages else 1
    most = squares if added.bits else reach[added.number]
    theirs = [Fraction(0)] if added.bits else errors[added.number]
    down = Fraction(squares - 1, squares) if added.rounds else Fraction(0)
    return [
        mine + off["add_scale"][channel] * most + factor * (theirs[channel % len(theirs)] + down)
        for channel, (mine, factor) in enumerate(zip(own, map(abs, layer.exact["add_scale"]), strict=True))
    ]


def _rounded_up(value: Fraction) -> Fraction:
    """Keep denominators short, which grow with every layer; what is 0 stays 0."""
    return Fraction(ceil(value * 2**40), 2**40)


def _words(layer: FoldedLayer, errors: Sequence[Fraction], reach: int) -> str:
    bits, most = layer.unit.denominator.bit_length() - 1, max(errors)
    words = f"sums in units of 2^-{bits}"
    if not most:
        return f"{words}, exactly"
    words += f", off by {_number(most * layer.unit)} at most (they reach {_number(reach * layer.unit)})"
    sums = layer.sums
    if sums is None or sums.conditions is None:
        return words
    if sums.added is None:
        return f"{words}; its bits are exact"
    step = 1 if layer.most_level > 1 else 2
    dots = 2 * most_dot(layer) // step + 1
    turned = [
        min(dots, floor(2 * error / (step * scale)) + 1 if scale else dots)
        for error, scale in zip(errors, layer.exact["scale"], strict=True)
        if error
    ]
    return (
        f"{words}; {len(turned)} of {len(errors)} thresholds can come out differently, for {sum(turned):,} "
        f"of {dots * len(errors):,} dots at most"
    )


def _number(value: Fraction) -> str:
    return f"{float(value):.2g}" if value < 100 else f"{float(value):,.0f}"
