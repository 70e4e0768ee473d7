"""Which layers run fast, and what keeps the others from it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from o3sim.config.architecture import SEQUENTIAL
from o3sim.config.constant_time import WORST_CASE
from o3sim.config.dispatch import CAROUSEL, QUEUED
from o3sim.contract.output_addresses import first_output_word
from o3sim.contract.program_order import window_members
from o3sim.contract.sums import addend_addresses
from o3sim.contract.weight_groups import weight_words
from o3sim.contract.word_addresses import word_addresses

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry

_DISPATCHES = *QUEUED, "window", "group"
LANES = 16
"""PEs whose words are looked at together."""
MOST_CONTEXTS = 4
MOST_LATENCY_CYCLES = 7
MOST_WORDS = 2**15
"""Of an op: its calendar has a day for each."""
MOST_BORDERS = 2**10
MOST_IN_FLIGHT = 254
"""Of a window: it has a byte to count them."""
MOST_READS = 63
"""Of a word, where banks can refuse it: each is a bit."""
MOST_OPS = 2**29
"""Of a layer, where banks can refuse words: ages above are of PEs without an op."""
REQUEST_BITS = 31
"""Of a request: a word and the PE that asks for it."""


def pe_bits_of(pes: int) -> int:
    """Return how many bits tell the lanes of so many PEs apart."""
    return (-(-pes // LANES) * LANES - 1).bit_length()


@lru_cache(maxsize=256)  # the layers of a network, for every image again
def why_general(architecture: Architecture, geometry: Geometry, *, scores: bool, races: bool) -> str | None:
    """Say what keeps a layer from running fast: a key, or what it is; None if nothing does.

    Parameters
    ----------
    architecture : Architecture
    geometry : Geometry
    scores : bool
        Whether it is the layer of the scores.
    races : bool
        Whether its profile says which class beats which.
    """
    a = architecture
    if a.scheduler.dispatch == CAROUSEL:  # its only loop is fast
        return "sums" if geometry.makes_sums else None
    checks_bounds = a.pruning.threshold and not scores and not geometry.sum_bits
    reasons = {
        "organization": a.organization != SEQUENTIAL,
        "scheduler.dispatch": a.scheduler.dispatch not in _DISPATCHES,
        "pe.pick": a.pe.pick == "barrel",
        "scheduler.select_cycles": a.scheduler.has_queue and a.scheduler.select_cycles > 0,
        "scheduler.issue_latency_cycles": a.scheduler.issue_latency_cycles > 0,
        "pe.contexts": a.pe.contexts > MOST_CONTEXTS,
        "pe.latency_cycles": a.pe.latency_cycles > MOST_LATENCY_CYCLES,
        "pe.speculate": checks_bounds and a.pe.latency_cycles > 1 and not a.pe.speculate,
        "pruning.argmax": a.pruning.argmax and races,
    }
    for key, keeps in reasons.items():
        if keeps:
            return key
    return _why_of_layer(architecture, geometry, scores)


def is_banked(architecture: Architecture) -> bool:
    """Return whether banks can refuse words, or layers are run as if they could."""
    is_ideal = architecture.activation_buffer.banks == architecture.weight_buffer.banks == "ideal"
    return not (architecture.scheduler.has_queue and is_ideal)


def queue_banks(architecture: Architecture) -> int:
    """Return how many banks the queue is in; 0 for one, which is a queue by itself."""
    banks = architecture.scheduler.banks or 1
    return banks if banks > 1 else 0


def prunes_windows(architecture: Architecture, geometry: Geometry, scores: bool) -> bool:
    """Return whether windows of a layer are pruned in the sight of a queue."""
    if not architecture.scheduler.has_queue:
        return False
    return architecture.pruning.pooling and geometry.pool is not None and not scores


def _why_of_layer(architecture: Architecture, geometry: Geometry, scores: bool) -> str | None:
    """Say what of a layer keeps it from running fast on a machine that could."""
    a = architecture
    if geometry.makes_sums and not a.scheduler.has_queue:
        return "sums"
    if prunes_windows(a, geometry, scores):
        members = window_members(geometry)
        limit = a.scheduler.window_in_flight_ops
        if members.owned.shape[1] > MOST_IN_FLIGHT and (isinstance(limit, str) or limit > MOST_IN_FLIGHT):
            return "scheduler.window_in_flight_ops"
        if members.windows_of.shape[1] > 1 or (members.owned < 0).any():
            return "windows that overlap"
    edges = word_addresses(geometry, a.pe.width_edges, a.activation_buffer.one_access_a_word).n_edges
    if -(-int(edges.max()) // a.pe.width_edges) > MOST_WORDS:
        return "pe.width_edges"
    if len(edges) > MOST_BORDERS:
        return "kinds of borders"
    return _why_of_banks(architecture, geometry) if is_banked(architecture) else None


def _why_of_banks(architecture: Architecture, geometry: Geometry) -> str | None:
    """Say what of a layer is too large to run fast where banks can refuse words."""
    a, width = architecture, architecture.pe.width_edges
    if a.scheduler.has_queue and a.output_buffer.release == WORST_CASE:
        return "output_buffer.release"
    addresses = word_addresses(geometry, width, a.activation_buffer.one_access_a_word)
    map_words = first_output_word(geometry, width)
    entries = addresses.weight_word.size
    units = a.scheduler.groups or 1
    most_words = max(map_words, entries, geometry.out_channels * weight_words(geometry, width) * units)
    reads = addresses.most_reads
    addend = addend_addresses(geometry, width, a.activation_buffer.one_access_a_word)
    if addend is not None:
        rows = addresses.reads.size + (a.pe.count + LANES) * a.pe.contexts
        most_words = max(most_words, rows, addend.end_bit // width)
        reads += len(addend.offset_bit)
    if (most_words << pe_bits_of(a.pe.count)) >> REQUEST_BITS or (map_words * width) >> REQUEST_BITS:
        return "pe.count"
    if reads > MOST_READS:
        return "pe.width_edges"
    return (
        "ops of a layer"
        if geometry.out_height * geometry.out_width * geometry.out_channels >= MOST_OPS
        else None
    )
