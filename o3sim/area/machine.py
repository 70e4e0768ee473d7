"""What the units of a machine take, added up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from o3sim.area.dispatch import dispatch_pieces
from o3sim.area.pes import patch_pieces, pe_pieces
from o3sim.area.pieces import Piece, Taken
from o3sim.area.stages import machines_of
from o3sim.area.supply import memory_pieces, output_pieces, supply_pieces

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Sized


def pieces_of(architecture: Architecture, layers: Sequence[Sized] = ()) -> Iterator[Piece]:
    """Yield what a machine is made of; of a pipeline, what its stages are.

    Parameters
    ----------
    architecture : Architecture
    layers : sequence of Sized
        The network it is for: tables of thresholds and line buffers are as large as it asks.

    Raises
    ------
    InputError
        If it is a pipeline whose stages are not those of the layers.
    """
    for machine, own in machines_of(architecture, layers):
        yield from pe_pieces(machine)
        yield from dispatch_pieces(machine)
        yield from supply_pieces(machine)
        yield from patch_pieces(machine)
        yield from output_pieces(machine)
        yield from memory_pieces(machine, own)


def taken_by_unit(architecture: Architecture, layers: Sequence[Sized] = ()) -> dict[str, Taken]:
    """Return what each unit takes, in the order of the machine's block diagram.

    >>> from o3sim.config.load import load_architecture
    >>> list(taken_by_unit(load_architecture("window")))[:4]
    ['pe', 'verdicts', 'counters', 'placement']
    """
    units: dict[str, Taken] = {}
    for piece in pieces_of(architecture, layers):
        units[piece.part_of] = units.get(piece.part_of, Taken()) + piece.taken
    return units


def taken_by(architecture: Architecture, layers: Sequence[Sized] = ()) -> Taken:
    """Return what a machine takes.

    >>> from o3sim.config.load import load_architecture
    >>> taken_by(load_architecture("small")).lut < taken_by(load_architecture("o3bnn-64pe")).lut
    True
    """
    return total_of(pieces_of(architecture, layers))


def total_of(pieces: Iterable[Piece]) -> Taken:
    """Add up what pieces take."""
    return sum((piece.taken for piece in pieces), Taken())
