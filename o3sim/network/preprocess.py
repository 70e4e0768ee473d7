"""From the pixels of an image to the codes that the first layer takes.

A code is an unsigned integer whose bits are the planes: the bit itself for binary input; for
fixed-point input the value ``q`` minus the least representable one, so that every plane has a
positive weight. In terms of signs ``s_p`` in {-1, +1} that is ``q = (sum_p 2^p s_p + c) / 2``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class BinaryInput:
    """One bit per pixel value: 1 iff ``p >= threshold``."""

    threshold: int

    @property
    def planes(self) -> int:
        """Bit planes of the input."""
        return 1

    @property
    def offset(self) -> int:
        """The constant ``c``; binary input has none."""
        return 0

    def encode(self, pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return bits 0/1, same shape as ``pixels``."""
        return (pixels >= self.threshold).astype(np.int64)


@dataclass(frozen=True)
class FixedInput:
    """Fixed-point values ``q = clip(floor(v * 2**fraction_bits + 0.5))``, ``v = low + (high-low)*p/255``.

    Attributes
    ----------
    bits : int
        Width of ``q``; it is clipped to what that many bits hold, two's complement if ``signed``.
    low, high : float
        Values of the pixels 0 and 255.
    """

    bits: int
    signed: bool
    fraction_bits: int
    low: float
    high: float

    @property
    def planes(self) -> int:
        """Bit planes of the input."""
        return self.bits

    @property
    def least(self) -> int:
        """The least representable value, whose code is 0."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def offset(self) -> int:
        """The constant ``c`` of ``q = (sum_p 2^p s_p + c) / 2``."""
        return (1 << self.bits) - 1 + 2 * self.least

    def encode(self, pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return codes ``q - least`` in ``0 .. 2**bits - 1``, same shape as ``pixels``."""
        values = self.low + (self.high - self.low) * np.arange(256) / 255
        scaled = np.floor(values * 2.0**self.fraction_bits + 0.5)
        table = np.clip(scaled, self.least, self.least + 2**self.bits - 1).astype(np.int64) - self.least
        return table[pixels]


InputSpec = BinaryInput | FixedInput
