"""Where the ops of a layer are in the banks of the queue."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from o3sim.compiled.allocation import Allocation, located, records
from o3sim.compiled.cycle import SOURCES
from o3sim.compiled.kernel import _njit, as_int, inlined, quotient, remainder
from o3sim.compiled.record import Table, numbers, rows
from o3sim.compiled.records.settings import shift_of
from o3sim.contract.program_order import window_members

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from o3sim.network.layer import Geometry


class Place:
    """The place of an op."""

    number: np.uint32


class Part:
    """Ops of a bank: how many there are, the place of the first, and of the next."""

    ops: int
    first: int
    next: int


class Places:
    """Which ops there are, and what is found of them.

    Attributes
    ----------
    ops, out_channels, channels_shift, overlap, banks, banks_shift : int
    neuron_of : table
        Position * channels + channel of each op, in program order.
    windows_of : table
        As in :class:`o3sim.compiled.records.layer.Layer`.
    parts : table
        Of the banks.
    place_of : table
        Of each op.
    """

    ops: int
    out_channels: int
    channels_shift: int
    overlap: int
    banks: int
    banks_shift: int
    neuron_of: Table[np.uint32]
    windows_of: Table[np.int32]
    parts: Table[Part]
    place_of: Table[Place]


_neuron_of = numbers("neuron_of", np.uint32)
_windows_of = numbers("windows_of", np.int32)
_part_at = rows("parts", Part)
_place_at = rows("place_of", Place)


@inlined
def _bank_of(p: Places, op: int) -> int:
    """Return the bank of an op: that of the first of its windows."""
    neuron = _neuron_of(p, op)
    position = quotient(neuron, p.out_channels, p.channels_shift)
    first = _windows_of(p, position * p.overlap)
    window = first * p.out_channels + neuron - position * p.out_channels
    return remainder(window + quotient(window, p.banks, p.banks_shift), p.banks, p.banks_shift)


@cache
def places_kernel() -> Any:
    """Return the kernel; the sources are closed over as in :mod:`o3sim.compiled.fast.cycle`."""
    sources = SOURCES

    def find_places(p: Places) -> bool:
        if sources < 0:
            return False
        for op in range(p.ops):
            bank = _bank_of(p, op)
            _place_at(p, op).number = np.uint32(bank)
            _part_at(p, bank).ops += 1
        place = 0
        for bank in range(p.banks):
            part = _part_at(p, bank)
            part.first = part.next = place
            place += part.ops + 63 & ~63
        for op in range(p.ops):
            part = _part_at(p, as_int(_place_at(p, op).number))
            _place_at(p, op).number = np.uint32(part.next)
            part.next += 1
        return True

    return _njit(cache=True, nogil=True, _nrt=False)(find_places)


def find_places(geometry: Geometry, neuron_of: NDArray[np.uint32], banks: int) -> Allocation:
    """Find the place of each op; each bank has as many as ops, from the beginning of a word of 64 on."""
    windows_of = window_members(geometry).windows_of
    places = Allocation(
        Places,
        {
            "ops": len(neuron_of),
            "out_channels": geometry.out_channels,
            "channels_shift": shift_of(geometry.out_channels),
            "overlap": windows_of.shape[1],
            "banks": banks,
            "banks_shift": shift_of(banks),
            "neuron_of": located(neuron_of, np.uint32),
            "windows_of": located(windows_of, np.int32),
            "parts": records(Part, banks),
            "place_of": records(Place, len(neuron_of)),
        },
    )
    places_kernel()(places.record)
    return places
