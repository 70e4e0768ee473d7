"""The float ends of a network, evaluated in double precision: the host's work, which nobody times."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.config.host_ops import HostAffine, HostConv, HostDense, HostFunction, HostOp, HostPool, shape_after
from o3sim.errors import InputError
from o3sim.network.host_ranges import ends_after

Array = NDArray[np.float64]
Shape = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class HostStep:
    """An operation with its arrays, by the last word of their names."""

    op: HostOp
    arrays: Mapping[str, Array]

    def __call__(self, values: Array) -> Array:
        """Return what becomes of a map, shape (rows, columns, channels)."""
        op = self.op
        if isinstance(op, HostConv):
            padded = np.pad(values, ((op.padding_pixels,) * 2,) * 2 + ((0, 0),))
            sums = np.einsum(
                "yxcab,oabc->yxo", _windows(padded, op.kernel, op.stride), self.arrays["weights"]
            )
            return np.asarray(sums + self.arrays.get("bias", 0.0))
        if isinstance(op, HostDense):
            sums = self.arrays["weights"] @ values.reshape(-1) + self.arrays.get("bias", 0.0)
            return np.asarray(sums).reshape(1, 1, -1)
        if isinstance(op, HostAffine):
            return np.asarray(values * self.arrays["scale"] + self.arrays["shift"])
        if isinstance(op, HostPool):
            return np.asarray(_windows(values, op.size, op.stride).max(axis=(-2, -1)))
        return _function(op, values)


def _windows(values: Array, size: int, stride: int) -> Array:
    """Return windows, shape (rows, columns, channels, size, size)."""
    seen = np.lib.stride_tricks.sliding_window_view(values, (size, size), axis=(0, 1))
    return seen[::stride, ::stride]


def _function(op: HostFunction, values: Array) -> Array:
    if op.type == "average":
        return np.asarray(values.mean(axis=(0, 1), keepdims=True))
    if op.type == "relu":
        return np.maximum(values, 0.0)
    if op.type == "hardtanh":
        return np.clip(values, -1.0, 1.0)
    return np.tanh(values) if op.type == "tanh" else 0.5 * (1 + np.tanh(0.5 * values))


@dataclass(frozen=True, eq=False)
class HostSide:
    """The operations of one end.

    Attributes
    ----------
    steps : tuple of HostStep
    shape : tuple of int
        Of the map before them.
    """

    steps: tuple[HostStep, ...]
    shape: Shape

    @property
    def names(self) -> set[str]:
        """Names of the arrays that it took."""
        return {f"{getattr(step.op, 'name', '')}_host_{word}" for step in self.steps for word in step.arrays}

    def __call__(self, values: NDArray[Any]) -> Array:
        """Return what becomes of a map, shape (rows, columns, channels)."""
        found = values.astype(np.float64)
        for step in self.steps:
            found = step(found)
        return found

    def __repr__(self) -> str:
        """Say what it computes, by content."""
        digest = hashlib.sha256()
        for step in self.steps:
            digest.update(repr(step.op).encode())
            for name, array in sorted(step.arrays.items()):
                digest.update(f"{name} {array.shape}".encode() + array.astype("<f8").tobytes())
        return f"HostSide({self.shape}, {digest.hexdigest()})"


@dataclass(frozen=True, eq=False)
class HostInput:
    """Pixels through the float first layers to bits: 1 where the value is ``>= 0``.

    Attributes
    ----------
    low, high : float
        What the pixels 0 and 255 stand for; images of floats are taken as they are.
    side : HostSide
    sum_bits : int
        Of the values as integers, beside the bits; 0 if nobody adds them.
    fraction_bits : int
        Of these.
    """

    low: float
    high: float
    side: HostSide
    sum_bits: int = 0
    fraction_bits: int = 0

    @property
    def planes(self) -> int:
        """Bit planes of what the first binary layer takes."""
        return 1

    @property
    def offset(self) -> int:
        """The constant ``c`` of fixed-point input; bits have none."""
        return 0

    def encode(self, pixels: NDArray[Any]) -> NDArray[np.int64]:
        """Return bits 0/1, of the shape that the first binary layer takes."""
        return self.encode_with_sums(pixels)[0]

    def encode_with_sums(self, pixels: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
        """Return bits 0/1, and the values as integers; None if nobody adds them."""
        whole = pixels.dtype.kind == "u"
        values = self.side(self.low + (self.high - self.low) * pixels / 255 if whole else pixels)
        bits = (values >= 0).astype(np.int64)
        if not self.sum_bits:
            return bits, None
        least, greatest = self.sum_ends()
        return bits, np.clip(self._integers(values), least, greatest).astype(np.int64)

    def sum_ends(self) -> NDArray[np.int64]:
        """Return the least and the greatest integer of each channel, shape (2, channels)."""
        steps = ((step.op.model_dump(), step.arrays) for step in self.side.steps)
        ends = self._integers(ends_after(steps, self.low, self.high, self.side.shape[2]))
        most = 2.0 ** (self.sum_bits - 1)
        return np.clip(ends, -most, most - 1).astype(np.int64)

    def _integers(self, values: Array) -> Array:
        return np.floor(values * 2.0**self.fraction_bits + 0.5)

    def __repr__(self) -> str:
        """Say what it computes, by content."""
        sums = f", {self.sum_bits}, {self.fraction_bits}" if self.sum_bits else ""
        return f"HostInput({self.low!r}, {self.high!r}, {self.side!r}{sums})"


def host_side(arrays: Mapping[str, NDArray[Any]], ops: Sequence[HostOp], shape: Shape) -> HostSide:
    """Take the arrays of one end.

    Raises
    ------
    InputError
        With all that are missing, or of a wrong shape or dtype, a line each.
    """
    steps, problems, first = [], [], shape
    for op in ops:
        found = {}
        for word, expected, needed in wanted_arrays(op, shape):
            key = f"{getattr(op, 'name', '')}_host_{word}"
            array = arrays.get(key)
            if array is None:
                problems += [f"no array `{key}`"] if needed else []
            elif array.dtype.kind != "f" or array.shape != expected or not np.isfinite(array).all():
                problems.append(
                    f"{key}: expected finite floats {list(expected)}, found {array.dtype} {list(array.shape)}"
                )
            else:
                found[word] = array.astype(np.float64)
        steps.append(HostStep(op, found))
        shape = shape_after(op.model_dump(), shape) or shape
    if problems:
        raise InputError("\n".join(problems))
    return HostSide(tuple(steps), first)


def wanted_arrays(op: HostOp, shape: Shape) -> list[tuple[str, tuple[int, ...], bool]]:
    """Return of each array the last word of its name, its shape, and whether it has to be there."""
    if isinstance(op, HostConv):
        weights = (op.channels, op.kernel, op.kernel, shape[2])
        return [("weights", weights, True), ("bias", (op.channels,), False)]
    if isinstance(op, HostDense):
        return [("weights", (op.features, prod(shape)), True), ("bias", (op.features,), False)]
    if isinstance(op, HostAffine):
        return [("scale", (shape[2],), True), ("shift", (shape[2],), True)]
    return []
