"""A binarized network: input, layers, classes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
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
    """

    name: str
    input: InputSpec
    input_shape: tuple[int, int, int]
    layers: tuple[Layer, ...]
    classes: tuple[str, ...]
    synthetic: bool = False

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
            if layer.geometry.member_order:
                digest.update(f"members {layer.geometry.member_order}".encode())
            order = layer.geometry.edge_order
            if order is not None:
                digest.update(f"order {order.granule_edges} {order.granules.shape}".encode())
                digest.update(order.granules.astype("<i4").tobytes() + order.order_of.astype("<i4").tobytes())
        return digest.hexdigest()

    def synthetic_parts(self, images: bool) -> tuple[str, ...]:
        """Name what of a run is made up: ``parameters``, and ``images`` if those are."""
        return ("parameters",) * self.synthetic + ("images",) * images

    def encode(self, image: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Turn an image into the first layer's codes.

        Parameters
        ----------
        image : ndarray of uint8, shape (height, width, channels) or, of one channel, (height, width)

        Returns
        -------
        ndarray of int64, shape (height, width, channels)

        Raises
        ------
        InputError
            If shape or dtype do not fit the network.
        """
        shape = (*image.shape, 1) if image.ndim == 2 else image.shape
        if shape != self.input_shape or image.dtype != np.uint8:
            raise InputError(
                f"{self.name}: takes images of uint8 {list(self.input_shape)} (height, width, channels),"
                f" found {image.dtype} {list(image.shape)}"
            )
        return self.input.encode(image.reshape(self.input_shape))
