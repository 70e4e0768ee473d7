"""The memory of a fast layer, as far as banks go."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from o3sim.compiled.allocation import Allocation, located, records
from o3sim.compiled.bit_set import Word
from o3sim.compiled.fast.banked.records import NONE, STEP, Cycle, Occupant
from o3sim.compiled.fast.choice import LANES, pe_bits_of
from o3sim.compiled.fast.lanes import Lane
from o3sim.compiled.fast.records import Written
from o3sim.compiled.records.layer import addends_of, sums_of
from o3sim.compiled.records.output_bits import output_bits_of
from o3sim.compiled.records.settings import or_zero, shift_of
from o3sim.contract.output_addresses import first_output_word
from o3sim.contract.program_order import window_members
from o3sim.contract.weight_groups import weight_words
from o3sim.contract.word_addresses import WordAddresses, word_addresses

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry
    from o3sim.profile.profile import LayerProfile


def output_layer_of(profile: LayerProfile, architecture: Architecture) -> dict[str, Any]:
    """Describe the output of a layer."""
    geometry, members = profile.geometry, window_members(profile.geometry)
    windows = geometry.pooled_height * geometry.pooled_width * geometry.out_channels
    writes_back = architecture.activation_buffer.banks != "ideal" and not profile.scores
    counts = writes_back and members.owned.shape[1] > 1
    return {
        "writes_back": writes_back,
        "first_output_word": first_output_word(geometry, architecture.pe.width_edges),
        **sums_of(geometry, architecture.pe.width_edges),
        "has_pool": geometry.pool is not None,
        "overlap": members.windows_of.shape[1],
        "pool_members": members.owned.shape[1],
        "windows_of": located(members.windows_of, np.int32),
        "written": records(Written, windows if counts else 0),
    }


def supply_of(profile: LayerProfile, architecture: Architecture, program: Allocation) -> dict[str, Any]:
    """Begin with PEs that ask for nothing, and banks that were never read."""
    a, geometry = architecture, profile.geometry
    blocks, pe_bits = -(-a.pe.count // LANES), pe_bits_of(a.pe.count)
    lanes, of_contexts = blocks * LANES, blocks * LANES * a.pe.contexts
    one_access = a.activation_buffer.one_access_a_word
    addresses = word_addresses(geometry, a.pe.width_edges, one_access)
    has_patches = a.activation_buffer.patch_kbit is not None
    banks = 0 if has_patches else or_zero(a.activation_buffer.banks), or_zero(a.weight_buffer.banks)
    meets_writes = banks[0] > 0 and not profile.scores and not a.activation_buffer.line_buffer
    units = a.scheduler.groups or 1
    gathers = addresses.gathers or geometry.addend is not None
    addends = addends_of(geometry, a.pe.width_edges, one_access)
    most_reads = addresses.most_reads + addends.get("addend_fetches", 0)
    chunks = -(-most_reads // LANES) if gathers else 0
    overlap = window_members(geometry).windows_of.shape[1]
    most_final = min(a.output_buffer.write_width_ops, a.pe.count) * overlap
    most_final *= 1 + sums_of(geometry, a.pe.width_edges)["sum_words"]
    tables = _tables_of(geometry, a.pe.width_edges, one_access, banks[0], units, has_patches)
    if addends:
        tables = {**tables, **addends, **_room_for_first_words(tables, of_contexts, most_reads)}
    return {
        "output_bits": output_bits_of(a, most_final, 0),
        "supply": {
            "blocks": blocks,
            "pe_bits": pe_bits,
            "activation_buffer": _buffer_of(banks[0], pe_bits, lanes),
            "weight_buffer": _buffer_of(banks[1], pe_bits, lanes),
            "meets_writes": meets_writes,
            "ages": records(Lane, of_contexts, number=NONE),
            **{name: records(Lane, of_contexts) for name in ("readies", "activations", "weights", "runs")},
            **{name: records(Lane, lanes) for name in _OF_PES},
            "activation_cells": records(Lane, max(banks[0], lanes) + 1),
            "weight_cells": records(Lane, max(banks[1], lanes) + 1),
            "doubtful": records(Word, blocks),
            "occupants": records(Occupant, of_contexts),
            "chunks": chunks,
            "fetch_lanes": LANES if chunks > 1 else -(-most_reads // STEP) * STEP,
            "fetched": records(Lane, lanes * LANES * chunks),
            "fetched_place": records(Lane, lanes * LANES * chunks),
            "taken": records(Cycle, max(banks[0], lanes) + 1, cycle=-1),
            "out_channels": geometry.out_channels,
            "channels_shift": shift_of(geometry.out_channels),
            "weight_words": weight_words(geometry, a.pe.width_edges),
            "weight_step": units,
            "neuron_of": located(program.table("neuron_of").view(np.uint32), np.uint32),
            **tables,
            "gathers": gathers,
        },
    }


_OF_PES = (
    *("stalls", "chosen", "activation", "weight", "activation_place", "weight_place", "granted"),
    *("asks_weight", "complete", "words", "served"),
)


def _buffer_of(banks: int, pe_bits: int, lanes: int) -> dict[str, int]:
    """Describe how a request's bank is found."""
    shift = shift_of(banks)
    if banks == 0:
        return {"banks": 0, "shift": -1, "place_mask": 2**pe_bits - 1, "no_bank": lanes}
    return {"banks": banks, "shift": shift, "place_shift": pe_bits, "place_mask": banks - 1, "no_bank": banks}


@lru_cache(maxsize=32)  # the layers of a network, for every image again
def _tables_of(
    geometry: Geometry, width_edges: int, one_access_a_word: bool, banks: int, units: int, has_patches: bool
) -> dict[str, Any]:
    """Tabulate the operand words."""
    addresses = word_addresses(geometry, width_edges, one_access_a_word)
    gathers = addresses.gathers or geometry.addend is not None
    fetches_of, fetch_start, fetch_word = _fetches(addresses, width_edges, gathers)
    padding = np.zeros(LANES, np.int64)
    return {
        "table_words": addresses.weight_word.shape[1],
        "base_bit_of": located(addresses.base_bit, np.int64),
        "border_of": located(addresses.border_of, np.int32),
        "first_row_of": located(addresses.first_row, np.int32),
        "activation_bit_of": located(addresses.activation_bit, np.int64),
        "weight_word_of": located(addresses.weight_word * np.int32(units), np.int32),
        "run_of": located(_runs(addresses, width_edges, gathers or has_patches), np.int32),
        "fetches_of": located(fetches_of, np.int32),
        "fetch_start_of": located(fetch_start, np.int64),
        "fetch_word_of": located(np.concatenate([fetch_word, padding]), np.int32),
        "fetch_count_of": located(_counts(fetch_start, fetch_word, banks), np.int32),
    }


def _room_for_first_words(tables: dict[str, Any], contexts: int, most_reads: int) -> dict[str, Any]:
    """Let the tables of the words to gather have a row more for each context, of so many words."""
    start, word, count = (tables[f"fetch_{name}_of"].array for name in ("start", "word", "count"))
    end = start[-1]
    room = np.zeros(contexts * most_reads, np.int64)
    return {
        "first_row": len(start),
        "fetch_start_of": located(np.concatenate([start, end + most_reads * np.arange(contexts)]), np.int64),
        "fetch_word_of": located(np.concatenate([word[:end], room, word[end:]]), np.int32),
        "fetch_count_of": located(np.concatenate([count, room]), np.int32),
    }


def _runs(addresses: WordAddresses, width_edges: int, any_activations: bool) -> NDArray[np.int32]:
    """Count for each entry how many words follow one another from it on, in buffers whose words have to."""
    goes_on = np.diff(addresses.weight_word, axis=1) == 1
    if not any_activations:
        goes_on &= np.diff(addresses.activation_bit, axis=1) == width_edges
    runs = np.ones(addresses.weight_word.shape, np.int32)
    for word in range(addresses.weight_word.shape[1] - 2, -1, -1):
        runs[:, word] += runs[:, word + 1] * goes_on[:, word]
    return runs


def _fetches(
    addresses: WordAddresses, width_edges: int, gathers: bool
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """List the buffer words of each entry, by the place in a buffer word that a kernel begins at."""
    fetches_of = np.zeros(width_edges, np.int32)
    if not gathers:
        return fetches_of, np.zeros(1, np.int64), np.zeros(1, np.int64)
    entries = len(addresses.fetch_start) - 1
    starts, words, total = [], [], 0
    for number, offset in enumerate(np.unique(addresses.base_bit % width_edges)):
        fetched = (offset + addresses.fetch_bit) // width_edges
        is_another = np.diff(fetched, prepend=-1) != 0
        is_another[addresses.fetch_start[:-1]] = True
        before = np.concatenate([[0], np.cumsum(is_another)])
        fetches_of[offset] = number * entries
        starts.append(total + before[addresses.fetch_start[:-1]])
        words.append(fetched[is_another])
        total += int(is_another.sum())
    return fetches_of, np.concatenate([*starts, [total]]), np.concatenate(words)


def _counts(fetch_start: NDArray[np.int64], fetch_word: NDArray[np.int64], banks: int) -> NDArray[np.int32]:
    """Count how many buffer words from each on a PE asks for in a cycle: up to one in a bank of another."""
    counts = np.zeros(len(fetch_word), np.int32)
    places = (fetch_word % banks if banks > 0 else np.arange(len(fetch_word))).tolist()
    for begin, end in pairwise(fetch_start.tolist()):
        until = end
        last: dict[int, int] = {}
        for number in range(end - 1, begin - 1, -1):
            until = min(until, last.get(places[number], end))
            last[places[number]] = number
            counts[number] = until - number if until < end else number - end - 1
    return counts
