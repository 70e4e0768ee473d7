"""Inputs of layers that do not follow from the layer above: bits made of the image.

Layers of a table of layers, such as SCALE-Sim's, need not follow from one another. Each then has an input
of its own: as many ones as zeros, the same for the same image on every platform, and another one for every
image and every layer.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from o3sim.network.bits.packing import unpack_bits
from o3sim.network.layer import Geometry
from o3sim.network.random_bits import RandomBits

_OWN_INPUTS = 4  # purpose of a random stream; the others are in synthetic_images and synthetic_parameters


def own_input(name: str, geometry: Geometry, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Make the input of a layer that has one of its own.

    Parameters
    ----------
    name : str
        The layer's: no two layers have the same input.
    geometry : Geometry
    image : ndarray of uint8

    Returns
    -------
    ndarray of uint8, shape (in_height, in_width, in_channels)
        Bits 0 and 1.
    """
    g = geometry
    seen = hashlib.sha256(name.encode() + b"\0" + np.ascontiguousarray(image).tobytes()).digest()
    values = g.in_height * g.in_width * g.in_channels
    words = RandomBits(int.from_bytes(seen[:8]) >> 1, _OWN_INPUTS).words(1, -(-values // 64))
    return unpack_bits(words, values).reshape(g.in_height, g.in_width, g.in_channels).astype(np.uint8)
