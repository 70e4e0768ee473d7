"""The shape and the parameters of one layer of a binarized network."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from o3sim.network.edge_order import EdgeOrder

Padding = Literal["exclude", "-1", "+1"]
Kind = Literal["conv", "dense"]


@dataclass(frozen=True)
class Pool:
    """A max-pooling window: the OR of ``size x size`` neurons, every ``stride`` rows and columns.

    Windows that do not fit are dropped (floor mode), so the last rows or columns of a map may
    belong to no window.
    """

    size: int
    stride: int


@dataclass(frozen=True)
class Addend:
    """What is added to a layer's sums: outputs of a layer above, one value for each neuron.

    Attributes
    ----------
    layer : str
        The layer above.
    height, width, channels : int
        Its output map; output channel ``c`` adds channel ``c mod channels`` of it.
    bits : int
        Of a value: 16 or 32 of sums, 1 of bits, which stand for -1 and +1.
    stride : int
        A neuron at row y and column x adds values of the ``stride x stride`` square from row ``y * stride``
        and column ``x * stride`` on.
    averages : bool
        Whether it adds the square's average, rounded down (of bits their sum), or its first value.
    """

    layer: str
    height: int
    width: int
    channels: int
    bits: int
    stride: int = 1
    averages: bool = True

    @property
    def taken(self) -> int:
        """Values that a neuron reads."""
        return self.stride**2 if self.averages else 1


@dataclass(frozen=True)
class Geometry:
    """The shape of a layer; a dense layer is a convolution over a 1x1 map.

    Attributes
    ----------
    in_height, in_width, in_channels : int
        Input map; a dense layer has 1, 1 and its number of features (flattened as y, x, c).
    out_channels : int
        Neurons per output position.
    kernel_height, kernel_width, stride, padding_pixels : int
        Sizes of the convolution, ``padding_pixels`` on each of the four sides.
    padding : {"exclude", "-1", "+1"}
        What a padded tap is: no edge at all, or an ordinary edge with that activation (on a
        fixed-point input: with the least or the greatest value).
    planes : int
        Bit planes of the input: 1 when it is binary, ``bits`` of a fixed-point input.
    pool : Pool or None
        Pooling of the thresholded bits.
    edge_order : EdgeOrder or None
        In which order edges are evaluated; None for ``(ky, kx, c)``.
    member_order : tuple of int
        In which order the neurons of a window come, as places ``y * size + x`` in it; empty for raster
        order.
    channel_work : tuple of int
        Edges that each output channel took on calibration images; empty where that was not measured.
    own_input : bool
        Whether the input does not follow from the layer above (:mod:`o3sim.network.own_input`).
    source : str
        The layer whose outputs it takes; empty for the layer above.
    sum_bits : int
        Bits of the sums that it writes beside its output bits: 16, 32, or 0 if it writes none.
    addend : Addend or None
        What it adds to its sums before they are compared.
    """

    kind: Kind
    in_height: int
    in_width: int
    in_channels: int
    out_channels: int
    kernel_height: int = 1
    kernel_width: int = 1
    stride: int = 1
    padding_pixels: int = 0
    padding: Padding = "-1"
    planes: int = 1
    pool: Pool | None = None
    edge_order: EdgeOrder | None = field(default=None, repr=False)
    member_order: tuple[int, ...] = field(default=(), repr=False)
    channel_work: tuple[int, ...] = field(default=(), repr=False)
    own_input: bool = field(default=False, repr=False)
    source: str = field(default="", repr=False)
    sum_bits: int = field(default=0, repr=False)
    addend: Addend | None = field(default=None, repr=False)

    @property
    def makes_sums(self) -> bool:
        """Whether the layer multiplies its dots, and adds to them, before it compares."""
        return self.sum_bits > 0 or self.addend is not None

    @property
    def out_height(self) -> int:
        """Rows of the convolution's output, before pooling."""
        return (self.in_height + 2 * self.padding_pixels - self.kernel_height) // self.stride + 1

    @property
    def out_width(self) -> int:
        """Columns of the convolution's output, before pooling."""
        return (self.in_width + 2 * self.padding_pixels - self.kernel_width) // self.stride + 1

    @property
    def pooled_height(self) -> int:
        """Rows of the layer's output, after pooling if there is any."""
        return _pooled(self.out_height, self.pool)

    @property
    def pooled_width(self) -> int:
        """Columns of the layer's output, after pooling if there is any."""
        return _pooled(self.out_width, self.pool)

    @property
    def fan_in(self) -> int:
        """Taps of one neuron: ``kernel_height * kernel_width * in_channels``."""
        return self.kernel_height * self.kernel_width * self.in_channels

    @property
    def n_edges_full(self) -> int:
        """Edges of a neuron none of whose taps is excluded: ``planes * fan_in``."""
        return self.planes * self.fan_in

    @property
    def words_per_neuron(self) -> int:
        """64-bit words that hold the weights of one neuron."""
        return -(-self.fan_in // 64)

    def n_edges_map(self) -> NDArray[np.int32]:
        """Count the edges of the neurons at each output position.

        Returns
        -------
        ndarray of int32, shape (out_height, out_width)
            ``n_edges_full`` everywhere, less at the borders with ``padding: exclude``.
        """
        if self.padding != "exclude":
            return np.full((self.out_height, self.out_width), self.n_edges_full, np.int32)
        rows = self.taps_inside(self.out_height, self.kernel_height, self.in_height).sum(axis=1)
        columns = self.taps_inside(self.out_width, self.kernel_width, self.in_width).sum(axis=1)
        return np.outer(rows, columns).astype(np.int32) * np.int32(self.planes * self.in_channels)

    def pooled_mask(self) -> NDArray[np.bool_]:
        """Tell which output positions a machine has to compute.

        Returns
        -------
        ndarray of bool, shape (out_height, out_width)
            False for positions that belong to no pooling window (floor mode leftovers).
        """
        mask = np.ones((self.out_height, self.out_width), np.bool_)
        if self.pool is not None:
            mask[(self.pooled_height - 1) * self.pool.stride + self.pool.size :] = False
            mask[:, (self.pooled_width - 1) * self.pool.stride + self.pool.size :] = False
        return mask

    def taps_inside(self, outputs: int, taps: int, inputs: int) -> NDArray[np.bool_]:
        """Tell which taps fall inside the input, along one axis.

        Returns
        -------
        ndarray of bool, shape (outputs, taps)
        """
        at = np.arange(outputs)[:, None] * self.stride - self.padding_pixels + np.arange(taps)
        return (at >= 0) & (at < inputs)


class Sized(Protocol):
    """A layer as far as its name and its sizes go."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def geometry(self) -> Geometry:
        """Its shape."""

    @property
    def scores(self) -> bool:
        """Whether it gives the scores: it has no thresholds."""


class LayerSize(NamedTuple):
    """A layer of which nothing but name and sizes is known yet."""

    name: str
    geometry: Geometry
    scores: bool


def _pooled(length: int, pool: Pool | None) -> int:
    return length if pool is None else (length - pool.size) // pool.stride + 1


@dataclass(frozen=True)
class Speculation:
    """When a layer's neurons are called before they are decided (:mod:`o3sim.profile.speculative`).

    Attributes
    ----------
    bound : float
        Standard deviations beyond which the running count calls an outcome.
    check_edges : int
        Edges from one check to the next.
    """

    bound: float
    check_edges: int


@dataclass(frozen=True, eq=False)
class SumRule:
    """How a layer's sums are made: ``scale * dot + shift``, and ``add_scale`` times what it adds.

    Attributes
    ----------
    scale, shift, add_scale : ndarray of int64, shape (out_channels,)
        Scales are 1 or more.
    """

    scale: NDArray[np.int64]
    shift: NDArray[np.int64]
    add_scale: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer: its shape, packed weights, and thresholds or scores.

    Attributes
    ----------
    weights : ndarray of uint64, shape (out_channels, words_per_neuron)
        Bit ``j`` (least significant first) of word ``k`` is edge ``64*k + j`` in ``(ky, kx, c)``
        order, c fastest; 1 stands for +1, 0 for -1, and the bits after the last edge are 0.
    theta : ndarray of int64, shape (out_channels,), or None
        Output is ``dot >= theta``; ``dot = 2*matches - n_edges`` for binary input and
        ``sum(w*q)`` over the integers ``q`` of a fixed-point input; of a layer that makes sums it is
        ``sum >= theta``. None in the scores layer.
    scores : bool
        The last layer: no threshold, its dots are the class scores.
    score_scale, score_bias : ndarray of float32, shape (out_channels,), or None
        Score is ``dot*scale + bias``; without them it is the integer ``dot``.
    input_offset : int
        ``c`` of a fixed-point input: ``q = (sum_p 2^p s_p + c) / 2`` with ``s_p`` in {-1, +1};
        not used for binary input.
    speculation : Speculation or None
        For machines with ``pruning.speculative``; others pay no heed to it.
    sums : SumRule or None
        How its sums are made, where it makes any (:mod:`o3sim.network.sums`).
    """

    name: str
    geometry: Geometry
    weights: NDArray[np.uint64]
    theta: NDArray[np.int64] | None
    scores: bool = False
    score_scale: NDArray[np.float32] | None = None
    score_bias: NDArray[np.float32] | None = None
    input_offset: int = 0
    speculation: Speculation | None = None
    sums: SumRule | None = None

    @cached_property
    def weights_by_word(self) -> NDArray[np.uint64]:
        """The weights transposed to (words_per_neuron, out_channels), as the kernels read them."""
        return np.ascontiguousarray(self.weights.T)

    @property
    def fixed_point(self) -> bool:
        """Whether the input is fixed-point: true of a first layer at most."""
        return self.geometry.planes > 1
