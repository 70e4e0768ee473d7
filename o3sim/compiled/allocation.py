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

    def within(self, room: NDArray[np.uint8]) -> NDArray[Any]:
        """Return them as they lie in these bytes, from the first on."""
        dtype = dtype_of(self.kind)
        array: NDArray[Any] = room[: self.size * dtype.itemsize].view(dtype)
        return array


def records(kind: type, size: int, **values: ArrayLike) -> Records:
    """Ask for so many records of a kind, all fields 0 but for these."""
    return Records(kind, size, values)


class Located(NamedTuple):
    """An array whose numbers or records lie one behind the other, and where."""

    array: NDArray[Any]
    address: int


def located(array: NDArray[Any], element: np.dtype[Any] | type) -> Located:
    """Locate an array of such elements; if it is none, or they do not lie so, a copy."""
    table = np.ascontiguousarray(array, element)
    return Located(table, table.ctypes.data)


class Allocation:
    """A record, and the tables whose addresses it holds: they live as long as this does.

    Parameters
    ----------
    kind : type
    values : dict
        For each field that is not 0: its number, the :class:`Records` or :class:`Located` array of its
        table, or such a dict for the record in it.

    Attributes
    ----------
    array : record array, shape (1,)
    record : record
    """

    def __init__(self, kind: type, values: dict[str, Any]) -> None:
        dtype = dtype_of(kind)
        self._numbers = np.zeros(dtype.itemsize // 8, np.int64)
        self._located: list[NDArray[Any]] = []
        self._rooms: dict[str, _Room] = {}
        self._size = 0
        self._fill(kind, 0, values, "")
        self._bytes = self._make()
        self.array = self._numbers.view(dtype)
        self.record = self.array[0]

    def table(self, name: str) -> NDArray[Any]:
        """Return the records of a table that was made here, by its dotted name."""
        room = self._rooms[name]
        return room.records.within(self._bytes[room.start :])

    def state(self) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Copy the record, and the tables that were made here."""
        return self._numbers.copy(), self._bytes.copy()

    def restore(self, state: tuple[NDArray[np.int64], NDArray[np.uint8]]) -> None:
        """Let all be as it was in that :meth:`state`."""
        self._numbers[:], self._bytes[:] = state

    def _fill(self, kind: type, start: int, values: dict[str, Any], within: str) -> None:
        """Fill the fields of a record that lies in this one, and see which tables are to be made."""
        places, numbers = _places(kind), self._numbers
        for name, value in values.items():
            place = start + places[name][0]
            kind_of_value = type(value)
            if kind_of_value is Records:
                self._rooms[within + name] = _Room(place, value, self._size)
                self._size += -(-value.size * dtype_of(value.kind).itemsize // LINE) * LINE
            elif kind_of_value is Located:
                self._located.append(value.array)
                numbers[place] = value.address
            elif kind_of_value is dict:
                self._fill(places[name][1], place, value, f"{within}{name}.")
            else:
                numbers[place] = value

    def _make(self) -> NDArray[np.uint8]:
        """Make the tables, each at the beginning of a cache line; return their bytes."""
        room = np.zeros(self._size + LINE, np.uint8)
        address = room.ctypes.data
        made = room[-address % LINE :]
        address += -address % LINE
        for place, wanted, start in self._rooms.values():
            self._numbers[place] = address + start
            if wanted.values:
                table = wanted.within(made[start:])
                for name, value in wanted.values.items():
                    table[name] = value
        return made


class _Room(NamedTuple):
    """Room for a table: where its address stands, in numbers of 64 bits, and where it begins, in bytes."""

    place: int
    records: Records
    start: int


@cache
def _places(kind: Any) -> dict[str, tuple[int, Any]]:
    """Return where the fields of a record lie, in numbers of 64 bits, and their hints."""
    hints, dtype = get_type_hints(kind), dtype_of(kind)
    return {name: (field[1] // 8, hints[name]) for name, field in (dtype.fields or {}).items()}
