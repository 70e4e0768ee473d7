"""Memory for records and tables: made in one piece, filled, and kept alive."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple, get_type_hints

import numpy as np
from numpy.typing import ArrayLike, NDArray

from o3sim.compiled.record import dtype_of

LINE = 64
"""Bytes of a cache line."""


class Records(NamedTuple):
    """So many records of a kind, to be made: all fields 0 but for these."""

    kind: type
    size: int
    values: dict[str, ArrayLike]

    def made(self, room: NDArray[np.uint8]) -> NDArray[Any]:
        """Make them, in bytes that are 0."""
        dtype = dtype_of(self.kind)
        array: NDArray[Any] = room[: self.size * dtype.itemsize].view(dtype)
        for name, value in self.values.items():
            array[name] = value
        return array


def records(kind: type, size: int, **values: ArrayLike) -> Records:
    """Ask for so many records of a kind, all fields 0 but for these."""
    return Records(kind, size, values)


class Located(NamedTuple):
    """An array that is a table as it is, and where it lies: found once, for that takes a microsecond."""

    array: NDArray[Any]
    address: int


def located(array: NDArray[Any], element: np.dtype[Any] | type) -> Located:
    """Locate the numbers or records of an array, or of a copy, if they do not lie one behind the other."""
    table = np.ascontiguousarray(array, element)
    return Located(table, table.ctypes.data)


class Allocation:
    """A record, and the tables whose addresses it holds: they live as long as this does.

    Parameters
    ----------
    kind : type
    values : dict
        Of each field that is not 0: its number, the :class:`Records` or :class:`Located` array of its
        table, or such a dict for the record in it.

    Attributes
    ----------
    array : record array, shape (1,)
    record : record
    """

    def __init__(self, kind: type, values: dict[str, Any]) -> None:
        dtype = dtype_of(kind)
        self._numbers = np.zeros(dtype.itemsize // 8, np.int64)
        self._arrays: dict[str, NDArray[Any]] = {}
        self._asked: list[tuple[str, int, Records, int]] = []
        self._size = 0
        self._fill(kind, 0, values, "")
        self._make()
        self.array = self._numbers.view(dtype)
        self.record = self.array[0]

    def table(self, name: str) -> NDArray[Any]:
        """Return a table, by its dotted name."""
        if name not in self._arrays:
            name_of, _, asked, start = next(item for item in self._asked if item[0] == name)
            self._arrays[name_of] = Records(asked.kind, asked.size, {}).made(self._room[start:])
        return self._arrays[name]

    def copies(self) -> list[NDArray[Any]]:
        """Copy the record and its arrays, for :meth:`restore`."""
        return [array.copy() for array in (self.array, *self._arrays.values())]

    def restore(self, copies: list[NDArray[Any]]) -> None:
        """Let all be as it was when these copies were made."""
        for array, copy in zip((self.array, *self._arrays.values()), copies, strict=True):
            array[...] = copy

    def _fill(self, kind: type, start: int, values: dict[str, Any], within: str) -> None:
        """Fill the fields of a record that lies in this one."""
        places, numbers = _places(kind), self._numbers
        for name, value in values.items():
            place = start + places[name][0]
            if isinstance(value, int):
                numbers[place] = value
            elif isinstance(value, Records):
                self._asked.append((within + name, place, value, self._size))
                self._size += -(-value.size * dtype_of(value.kind).itemsize // LINE) * LINE
            elif isinstance(value, Located):
                self._arrays[within + name] = value.array
                numbers[place] = value.address
            else:
                self._fill(places[name][1], place, value, f"{within}{name}.")

    def _make(self) -> None:
        """Make all that is asked for, each table at the beginning of a cache line."""
        room = np.zeros(self._size + LINE, np.uint8)
        address = room.ctypes.data
        first = -address % LINE
        self._room = room[first:]
        for _, place, asked, start in self._asked:
            self._numbers[place] = address + first + start
            if asked.values:
                asked.made(self._room[start:])


@cache
def _places(kind: Any) -> dict[str, tuple[int, Any]]:
    """Return where the fields of a record lie, in numbers of 64 bits, and their hints."""
    hints, dtype = get_type_hints(kind), dtype_of(kind)
    return {name: (field[1] // 8, hints[name]) for name, field in (dtype.fields or {}).items()}
