"""What flows between the operations of a network: pixels, then by turns levels and sums.

Every map carries its ``places``: an array of the shape that the map has in the file, batch axis
included, which holds the place of each element in ``(y, x, c)`` order. Reshaping, flattening and
transposing act on that alone, so no layout has to be guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.formats.importers.folding.possible import SumRange
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.folding.steps import Affine, Comparison, Step
from o3sim.network.preprocess import InputSpec

Shape = tuple[int, int, int]
"""Rows, columns, channels."""

Sides = tuple[int, int, int, int]
"""Rows added at the top, columns at the left, rows at the bottom, columns at the right."""

MOST_ELEMENTS = 2**25
"""Of a map: ten times the largest of VGG-16. A file that declares more is refused before memory is taken."""

HOST = -2.0
"""Stands for the host's first layers, where there are numbers of layers."""

MOST_STEPS = 32
"""Operations between a sum and its threshold: fractions grow with each."""


@dataclass(frozen=True)
class Added:
    """What is added to the sums of a layer.

    Attributes
    ----------
    number : int
        The layer whose outputs these are.
    bits : bool
        Its bits, as -1 and +1, rather than its sums.
    stride : int
    averages : bool
        Of the square of ``stride`` rows and columns the average, rounded down (of bits the sum), or the
        first value.
    scale : tuple of Fraction, one per channel
    unit : Fraction
        What 1 of the outputs is worth.
    rounds : bool
        The network does not round averages of sums; they are because sums are in fixed point.
    """

    number: float
    bits: bool
    stride: int
    averages: bool
    scale: tuple[Fraction, ...]
    unit: Fraction = Fraction(1)
    rounds: bool = False


@dataclass(frozen=True, eq=False)
class SumsOf:
    """How a layer's sums are made, and what is asked of them.

    Attributes
    ----------
    bits : ndarray of uint8, shape (outputs, edges)
        Weights as the file has them.
    base : Affine or None
        Of the dots, before anything is added; None leaves them as they are.
    added : Added or None
    conditions : tuple of Comparison, or None
        When each channel's bit is 1; None if nobody asks.
    written : Affine or None
        What the layer writes of the sums, for others to add; None if nothing.
    """

    bits: NDArray[np.uint8]
    base: Affine | None = None
    added: Added | None = None
    conditions: tuple[Comparison, ...] | None = None
    written: Affine | None = None


@dataclass(frozen=True, eq=False)
class FoldedLayer:
    """A layer as it will stand in the workload.

    Attributes
    ----------
    key : dict
        Its YAML; the name may be missing.
    bits : ndarray of uint8, shape (outputs, edges)
        1 for +1, 0 for -1, edges in ``(ky, kx, c)`` order.
    theta : ndarray of int64, shape (outputs,), or None
    rounded : float
        How far, relative to it, weights were from the one magnitude that they were taken for.
    number : float
        Place in the order of layers; -1 where a network is a chain.
    source : float or None
        Number of the layer whose bits it takes; None of the input.
    most_level : int
        The largest magnitude of what an edge takes.
    sums : SumsOf or None
    rule : dict of str to ndarray of int64
        Arrays of the constants of its sums, by the last words of their names; none without sums.
    unit : Fraction
        What 1 of its sums is worth: 1 unless they are in fixed point.
    exact : dict of str to tuple of Fraction
        The constants of `rule` before they were rounded.
    """

    key: dict[str, Any]
    bits: NDArray[np.uint8]
    theta: NDArray[np.int64] | None = None
    rounded: float = 0.0
    number: float = -1
    source: float | None = None
    most_level: int = 1
    sums: SumsOf | None = None
    rule: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    unit: Fraction = Fraction(1)
    exact: dict[str, tuple[Fraction, ...]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class HostStep:
    """A float operation that is left to the host.

    Attributes
    ----------
    key : dict
        As it will stand in the workload.
    arrays : dict of str to ndarray
        By the last word of their names there.
    """

    key: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class HostSpec:
    """First layers on the host: real pixels in, bits out, and sums in fixed point if layers add them."""

    low: float
    high: float
    steps: tuple[HostStep, ...]
    sum_fraction_bits: int | None = None
    planes: int = 1
    offset: int = 0


@dataclass(frozen=True, eq=False)
class Before:
    """The network up to a map: the input and the layers that are finished.

    Attributes
    ----------
    shape : tuple of int
        Shape of an image.
    spec : InputSpec or HostSpec or None
        How pixels are encoded, once that is known.
    fraction_bits : int or None
        Of sums that are added; None if they have to be whole numbers as they are.
    """

    shape: Shape
    spec: InputSpec | HostSpec | None = None
    layers: tuple[FoldedLayer, ...] = ()
    fraction_bits: int | None = None


@dataclass(frozen=True, eq=False)
class Pixels:
    """The input: ``scale * p + offset`` of pixel values p, 0..255."""

    places: NDArray[np.int32]
    shape: Shape
    before: Before
    scale: Fraction
    offset: Fraction


@dataclass(frozen=True, eq=False)
class Levels:
    """What a layer takes: ``scale * level + offset``, a level being -1, +1, or a fixed-point input's integer.

    Attributes
    ----------
    inverted : ndarray of bool, shape (channels,), or None
        Channels whose value has the opposite level.
    padded : tuple of (Sides, Fraction) or None
        Rows and columns added on the four sides, and their value.
    averaged : tuple of int, or None
        Rows and columns that each channel's value is the average of.
    """

    places: NDArray[np.int32]
    shape: Shape
    before: Before
    scale: Fraction
    offset: Fraction
    inverted: NDArray[np.bool_] | None = None
    padded: tuple[Sides, Fraction] | None = None
    averaged: tuple[int, int] | None = None

    @property
    def fixed_point(self) -> bool:
        """Whether levels are a first layer's integers."""
        return not self.before.layers and self.before.spec is not None and self.before.spec.planes > 1


@dataclass(frozen=True, eq=False)
class Sums:
    """Dots of a layer and the steps they went through since.

    Attributes
    ----------
    before : Before
        Without this layer.
    layer : FoldedLayer
        Without thresholds yet.
    steps : tuple of Step
    possible : SumRange
        Which sums of the layer can be.
    taken : int
        Elements of the map that the layer takes.
    base : Affine or None
        Of the dots before something was added; steps are those since.
    added : Added or None
    mark : int or None
        After how many steps the value is that several nodes take.
    """

    places: NDArray[np.int32]
    shape: Shape
    before: Before
    layer: FoldedLayer
    steps: tuple[Step, ...]
    possible: SumRange
    taken: int
    base: Affine | None = None
    added: Added | None = None
    mark: int | None = None

    def then(self, step: Step) -> Sums:
        """Return the sums after one more step."""
        if len(self.steps) >= MOST_STEPS:
            raise CannotRunError(f"is more than the {MOST_STEPS}th operation since the weights")
        return replace(self, steps=(*self.steps, step))


@dataclass(frozen=True, eq=False)
class Taken:
    """Outputs of a finished layer, on their way to be added: ``scale * output + shift`` by channel.

    Attributes
    ----------
    number : float
        The layer.
    bits : bool
        Its bits as -1 and +1, rather than its sums.
    scale, shift : tuple of Fraction, one per channel
    unit : Fraction
        What 1 of the layer's sums was worth when they were written.
    stride : int
    averages : bool
        Averages of squares of ``stride`` rows and columns, rather than their first values.
    whole : bool
        Averages were rounded down.
    """

    places: NDArray[np.int32]
    shape: Shape
    before: Before
    number: float
    bits: bool
    scale: tuple[Fraction, ...]
    shift: tuple[Fraction, ...]
    stride: int = 1
    averages: bool = False
    whole: bool = False
    unit: Fraction = Fraction(1)


@dataclass(frozen=True, eq=False)
class Floats:
    """What the host works out: real numbers, at the start or at the end of a network.

    Attributes
    ----------
    steps : tuple of HostStep
    start : Pixels or None
        What they were made of; None at the end, where that is the bits of the last layer.
    """

    places: NDArray[np.int32]
    shape: Shape
    before: Before
    steps: tuple[HostStep, ...]
    start: Pixels | None


Map = Pixels | Levels | Sums | Taken
"""What a machine works out, and what it is made of."""

AnyMap = Map | Floats

MAPS = (Pixels, Levels, Sums, Taken, Floats)
"""The classes of maps."""


def checked_places(shape: Shape) -> NDArray[np.int32]:
    """Return the places of a map with the axes (batch, channel, row, column).

    Raises
    ------
    CannotRunError
        If the map is too large.
    """
    if min(shape) < 1 or shape[0] * shape[1] * shape[2] > MOST_ELEMENTS:
        rows, columns, channels = shape
        raise CannotRunError(
            f"gives a map of {rows} rows, {columns} columns and {channels} channels; it may have 1 to "
            f"{MOST_ELEMENTS} elements"
        )
    numbered = np.arange(shape[0] * shape[1] * shape[2], dtype=np.int32).reshape(shape)
    return numbered.transpose(2, 0, 1)[None]


def is_image_like(data: AnyMap) -> bool:
    """Return whether a map has the axes (batch, channel, row, column), in that order."""
    rows, columns, channels = data.shape
    if data.places.shape != (1, channels, rows, columns):
        return False
    return bool((data.places == checked_places(data.shape)).all())


def channel_values(data: AnyMap, constant: NDArray[Any]) -> NDArray[Any]:
    """Return the values that an operand, broadcast against a map, has in each channel.

    Raises
    ------
    CannotRunError
        If it does not broadcast, or varies within a channel.
    """
    channels = data.shape[2]
    if constant.size == 1 and constant.ndim <= data.places.ndim:
        return np.full(channels, constant.reshape(-1)[0])
    if 1 < constant.ndim == data.places.ndim and constant.shape[0] > 1 and (constant == constant[:1]).all():
        constant = constant[:1]  # the same for each image of the batch that an exporter traced
    try:
        spread = np.broadcast_to(constant, data.places.shape)
    except ValueError:
        raise CannotRunError(
            f"combines a map of shape {list(data.places.shape)} with an operand of shape "
            f"{list(constant.shape)}"
        ) from None
    channel = data.places % channels
    values = np.zeros(channels, constant.dtype)
    values[channel] = spread
    if not np.array_equal(values[channel], spread):
        raise CannotRunError("has an operand that varies within a channel")
    return values
