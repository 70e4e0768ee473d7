"""The arrays of an NPZ file, read by name and checked."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.config.catalog import suggest
from o3sim.files import load_npz
from o3sim.formats.importers.folding.refusal import CannotRunError

MOST_BYTES = 2**31
"""Of all arrays together, unpacked: beyond any binarized network's float weights."""


class NamedArrays:
    """Arrays by name; remembers which were asked for.

    Parameters
    ----------
    path : Path

    Raises
    ------
    InputError
        If the file is no NPZ file, or unpacks to more than :data:`MOST_BYTES`.
    """

    def __init__(self, path: Path) -> None:
        self._arrays = load_npz(path, MOST_BYTES)
        self._asked: set[str] = set()

    def array(self, name: str) -> NDArray[Any] | None:
        """Return an array, None if it is not there."""
        self._asked.add(name)
        return self._arrays.get(name)

    def required(self, name: str) -> NDArray[Any]:
        """Return an array that has to be there."""
        found = self.array(name)
        if found is None:
            rest = sorted(set(self._arrays) - self._asked)
            raise CannotRunError(f"no array `{name}`{suggest(name, rest)}")
        return found

    def real(self, name: str) -> NDArray[Any] | None:
        """Return numbers, all of them finite."""
        found = self.array(name)
        if found is not None and (found.dtype.kind not in "fiub" or not np.isfinite(found).all()):
            raise CannotRunError(f"`{name}`: expected finite numbers, found {_found(found)}")
        return found

    def per_channel(self, name: str, channels: int) -> tuple[Fraction, ...] | None:
        """Return one number for each channel, given as that many or as one."""
        found = self.real(name)
        if found is None:
            return None
        if found.shape not in ((channels,), (1,), ()):
            raise CannotRunError(
                f"`{name}`: expected [{channels}] numbers, one a channel, found {_found(found)}"
            )
        return tuple(Fraction(value) for value in np.broadcast_to(found, (channels,)).tolist())

    def integers(self, name: str, count: int) -> list[int] | None:
        """Return so many whole numbers."""
        found = self.real(name)
        if found is None:
            return None
        if found.size != count or (found != np.rint(found)).any():
            raise CannotRunError(f"`{name}`: expected {count} whole numbers, found {_found(found)}")
        return [int(value) for value in found.reshape(-1).tolist()]

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        """Return a whole number within limits."""
        found = self.integers(name, 1)
        value = default if found is None else found[0]
        if not least <= value <= most:
            raise CannotRunError(f"`{name}`: expected {least} to {most}, found {value}")
        return value

    def words(self, name: str) -> list[str] | None:
        """Return texts."""
        found = self.array(name)
        if found is None:
            return None
        if found.dtype.kind != "U" or found.ndim > 1 or not found.size:
            raise CannotRunError(f"`{name}`: expected text, or a list of texts, found {_found(found)}")
        return [str(word) for word in found.reshape(-1)]

    def check_all_used(self) -> None:
        """Refuse arrays that nobody asked for."""
        unused = sorted(set(self._arrays) - self._asked)
        if unused:
            missing = sorted(self._asked - set(self._arrays))
            hint = suggest(unused[0], missing)
            raise CannotRunError(f"`{unused[0]}` is not an array that a network can have{hint}")


def _found(array: NDArray[Any]) -> str:
    return f"{array.dtype} {list(array.shape)}"
