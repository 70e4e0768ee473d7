"""Arrays out of pickles: made of their bytes, once shape, kind and length are known to agree."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from o3sim.formats.datasets.pickled import DTYPE, RECONSTRUCT, Call

_PLAIN_KIND = re.compile("[biufc][0-9]{1,2}")


@dataclass(frozen=True)
class PickledArray:
    """What a pickle says of an array.

    Attributes
    ----------
    dtype_name : str
        As NumPy names it: ``uint8``.
    shape : tuple of int
    fortran : bool
        Whether the first axis is the fastest.
    content : bytes
    """

    dtype_name: str
    shape: tuple[int, ...]
    fortran: bool
    content: bytes

    @classmethod
    def of(cls, value: object) -> PickledArray | None:
        """Return what was written down of an array; None if `value` is none."""
        if not isinstance(value, Call) or value.name not in RECONSTRUCT:
            return None
        state = value.state
        if not isinstance(state, tuple) or len(state) != 5:
            return None
        _, shape, dtype, fortran, content = state
        if not isinstance(shape, tuple) or not all(type(length) is int and length >= 0 for length in shape):
            return None
        return cls(_dtype_name(dtype), shape, bool(fortran), content) if isinstance(content, bytes) else None

    def as_bytes(self) -> NDArray[np.uint8]:
        """Return an array of bytes.

        Raises
        ------
        ValueError
            If the content is not as long as the shape says.
        """
        return np.frombuffer(self.content, np.uint8).reshape(self.shape, order="F" if self.fortran else "C")


def _dtype_name(dtype: object) -> str:
    if isinstance(dtype, Call) and dtype.name == DTYPE and dtype.arguments:
        kind = dtype.arguments[0]
        text = kind.decode("latin1") if isinstance(kind, bytes) else kind
        if isinstance(text, str) and _PLAIN_KIND.fullmatch(text):
            return np.dtype(text).name
    return "no plain kind"
