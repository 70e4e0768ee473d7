"""The PEs: arithmetic, contexts, and outcomes that wait in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from o3sim.area.pieces import Piece, in_step, memories, seen_ports
from o3sim.config.dispatch import CAROUSEL

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture


def pe_pieces(a: Architecture) -> Iterator[Piece]:
    """Yield what all PEs are made of."""
    pe, pes = a.pe, a.pe.count
    arithmetic = {
        "WIDTH": pe.width_edges,
        "CONTEXTS": pe.contexts,
        "LATENCY": pe.latency_cycles,
        "THRESHOLD": int(a.pruning.threshold),
    }
    yield Piece("pe", "datapath", arithmetic, pes)
    yield from _contexts(a)
    if not a.activation_buffer.one_access_a_word:
        yield Piece("pe", "gathering", {"WIDTH": pe.width_edges, "CONTEXTS": pe.contexts}, pes)
    if in_step(a) or a.scheduler.dispatch == CAROUSEL:
        return  # a group ends as one; a window of a carousel waits in its context
    bundle = a.scheduler.bundle_positions or 1
    entries = pe.latency_cycles + 1 + pe.contexts * bundle
    yield Piece("verdicts", "held_outcomes", {"ENTRIES": entries, "COMING": 1 + pe.contexts}, pes)


def _contexts(a: Architecture) -> Iterator[Piece]:
    contexts, pes = a.pe.contexts, a.pe.count
    if in_step(a):
        yield Piece("pe", "lockstep_contexts", {"CONTEXTS": contexts}, pes)
    elif a.scheduler.has_queue:
        yield Piece("pe", "contexts", {"CONTEXTS": contexts, "SEEN": seen_ports(a)}, pes)
    elif a.scheduler.dispatch != CAROUSEL:
        barrel = int(a.pe.pick == "barrel")
        yield Piece("pe", "window_contexts", {"CONTEXTS": contexts, "BARREL": barrel}, pes)
    else:
        sizes = {"CONTEXTS": contexts, "OPEN": streams_of(a), "ADDRESS_BITS": patch_address_bits(a)}
        yield Piece("pe", "carousel_contexts", sizes, pes)


def patch_pieces(a: Architecture) -> Iterator[Piece]:
    """Yield the memories of activations that PEs have, and what brings a broadcast into them."""
    kbit = a.activation_buffer.patch_kbit
    if kbit is None:
        return
    width, banks = a.pe.width_edges, a.activation_buffer.banks
    words = -(-kbit * 1024 // width)
    at_once = banks if isinstance(banks, int) else 1
    yield memories("broadcast", words, width, a.pe.count)
    sizes = {"ADDRESS_BITS": patch_address_bits(a), "BROADCASTS": at_once}
    yield Piece("broadcast", "patch", sizes, a.pe.count)
    # Words of channels that do not fill buffer words are put together once, before the broadcast.
    yield Piece("broadcast", "gathering", {"WIDTH": width, "CONTEXTS": 1}, at_once)


def patch_address_bits(a: Architecture) -> int:
    """Return the bits of an address in a PE's memory."""
    words = -(-(a.activation_buffer.patch_kbit or 1) * 1024 // a.pe.width_edges)
    return max(1, (words - 1).bit_length())


def streams_of(a: Architecture) -> int:
    """Return how many channels a group of a carousel has open at most: with few windows one a bank."""
    groups, banks = a.scheduler.groups or 1, a.weight_buffer.banks
    of_banks = banks // groups if isinstance(banks, int) else a.pe.count // groups
    return max(a.scheduler.open_channels or 1, of_banks)
