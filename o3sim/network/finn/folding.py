"""FINN's folding configurations: PE and SIMD of each node of a dataflow graph, by its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from o3sim.errors import InputError
from o3sim.network.finn.matrix_vector import inputs_of, matrix_vector_cycles
from o3sim.network.finn.pooling import pool_cycles, streaming_pool_cycles
from o3sim.network.finn.sliding_window import sliding_window_cycles
from o3sim.network.finn.thresholds import input_threshold_cycles, label_cycles

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry

MATRIX, WINDOW, POOL, STREAM_POOL, THRESHOLD, LABEL, PASSING = (
    "matrix-vector unit",
    "sliding window",
    "pool",
    "streaming pool",
    "thresholds",
    "label",
    "",
)
_KINDS = {
    "MVAU": MATRIX,
    "MatrixVectorActivation": MATRIX,
    "StreamingFCLayer_Batch": MATRIX,
    "ConvolutionInputGenerator": WINDOW,
    "Pool": POOL,
    "Pool_Batch": POOL,
    "StreamingMaxPool": STREAM_POOL,
    "StreamingMaxPool_Batch": STREAM_POOL,
    "Thresholding": THRESHOLD,
    "Thresholding_Batch": THRESHOLD,
    "LabelSelect": LABEL,
    "LabelSelect_Batch": LABEL,
    "StreamingDataWidthConverter": PASSING,
    "StreamingDataWidthConverter_Batch": PASSING,
    "StreamingFIFO": PASSING,
    "FMPadding": PASSING,
    "FMPadding_Batch": PASSING,
    "IODMA": PASSING,
}
"""Kinds of nodes by what FINN calls them, without the backend; those without effect here are ``PASSING``."""

_NODE = re.compile(r"([A-Za-z_]+?)(?:_(?:hls|rtl))?_(\d+)")
_READ = frozenset({"PE", "SIMD", "parallel_window"})


class Unit(NamedTuple):
    """A unit of a folded pipeline and the cycles that an image takes it."""

    node: str
    layer: str
    kind: str
    cycles: int


@dataclass(frozen=True)
class Folding:
    """A folding of a network.

    Attributes
    ----------
    pe, simd : tuples of int
        Of the matrix-vector unit of each layer; SIMD counts inputs.
    windows, pools : tuples of int
        Channels of a pixel that the sliding-window and pooling units of each layer take a cycle; 0 where
        there is none, or none that a machine has.
    units : tuple of Unit
        All that take cycles.
    not_read : tuple of str
        Keys and nodes of the file that change nothing here.
    """

    pe: tuple[int, ...]
    simd: tuple[int, ...]
    windows: tuple[int, ...]
    pools: tuple[int, ...]
    units: tuple[Unit, ...]
    not_read: tuple[str, ...] = ()

    @property
    def slowest(self) -> Unit:
        """The unit that sets the rate, as far as units do."""
        return max(self.units, key=lambda unit: unit.cycles)


Layers = Sequence[tuple[str, "Geometry"]]


def read_folding(values: Mapping[str, Any], layers: Layers, file: str) -> Folding:
    """Lay a folding configuration over the layers of a network, unit by unit in their order.

    Parameters
    ----------
    values : mapping
        Of the JSON: for each node a mapping of its keys.
    layers : sequence of (name, Geometry)
    file : str
        For errors.

    Raises
    ------
    InputError
        If a node is not known, there are not as many as the network needs, or a folding does not divide.
    """
    return _Reader(values, layers, file).folding()


class _Reader:
    def __init__(self, values: Mapping[str, Any], layers: Layers, file: str) -> None:
        self._layers, self._file = layers, file
        self._window_of: dict[str, int] = {}
        self._pool_of: dict[str, int] = {}
        self._nodes: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
        self._not_read: dict[str, None] = {}
        for node, keys in values.items():
            if node != "Defaults":
                self._take(node, keys)
            elif keys:
                self._not_read["Defaults"] = None

    def _take(self, node: str, keys: Any) -> None:
        found = _NODE.fullmatch(node)
        if found is None or found[1] not in _KINDS:
            known = ", ".join(f"{kind}_..._N" for kind in ("MVAU", "ConvolutionInputGenerator", "Pool"))
            raise InputError(
                f"{self._file}: {node}: not a node of FINN's binary networks ({known}, ...): take it out"
            )
        if not isinstance(keys, Mapping):
            raise InputError(f'{self._file}: {node}: expected keys as in {{"PE": 4, "SIMD": 8}}')
        self._not_read |= dict.fromkeys(key for key in keys if key not in _READ)
        kind = _KINDS[found[1]]
        if kind:
            self._nodes.setdefault(kind, []).append((node, keys))
        else:
            self._not_read[found[1]] = None

    def folding(self) -> Folding:
        """Read unit after unit."""
        matrices = self._numbered(MATRIX, [name for name, _ in self._layers])
        simd = [
            self._divisor(node, keys, "SIMD", inputs_of(g), f"inputs of {name}")
            for node, keys, name, g in matrices
        ]
        pe = [
            self._divisor(node, keys, "PE", g.out_channels, f"channels of {name}")
            for node, keys, name, g in matrices
        ]
        units = [
            Unit(node, name, MATRIX, matrix_vector_cycles(g, lanes, rows))
            for (node, _, name, g), lanes, rows in zip(matrices, simd, pe, strict=True)
        ]
        units += [*self._windows(), *self._pools(), *self._ends()]
        windows, pools = (
            tuple(found.get(name, 0) for name, _ in self._layers)
            for found in (self._window_of, self._pool_of)
        )
        return Folding(tuple(pe), tuple(simd), windows, pools, tuple(units), tuple(self._not_read))

    def _windows(self) -> Iterator[Unit]:
        """Yield sliding windows: of convolutions, and of pools that have a unit for theirs."""
        windows = self._nodes.get(WINDOW, [])
        if not windows:
            return
        own_pools = bool(self._nodes.get(POOL))
        places = [
            (name, g, pooled)
            for name, g in self._layers
            if g.kind == "conv"
            for pooled in ([False, True] if own_pools and g.pool is not None else [False])
        ]
        self._check_count(WINDOW, len(places))
        for (node, keys), (name, g, pooled) in zip(windows, places, strict=True):
            channels = g.out_channels if pooled else g.in_channels
            simd = self._divisor(
                node, keys, "SIMD", channels, f"channels {'out of' if pooled else 'into'} {name}"
            )
            whole = keys.get("parallel_window") == 1
            if pooled:
                self._pool_of[name] = simd
            elif not whole:
                self._window_of[name] = simd
            cycles = pool_cycles(g, simd) if pooled else sliding_window_cycles(g, simd, whole)
            yield Unit(node, name, WINDOW, cycles)

    def _pools(self) -> Iterator[Unit]:
        pooled = [name for name, g in self._layers if g.pool is not None]
        for node, keys, name, g in self._numbered(POOL, pooled) if self._nodes.get(POOL) else ():
            pe = self._divisor(node, keys, "PE", g.out_channels, f"channels of {name}")
            self._pool_of[name] = min(pe, self._pool_of.get(name, pe))
            yield Unit(node, name, POOL, pool_cycles(g, pe))
        for node, _, name, g in self._numbered(STREAM_POOL, pooled) if self._nodes.get(STREAM_POOL) else ():
            self._pool_of[name] = g.out_channels
            yield Unit(node, name, STREAM_POOL, streaming_pool_cycles(g))

    def _ends(self) -> Iterator[Unit]:
        (first, into), (last, out) = self._layers[0], self._layers[-1]
        ends: tuple[tuple[str, str, int, Callable[[int], int]], ...] = (
            (THRESHOLD, first, into.in_channels, lambda pe: input_threshold_cycles(into, pe)),
            (LABEL, last, out.out_channels, lambda pe: label_cycles(out.out_channels, pe)),
        )
        for kind, name, values, cycles_of in ends:
            for node, keys in self._nodes.get(kind, [])[:1]:
                pe = self._divisor(node, keys, "PE", values, f"values at {name}")
                yield Unit(node, name, kind, cycles_of(pe))

    def _numbered(
        self, kind: str, names: Sequence[str]
    ) -> list[tuple[str, Mapping[str, Any], str, Geometry]]:
        """Pair the nodes of a kind with the layers of these names, in their order."""
        self._check_count(kind, len(names))
        shapes = dict(self._layers)
        pairs = zip(self._nodes[kind], names, strict=True)
        return [(node, keys, name, shapes[name]) for (node, keys), name in pairs]

    def _check_count(self, kind: str, expected: int) -> None:
        found = len(self._nodes.get(kind, []))
        if found != expected:
            raise InputError(
                f"{self._file}: {found} nodes that are a {kind}, and the network has {expected} of them: "
                "name the network that the folding is of"
            )

    def _divisor(self, node: str, keys: Mapping[str, Any], key: str, whole: int, of: str) -> int:
        """Return a key that has to divide a number."""
        value = keys.get(key)
        if type(value) is not int or value < 1:
            raise InputError(f"{self._file}: {node}.{key}: expected a number from 1 on, found {value!r}")
        if whole % value:
            fitting = [size for size in range(1, whole + 1) if whole % size == 0]
            nearest = min(fitting, key=lambda size: abs(size - value))
            raise InputError(
                f"{self._file}: {node}.{key}: {value} does not divide the {whole} {of}: {nearest} would"
            )
        return value
