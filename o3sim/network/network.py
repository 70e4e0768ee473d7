"""A binarized network: input, layers, classes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.network.flow import Flow
from o3sim.network.host import HostInput, HostSide
from o3sim.network.layer import Layer
from o3sim.network.preprocess import InputSpec

EDGE_ORDER = "plane,ky,kx,c"
"""Order of a neuron's edges: most significant plane first, then kernel rows, columns, channels."""


@dataclass(frozen=True, eq=False)
class Network:
    """A network with its parameters, ready to evaluate.

    Attributes
    ----------
    input_shape : tuple of int
        (height, width, channels) of an image.
    classes : tuple of str
        Names of the classes; the last layer has one score for each. None: its outputs are bits.
    synthetic : bool
        Whether the parameters were made rather than trained, so that classes mean nothing.
    last : HostSide or None
        Float layers behind the binary ones, which give the scores then.
    """

    name: str
    input: InputSpec | HostInput
    input_shape: tuple[int, int, int]
    layers: tuple[Layer, ...]
    classes: tuple[str, ...]
    synthetic: bool = False
    last: HostSide | None = None

    @property
    def host_parts(self) -> tuple[str, ...]:
        """Name which ends are float layers on the host, ``first`` and ``last``."""
        return ("first",) * isinstance(self.input, HostInput) + ("last",) * (self.last is not None)

    def digest(self) -> str:
        """Identify the function of the network.

        Returns
        -------
        str
            SHA-256, in hexadecimal, of input encoding, shapes, weights and thresholds; names of
            network and classes do not enter.
        """
        digest = hashlib.sha256(f"{self.input!r} {self.input_shape!r} {EDGE_ORDER}".encode())
        for layer in self.layers:
            digest.update(f"{layer.name} {layer.geometry!r} {layer.scores} {layer.input_offset}".encode())
            for array, dtype in (
                (layer.weights, "<u8"),
                (layer.theta, "<i8"),
                (layer.score_scale, "<f4"),
                (layer.score_bias, "<f4"),
            ):
                digest.update(b"none" if array is None else array.astype(dtype).tobytes())
            if layer.speculation is not None:
                digest.update(f"{layer.speculation!r}".encode())
            if layer.geometry.own_input:
                digest.update(b"own input")
            if layer.geometry.source:
                digest.update(f"takes {layer.geometry.source}".encode())
            digest.update(_sums_as_bytes(layer))
            if layer.geometry.member_order:
                digest.update(f"members {layer.geometry.member_order}".encode())
            order = layer.geometry.edge_order
            if order is not None:
                digest.update(f"order {order.granule_edges} {order.granules.shape}".encode())
                digest.update(order.granules.astype("<i4").tobytes() + order.order_of.astype("<i4").tobytes())
        if self.last is not None:
            digest.update(f"last {self.last!r}".encode())
        return digest.hexdigest()

    def synthetic_parts(self, images: bool) -> tuple[str, ...]:
        """Name what of a run is made up: ``parameters``, and ``images`` if those are."""
        return ("parameters",) * self.synthetic + ("images",) * images

    @property
    def binary_input(self) -> InputSpec:
        """How pixels become the first layer's codes.

        Raises
        ------
        InputError
            If float layers of the host do that.
        """
        if isinstance(self.input, HostInput):
            raise InputError(
                f"{self.name}: its first layers are float layers of the host, which has no counterpart"
            )
        return self.input

    @property
    def takes_floats(self) -> bool:
        """Whether images may be of floats."""
        return isinstance(self.input, HostInput)

    def encode(self, image: NDArray[Any]) -> NDArray[np.int64]:
        """Turn an image into the first layer's codes.

        Parameters
        ----------
        image : ndarray of uint8, shape (height, width, channels) or, of one channel, (height, width)
            Or of floats, where the first layers are the host's.

        Returns
        -------
        ndarray of int64, shape (height, width, channels) of the first layer's input

        Raises
        ------
        InputError
            If shape or dtype do not fit the network.
        """
        return self.input.encode(self._checked(image))

    def flow(self, image: NDArray[Any]) -> Flow:
        """Begin with an image, for layers to take from: its codes, and sums of the host's layers.

        Parameters are those of :meth:`encode`.
        """
        checked = self._checked(image)
        if isinstance(self.input, HostInput):
            return Flow(self.layers, image, *self.input.encode_with_sums(checked))
        return Flow(self.layers, image, self.input.encode(checked))

    def _checked(self, image: NDArray[Any]) -> NDArray[Any]:
        shape = (*image.shape, 1) if image.ndim == 2 else image.shape
        right = image.dtype == np.uint8 or (self.takes_floats and image.dtype.kind == "f")
        if shape != self.input_shape or not right:
            raise InputError(
                f"{self.name}: takes images of uint8 {list(self.input_shape)} (height, width, channels),"
                f" found {image.dtype} {list(image.shape)}"
            )
        return image.reshape(self.input_shape)


def _sums_as_bytes(layer: Layer) -> bytes:
    """Return what a layer adds, and by which constants; nothing of one that makes no sums."""
    if layer.sums is None:
        return b""
    constants = (layer.sums.scale, layer.sums.shift, layer.sums.add_scale)
    shape = f"sums {layer.geometry.sum_bits} {layer.geometry.addend!r}".encode()
    return shape + b"".join(each.astype("<i8").tobytes() for each in constants)
