"""QONNX's Quant (also called IntQuant): ``scale * (round(clip(x / scale + zero_point)) - zero_point)``."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.formats.importers.folding.inputs import Rounding
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.qonnx.graph import Node

_ROUNDING: dict[str, Rounding] = {
    "ROUND": "half to even",
    "HALF_EVEN": "half to even",
    "CEIL": "up",
    "FLOOR": "down",
}
"""Modes of QONNX that are known here."""

_MODES = {"ROUND": np.rint, "HALF_EVEN": np.rint, "CEIL": np.ceil, "FLOOR": np.floor}


@dataclass(frozen=True, eq=False)
class QuantRule:
    """The constants of a Quant node.

    Attributes
    ----------
    scale : ndarray of float
        Positive; one number, or one per channel.
    zero_point : Fraction
    bits : int
    mode : str
        How values are rounded, as QONNX calls it.
    """

    scale: NDArray[Any]
    zero_point: Fraction
    bits: int
    signed: bool
    narrow: bool
    mode: str

    @property
    def bipolar(self) -> bool:
        """One signed bit is a sign, in QONNX."""
        return self.bits == 1 and self.signed

    @property
    def one_scale(self) -> Fraction:
        """The scale, which has to be one number."""
        if (self.scale != self.scale.reshape(-1)[0]).any():
            raise CannotRunError("quantizes channels with different scales")
        return Fraction(float(self.scale.reshape(-1)[0]))

    @property
    def rounding(self) -> Rounding:
        """The mode as a folding function calls it."""
        return _ROUNDING[self.mode]

    def apply(self, values: NDArray[Any]) -> NDArray[Any]:
        """Quantize constants."""
        inner = values / self.scale + float(self.zero_point)
        if self.bipolar:
            levels = np.where(inner >= 0, 1.0, -1.0)
        else:
            least = -(2 ** (self.bits - 1)) + self.narrow if self.signed else 0
            most = 2 ** (self.bits - 1) - 1 if self.signed else 2**self.bits - 1 - self.narrow
            levels = _MODES[self.mode](np.clip(inner, least, most))
        return np.asarray((levels - float(self.zero_point)) * self.scale)


def quant_rule(node: Node, constants: list[NDArray[Any]]) -> QuantRule:
    """Read the constants of a Quant node: scale, zero point, width.

    Raises
    ------
    CannotRunError
        If some are missing or make no sense.
    """
    if len(constants) != 3 or not constants[0].size or (constants[0] <= 0).any():
        raise CannotRunError("needs a positive scale, a zero point and a width in bits, all constant")
    zero_point, width = (constant.reshape(-1) for constant in constants[1:])
    if not zero_point.size or (zero_point != zero_point[0]).any() or not np.isfinite(float(zero_point[0])):
        raise CannotRunError("has no zero point, or several")
    if width.size != 1 or not 1 <= float(width[0]) <= 32 or float(width[0]) % 1:
        raise CannotRunError("has a width that is no number of bits from 1 to 32")
    mode = node.word("rounding_mode", "ROUND").upper()
    if mode not in _MODES:
        raise CannotRunError(f"rounds by `{mode[:20]}`, which is not known here")
    return QuantRule(
        constants[0],
        Fraction(float(zero_point[0])),
        int(width[0]),
        bool(node.integer("signed", 1)),
        bool(node.integer("narrow", 0)),
        mode,
    )
