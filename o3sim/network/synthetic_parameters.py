"""Parameters for a topology nobody gives trained weights of: random, but not just coin flips.

Coin flips mislead: their sums stay nearer to the threshold than those of trained networks, which are
about 1/sqrt(n) away, so threshold pruning comes out too small (docs/workload.md has figures). A
trained filter answers to something that occurs in its input, and patches of the input itself are known
to make usable filters (Coates, Lee and Ng, AISTATS 2011). So each filter is a patch of the layer's own
input on a calibration image, or its inverse, with as many of its weights replaced by coin flips as the
margin wanted leaves room for. Thresholds then give each channel its share of ones. Layer after layer:
a layer's input is what the layers before it, with their thresholds, make of the calibration images.

Arithmetic is on integers but for the comparison of one correctly rounded quotient, so parameters are the
same everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from o3sim.config.workload import ParameterRecipe
from o3sim.errors import InputError
from o3sim.network.activity import Activity, doing
from o3sim.network.bits.layers import dots, evaluated, patch_dots, pooled
from o3sim.network.bits.packing import pack_bits, unpack_bits
from o3sim.network.bits.patches import Patches, gather
from o3sim.network.flow import Flow, Inputs
from o3sim.network.layer import Geometry, Layer, LayerSize
from o3sim.network.parameters import Shapes
from o3sim.network.preprocess import InputSpec
from o3sim.network.random_bits import LEVELS, RandomBits
from o3sim.network.sums import check_ranges, plain_rule, sums_of
from o3sim.network.synthetic_images import CALIBRATION_IMAGES, synthetic_images

SAMPLED_POSITIONS = 4096
"""Positions, over all calibration images, that a layer is calibrated on: shares to within 1 %."""
TRIAL_CHANNELS = 64
"""Channels on which the margin is measured while the likeness is searched."""

MOST_CALIBRATION_BYTES = 2**31
"""Of one layer's maps on all calibration images."""

CODE_BYTES = 8
"""Of a value of an encoded image."""

_FILTERS = 3  # purpose of a random stream; those of images are in synthetic_images

_NO_WEIGHTS = np.zeros((0, 0), np.uint64)

Codes = list[NDArray[np.integer]]


def synthetic_layers(
    recipe: ParameterRecipe, spec: InputSpec, shape: tuple[int, int, int], shapes: Shapes
) -> tuple[Layer, ...]:
    """Make weights and thresholds of every layer.

    Memory is bounded by the maps of one layer on all calibration images.

    Parameters
    ----------
    spec : InputSpec
        How the calibration images are encoded.
    shape : tuple of int
        (height, width, channels) of an image.
    shapes : Shapes
        Name, geometry and kind of each layer.
    """
    _check_memory(recipe, shape, shapes)
    images = synthetic_images(recipe.seed, recipe.calibration_images, shape, CALIBRATION_IMAGES)
    with doing("making parameters") as activity:
        layers = tuple(_layers(recipe, spec, shapes, images, activity))
    check_ranges(layers)
    return layers


def _layers(
    recipe: ParameterRecipe,
    spec: InputSpec,
    shapes: Shapes,
    images: NDArray[np.uint8],
    activity: Activity,
) -> Iterator[Layer]:
    sizes = [LayerSize(*shape) for shape in shapes]
    flows = [Flow(sizes, image, spec.encode(image)) for image in images]
    work = [g.out_height * g.out_width * g.out_channels * g.n_edges_full for _, g, _ in shapes]
    for number, (name, geometry, scores) in enumerate(shapes):
        activity.tell(f"making parameters of {name}", sum(work[:number]), sum(work))
        random = RandomBits(recipe.seed, _FILTERS, number)
        offset = spec.offset if number == 0 else 0
        if scores:
            weights = _masked(random.words(geometry.out_channels, geometry.words_per_neuron), geometry)
            yield Layer(name, geometry, weights, None, scores=True, input_offset=offset)
            return
        share = recipe.ones_of.get(name, recipe.ones)
        sums = plain_rule(geometry.out_channels) if geometry.makes_sums else None
        blank = Layer(name, geometry, _NO_WEIGHTS, None, input_offset=offset, sums=sums)
        inputs = [flow.inputs_of(blank) for flow in flows]
        layer = _Maker(name, geometry, offset, [each.codes for each in inputs], random).layer(
            share, recipe.margin
        )
        if sums is not None:
            layer = _compared_sums(replace(layer, sums=sums), inputs, share)
        for flow, each in zip(flows, inputs, strict=True):
            outcome, made = evaluated(layer, each)
            flow.put(layer, pooled(geometry, outcome), made)
        yield layer


def _compared_sums(layer: Layer, inputs: list[Inputs], share: float) -> Layer:
    """Set the thresholds on the sums of a layer that makes some."""
    channels = layer.geometry.out_channels
    made = [sums_of(layer, dots(layer, each.codes), each.addition).reshape(-1, channels) for each in inputs]
    return replace(layer, theta=share_threshold(np.concatenate(made), share))


def _check_memory(recipe: ParameterRecipe, shape: tuple[int, int, int], shapes: Shapes) -> None:
    """Refuse maps that would fill the memory, before any is made."""
    count = recipe.calibration_images
    maps = [g.out_height * g.out_width * g.out_channels for _, g, _ in shapes]
    size_bytes = count * max(CODE_BYTES * math.prod(shape), *maps)
    if size_bytes > MOST_CALIBRATION_BYTES:
        raise InputError(
            f"parameters.synthetic.calibration_images: {count} maps of the largest layer take {size_bytes:,}"
            f" bytes; {MOST_CALIBRATION_BYTES:,} at most"
        )


@dataclass(frozen=True)
class _Filters:
    """What the filters of a layer are mixed from, all of shape (out_channels, words_per_neuron)."""

    prototypes: NDArray[np.uint64]
    coins: NDArray[np.uint64]

    def mixed(self, kept: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Take the prototype's weight where ``kept`` is 1, the coin's elsewhere."""
        return (self.prototypes & kept) | (self.coins & ~kept)


class _Maker:
    """Makes one layer from its input on the calibration images."""

    def __init__(self, name: str, geometry: Geometry, offset: int, codes: Codes, random: RandomBits) -> None:
        self._name = name
        self._geometry = geometry
        self._offset = offset
        self._random = random
        self._samples, image = _sample(geometry, codes, random)
        self._in_first_half = image < (len(codes) + 1) // 2
        self._filters = _Filters(
            self._prototypes(), random.words(geometry.out_channels, geometry.words_per_neuron)
        )

    def layer(self, share: float, margin: float) -> Layer:
        """Choose how alike filters and patches are; then set the thresholds."""
        level = self._likeness(share, margin)
        g = self._geometry
        kept = self._random.biased_words(level, g.out_channels, g.words_per_neuron)
        layer = self._layer(_masked(self._filters.mixed(kept), g))
        return replace(layer, theta=share_threshold(patch_dots(layer, self._samples), share))

    def _layer(self, weights: NDArray[np.uint64]) -> Layer:
        return Layer(self._name, self._geometry, weights, None, input_offset=self._offset)

    def _prototypes(self) -> NDArray[np.uint64]:
        """Draw a patch for each channel from the first half of the images, every other one inverted."""
        g = self._geometry
        candidates = np.flatnonzero(self._in_first_half)
        chosen = candidates[self._random.below(len(candidates), g.out_channels)]
        inverted = self._random.words(g.out_channels, 1) & np.uint64(1)
        bits = _above_mean(g, self._samples.words[chosen])
        return bits ^ (np.uint64(0) - inverted)

    def _likeness(self, share: float, margin: float) -> int:
        """Search the share of weights, in steps of 1/LEVELS, that gives the margin, from 0 on."""
        wanted = margin / math.sqrt(self._geometry.fan_in)
        low, high = 0, LEVELS
        while margin > 0 and high - low > LEVELS // 64:
            middle = (low + high) // 2
            low, high = (middle, high) if self._margin(middle, share) < wanted else (low, middle)
        return low

    def _margin(self, level: int, share: float) -> float:
        """Measure the mean of ``|S - T| / n`` on images that no prototype comes from."""
        channels = slice(0, TRIAL_CHANNELS)
        trial = _Filters(self._filters.prototypes[channels], self._filters.coins[channels])
        kept = self._random.branch(level).biased_words(level, *trial.coins.shape)
        layer = self._layer(_masked(trial.mixed(kept), self._geometry))
        others = self._samples if self._in_first_half.all() else _subset(self._samples, ~self._in_first_half)
        dots = patch_dots(layer, others)
        away = int(np.abs(dots - share_threshold(dots, share)).sum())
        # A dot is 2*S - n for bits, and in a fixed-point layer S weighs up to 2**planes - 1.
        g = self._geometry
        unit = 2 if g.planes == 1 else 1
        return away / float(unit * dots.size * g.fan_in * (2**g.planes - 1))


def share_threshold(dots: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    """Find the thresholds that give each channel a share of ones, as near as ties allow.

    Parameters
    ----------
    dots : ndarray of int64, shape (samples, channels)
    share : float
        0..1.

    Returns
    -------
    ndarray of int64, shape (channels,)

    Examples
    --------
    >>> share_threshold(np.array([[1], [3], [5], [7]]), 0.25)
    array([7])
    """
    columns = np.ascontiguousarray(dots.T)
    samples = columns.shape[1]
    ones = min(max(round(share * samples), 1), samples)
    least = np.partition(columns, samples - ones, axis=1)[:, samples - ones]
    at_least = (columns >= least[:, None]).sum(axis=1)
    above = (columns > least[:, None]).sum(axis=1)
    wanted = share * samples
    nearer_above = np.abs(above - wanted) < np.abs(at_least - wanted)
    return np.where(nearer_above, least + 1, least)


def _sample(geometry: Geometry, codes: Codes, random: RandomBits) -> tuple[Patches, NDArray[np.int64]]:
    """Take patches of every image; also tell which image each is of."""
    positions = geometry.out_height * geometry.out_width
    each = max(1, SAMPLED_POSITIONS // len(codes))
    words, masks, image = [], [], []
    for number, code in enumerate(codes):
        patches = gather(geometry, code)
        chosen = np.arange(positions) if positions <= each else random.below(positions, each)
        words.append(patches.words[chosen])
        masks.append(patches.mask_index[chosen])
        image.append(np.full(len(chosen), number))
    return Patches(np.concatenate(words), patches.masks, np.concatenate(masks)), np.concatenate(image)


def _subset(patches: Patches, which: NDArray[np.bool_]) -> Patches:
    return Patches(patches.words[which], patches.masks, patches.mask_index[which])


def _above_mean(geometry: Geometry, words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Turn patches, shape (patches, planes, words), into bits: fixed-point pixels above their mean."""
    if geometry.planes == 1:
        return words[:, 0]
    bits = unpack_bits(words, geometry.fan_in).astype(np.int64)
    weights = 1 << np.arange(geometry.planes)[::-1]
    values = (bits * weights[None, :, None]).sum(axis=1)
    return pack_bits(values * geometry.fan_in > values.sum(axis=1, keepdims=True))


def _masked(words: NDArray[np.uint64], geometry: Geometry) -> NDArray[np.uint64]:
    """Clear the bits after a neuron's last edge."""
    return words & pack_bits(np.ones(geometry.fan_in, np.uint8))
