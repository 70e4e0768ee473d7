"""A layer: its shape, what the machine makes of it, and what its profile says of every neuron."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from o3sim.compiled.allocation import located
from o3sim.compiled.record import Table, numbers
from o3sim.compiled.records.settings import or_zero, shift_of
from o3sim.contract.output_addresses import first_output_word
from o3sim.contract.program_order import window_members
from o3sim.contract.sums import addend_addresses, first_sum_word, value_bits
from o3sim.contract.tasks import task_members
from o3sim.contract.weight_groups import weight_words
from o3sim.contract.word_addresses import word_addresses

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry
    from o3sim.profile.profile import LayerProfile

PLAIN_CONTEXTS = 2  # of a PE of a plain machine


class Layer:
    """Facts of a layer.

    Attributes
    ----------
    ops, windows, out_channels : int
    pooled_positions, members : int
        Pooled positions, and the most positions that one owns.
    overlap : int
        The most windows that an op is in.
    weight_words, table_words : int
        Words of a channel's weights, and of a row of the tables of operand addresses.
    reads_per_offset : int
        Entries of ``reads_of`` for each place in a buffer word.
    has_thresholds : int
        Whether its neurons have one each: they do but in the scores layer.
    first_output_word : int
        As of :func:`~o3sim.contract.output_addresses.first_output_word`.
    first_sum_word, sum_bits, sum_words : int
        Where the sums begin, bits of a sum, and the most words that one lies in; 0 if none are written.
    addend_fetches : int
        Entries of ``addend_offset_of``: 0 of a layer that adds nothing.
    checks_bounds, prunes_pooling, races : int
        Whether thresholds, classes and, in the queue's sight, pooling windows are pruned.
    gathers, is_stage : int
        Whether a word may take several activation reads; whether the layer is a stage of a pipeline.
    verdict_after_cycles : int
        Cycles from a word to the verdict on it.
    writes_back : int
        Whether output bits go to banks that operands are read from.
    skips_ahead, is_plain : int
        Whether PEs can be skipped ahead; whether the loop for plain machines will do.
    border_of, base_bit_of, edges_of, first_row_of, activation_bit_of, weight_word_of : table
    fetch_start_of, fetch_bit_of, offset_of, reads_of : table
        As in :class:`~o3sim.contract.word_addresses.WordAddresses`.
    addend_position_of, addend_channel_of, addend_offset_of : table
        As in :class:`~o3sim.contract.sums.AddendAddresses`.
    owned, windows_of : table
        As in :class:`~o3sim.contract.program_order.WindowMembers`.
    decision_edges, outcomes : table
        The profile.
    """

    ops: int
    windows: int
    out_channels: int
    pooled_positions: int
    members: int
    overlap: int
    weight_words: int
    table_words: int
    reads_per_offset: int
    has_thresholds: int
    first_output_word: int
    first_sum_word: int
    sum_bits: int
    sum_words: int
    addend_fetches: int
    checks_bounds: int
    prunes_pooling: int
    races: int
    gathers: int
    is_stage: int
    verdict_after_cycles: int
    writes_back: int
    skips_ahead: int
    is_plain: int
    border_of: Table[np.int32]
    base_bit_of: Table[np.int64]
    edges_of: Table[np.int32]
    first_row_of: Table[np.int32]
    activation_bit_of: Table[np.int64]
    weight_word_of: Table[np.int32]
    fetch_start_of: Table[np.int64]
    fetch_bit_of: Table[np.int64]
    offset_of: Table[np.int32]
    reads_of: Table[np.int64]
    addend_position_of: Table[np.int64]
    addend_channel_of: Table[np.int64]
    addend_offset_of: Table[np.int64]
    owned: Table[np.int32]
    windows_of: Table[np.int32]
    decision_edges: Table[np.int32]
    outcomes: Table[np.uint8]


border_of = numbers("border_of", np.int32)
base_bit_of = numbers("base_bit_of", np.int64)
edges_of = numbers("edges_of", np.int32)
first_row_of = numbers("first_row_of", np.int32)
activation_bit_of = numbers("activation_bit_of", np.int64)
weight_word_of = numbers("weight_word_of", np.int32)
fetch_start_of = numbers("fetch_start_of", np.int64)
fetch_bit_of = numbers("fetch_bit_of", np.int64)
offset_of = numbers("offset_of", np.int32)
reads_of = numbers("reads_of", np.int64)
addend_position_of = numbers("addend_position_of", np.int64)
addend_channel_of = numbers("addend_channel_of", np.int64)
addend_offset_of = numbers("addend_offset_of", np.int64)
owned_position = numbers("owned", np.int32)
pooled_position = numbers("windows_of", np.int32)
decision_edges = numbers("decision_edges", np.int32)
outcome_of = numbers("outcomes", np.uint8)


def layer_of(
    profile: LayerProfile, architecture: Architecture, is_stage: bool, traced: bool
) -> dict[str, Any]:
    """Describe a layer on an architecture."""
    geometry, pruning = profile.geometry, architecture.pruning
    one_access = architecture.activation_buffer.one_access_a_word
    shape = _shape_of(geometry, architecture.pe.width_edges, one_access)
    has_queue = architecture.scheduler.has_queue
    if not has_queue:
        shape = {**shape, **_tasks_of(geometry, architecture)}
    checks_bounds = pruning.threshold and profile.has_bounds
    verdict_after = architecture.pe.latency_cycles if checks_bounds else 1
    races = profile.race is not None and pruning.argmax
    in_turn = has_queue and not traced and not races
    return {
        **shape,
        "has_thresholds": not profile.scores,
        "checks_bounds": checks_bounds,
        "prunes_pooling": has_queue and pruning.pooling and geometry.pool is not None and not profile.scores,
        "races": races,
        "is_stage": is_stage,
        "verdict_after_cycles": verdict_after,
        "writes_back": architecture.activation_buffer.banks != "ideal" and not (profile.scores or is_stage),
        "skips_ahead": in_turn and geometry.addend is None and can_skip_ahead(architecture, verdict_after),
        "is_plain": in_turn and not shape["gathers"] and is_plain(architecture),
        "decision_edges": located(profile.decision, np.int32),
        "outcomes": located(profile.outcome, np.uint8),
    }


@lru_cache(maxsize=32)  # the layers of a network, for every image again
def _shape_of(geometry: Geometry, width_edges: int, one_access_a_word: bool) -> dict[str, Any]:
    """Describe a layer as far as its shape goes."""
    members, addresses = window_members(geometry), word_addresses(geometry, width_edges, one_access_a_word)
    return {
        "ops": int((members.owned >= 0).sum()) * geometry.out_channels,
        "windows": geometry.pooled_height * geometry.pooled_width * geometry.out_channels,
        "out_channels": geometry.out_channels,
        "pooled_positions": members.owned.shape[0],
        "members": members.owned.shape[1],
        "overlap": members.windows_of.shape[1],
        "weight_words": weight_words(geometry, width_edges),
        "table_words": addresses.weight_word.shape[1],
        "first_output_word": first_output_word(geometry, width_edges),
        "gathers": addresses.gathers or geometry.addend is not None,
        **sums_of(geometry, width_edges),
        **addends_of(geometry, width_edges, one_access_a_word),
        "border_of": located(addresses.border_of, np.int32),
        "base_bit_of": located(addresses.base_bit, np.int64),
        "edges_of": located(addresses.n_edges, np.int32),
        "first_row_of": located(addresses.first_row, np.int32),
        "activation_bit_of": located(addresses.activation_bit, np.int64),
        "weight_word_of": located(addresses.weight_word, np.int32),
        "fetch_start_of": located(addresses.fetch_start, np.int64),
        "fetch_bit_of": located(addresses.fetch_bit, np.int64),
        "offset_of": located(addresses.offset_of, np.int32),
        "reads_of": located(addresses.reads, np.int64),
        "reads_per_offset": addresses.reads[0].size,
        "owned": located(members.owned, np.int32),
        "windows_of": located(members.windows_of, np.int32),
    }


def sums_of(geometry: Geometry, width_edges: int) -> dict[str, int]:
    """Describe where a layer's sums lie."""
    return {
        "first_sum_word": first_sum_word(geometry, width_edges),
        "sum_bits": geometry.sum_bits,
        "sum_words": len(value_bits(geometry.sum_bits, width_edges)) if geometry.sum_bits else 0,
    }


def addends_of(geometry: Geometry, width_edges: int, one_access: bool) -> dict[str, Any]:
    """Describe where what a layer adds lies; nothing of one that adds nothing."""
    addend = addend_addresses(geometry, width_edges, one_access)
    if addend is None:
        return {}
    return {
        "addend_fetches": len(addend.offset_bit),
        "addend_position_of": located(addend.position_bit, np.int64),
        "addend_channel_of": located(addend.channel_bit, np.int64),
        "addend_offset_of": located(addend.offset_bit, np.int64),
    }


def _tasks_of(geometry: Geometry, architecture: Architecture) -> dict[str, Any]:
    """Describe what is otherwise where counters hand out tasks: their members, and weight addresses."""
    owned, units = task_members(geometry, architecture.scheduler).owned, architecture.scheduler.groups or 1
    addresses = word_addresses(geometry, architecture.pe.width_edges)
    return {
        "pooled_positions": owned.shape[0],
        "members": owned.shape[1],
        "owned": located(owned, np.int32),
        "weight_word_of": located(addresses.weight_word * np.int32(units), np.int32),
    }


def can_skip_ahead(architecture: Architecture, verdict_after_cycles: int) -> bool:
    """Return whether what a PE does between events follows from its ops alone, in closed form."""
    ideal = architecture.activation_buffer.banks == architecture.weight_buffer.banks == "ideal"
    in_turn = verdict_after_cycles == 1 or (verdict_after_cycles == 2 and architecture.pe.speculate)
    return ideal and in_turn and architecture.scheduler.issue_latency_cycles == 0


def is_plain(architecture: Architecture) -> bool:
    """Return whether words can move in the loop that is compiled for such machines alone."""
    a = architecture
    banks = or_zero(a.activation_buffer.banks), or_zero(a.weight_buffer.banks)
    in_turn = a.pe.contexts == PLAIN_CONTEXTS and a.pe.speculate and a.scheduler.issue_latency_cycles == 0
    return in_turn and min(map(shift_of, banks)) >= 0
