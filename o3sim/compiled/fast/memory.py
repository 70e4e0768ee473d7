"""The memory of a fast layer."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from o3sim.compiled.allocation import Allocation, located, records
from o3sim.compiled.bit_set import bit_set_of
from o3sim.compiled.fast.banked.memory import output_layer_of, supply_of
from o3sim.compiled.fast.choice import is_banked, prunes_windows, queue_banks
from o3sim.compiled.fast.how import ANY_WINDOWS, NO_WINDOWS, WINDOWS_OF_4
from o3sim.compiled.fast.output_buffer import QUEUE_BITS
from o3sim.compiled.fast.program import Bit, Index, OpRecord, Part, Program, pack_ops, tally_words
from o3sim.compiled.fast.queue_banks.memory import queue_banks_of
from o3sim.compiled.fast.queue_banks.records import BankMemory
from o3sim.compiled.fast.records import (
    PE,
    FastMemory,
    Number,
    Outcome,
    Server,
    Window,
)
from o3sim.compiled.fast.verdicts import BUCKETS
from o3sim.compiled.kernel import NEVER
from o3sim.compiled.records.ledger import ledger_of
from o3sim.compiled.records.settings import settings_of, shift_of
from o3sim.compiled.records.weight_stream import weight_groups_of
from o3sim.compiled.ring import ring_of
from o3sim.contract.program_order import chunk_windows, window_members, windows_in
from o3sim.contract.sums import addend_addresses
from o3sim.contract.tasks import task_members
from o3sim.contract.word_addresses import word_addresses

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from o3sim.config.architecture import Architecture
    from o3sim.contract.weight_groups import WeightGroup
    from o3sim.network.layer import Geometry
    from o3sim.profile.profile import LayerProfile


def windows_of(architecture: Architecture, profile: LayerProfile) -> int:
    """Return whether windows of a layer are pruned in the queue's sight, and of which kind they are."""
    return windows_kind_of(architecture, profile.geometry, scores=profile.scores)


def windows_kind_of(architecture: Architecture, geometry: Geometry, *, scores: bool) -> int:
    """Return the same from a layer's shape, and whether it gives the scores."""
    if not prunes_windows(architecture, geometry, scores):
        return NO_WINDOWS
    if queue_banks(architecture) > 0:
        return ANY_WINDOWS  # only in one queue do ops of a window lie beside each other
    in_a_row = architecture.sequencer.order == "window_major"
    is_one_in_flight = architecture.scheduler.window_in_flight_ops == 1
    of_4 = in_a_row and is_one_in_flight and window_members(geometry).owned.shape[1] == 4
    return WINDOWS_OF_4 if of_4 else ANY_WINDOWS


@lru_cache(maxsize=32)  # the layers of a network, for every image again
def _shape_of(geometry: Geometry, width_edges: int, one_access_a_word: bool) -> dict[str, Any]:
    """Describe a layer's program as far as its shape goes."""
    members, addresses = window_members(geometry), word_addresses(geometry, width_edges, one_access_a_word)
    words = addresses.weight_word.shape[1]
    offsets = addresses.offset_of[addresses.base_bit % width_edges].astype(np.int64)
    row_of_position = offsets * addresses.reads[0].size + addresses.border_of * words
    return {
        "out_channels": geometry.out_channels,
        "overlap": members.windows_of.shape[1],
        "lists_reads": addresses.gathers,
        "windows_of": located(members.windows_of, np.int32),
        "border_of": located(addresses.border_of, np.int32),
        "edges_of": located(addresses.n_edges, np.int32),
        "row_of_position": located(row_of_position, np.int64),
        "row_of_channel": located(addresses.first_row.astype(np.int64) * words, np.int64),
        **_addends_of(geometry, width_edges, one_access_a_word),
    }


def _addends_of(geometry: Geometry, width_edges: int, one_access: bool) -> dict[str, Any]:
    """Describe how many words hold what an op adds, by where in a word that begins."""
    addend = addend_addresses(geometry, width_edges, one_access)
    if addend is None:
        return {}
    words = (np.arange(width_edges)[:, None] + addend.offset_bit) // width_edges  # ascending
    return {
        "lists_addends": True,
        "addend_of_position": located(addend.position_bit, np.int64),
        "addend_of_channel": located(addend.channel_bit, np.int64),
        "addend_words_at": located(1 + (np.diff(words, axis=1) > 0).sum(axis=1), np.int64),
    }


def _described(
    profile: LayerProfile, groups: list[WeightGroup], architecture: Architecture
) -> dict[str, Any]:
    """Describe a layer's program as far as no op is listed."""
    a, geometry = architecture, profile.geometry
    shape = _shape_of(geometry, a.pe.width_edges, a.activation_buffer.one_access_a_word)
    owned = task_members(geometry, a.scheduler).owned
    chunk = 0
    if owned.shape[1] > 1:
        chunk = chunk_windows(a, geometry) if a.scheduler.has_queue else 1
    return {
        **shape,
        "pooled": owned.shape[0],
        "members": owned.shape[1],
        "owned": located(owned, np.int32),
        "groups": len(groups),
        "end_window": owned.shape[0] * geometry.out_channels,
        "width_edges": a.pe.width_edges,
        "width_shift": shift_of(a.pe.width_edges),
        "channel_outermost": a.sequencer.outermost == "channel",
        "chunk": chunk,
        "checks_bounds": a.pruning.threshold and profile.has_bounds,
        "first_channel": located(np.array([group.first_channel for group in groups]), np.int64),
        "end_channel": located(np.array([group.last_channel for group in groups]), np.int64),
        "decision_edges": located(profile.decision, np.int32),
        "outcomes": located(profile.outcome, np.uint8),
    }


def program_of(
    profile: LayerProfile,
    groups: list[WeightGroup],
    architecture: Architecture,
    windows_kind: int,
    section: range | None = None,
) -> Allocation:
    """Lay out all ops in program order, or those of a section of windows with as many each, and pack them."""
    described, geometry = _described(profile, groups, architecture), profile.geometry
    windows = windows_in(geometry)
    ops = int((task_members(geometry, architecture.scheduler).owned >= 0).sum()) * geometry.out_channels
    if section is not None:
        ops = ops // windows * len(section)
        described |= {"first_window": section.start, "end_window": section.stop}
    listed, banked = windows_kind == ANY_WINDOWS, is_banked(architecture)
    lists_neurons = banked or queue_banks(architecture) > 0
    lists_reads = described["lists_reads"] and not banked
    program = Allocation(
        Program,
        {
            **described,
            "lists_reads": lists_reads,
            "lists_windows": listed,
            "output": records(Bit, windows),
            "op_records": records(OpRecord, ops),
            "reads_row": records(Index, ops if lists_reads else 0),
            "window_of": records(Index, ops if listed else 0),
            "first_of": records(Index, windows if listed else 0),
            "step_of": records(Index, windows if listed else 0),
            "lists_neurons": lists_neurons,
            "neuron_of": records(Index, ops if lists_neurons else 0),
            "addend_words": records(Index, ops if geometry.addend is not None else 0),
        },
    )
    pack_ops(program)
    return program


class Tally(NamedTuple):
    """What is known of a layer before it runs, if of a window that is pruned one op is in flight.

    Attributes
    ----------
    ops, words : int64 arrays, shape (parts,)
        Of windows that follow one another in program order: ops that retire, and words that decide them.
    edges, retired_edges : int
        Of all ops, and of those that retire.
    """

    ops: NDArray[np.int64]
    words: NDArray[np.int64]
    edges: int
    retired_edges: int


def tally_of(
    profile: LayerProfile, group: WeightGroup, architecture: Architecture, part_windows: int
) -> Tally:
    """Tally the words of a layer of one weight group, by parts of so many windows."""
    described = _described(profile, [group], architecture)
    program = Allocation(
        Program,
        {
            **described,
            "prunes_windows": described["members"] > 1
            and prunes_windows(architecture, profile.geometry, profile.scores),
            "part_windows": part_windows,
            "part_shift": shift_of(part_windows),
            "parts": records(Part, -(-windows_in(profile.geometry) // part_windows)),
            "ones": records(Bit, max(1, described["chunk"])),
        },
    )
    tally_words(program)
    parts = program.table("parts")
    edges, retired_edges = int(program.record["edges"]), int(program.record["retired_edges"])
    return Tally(parts["ops"].copy(), parts["words"].copy(), edges, retired_edges)


def fast_memory_of(
    profile: LayerProfile,
    groups: list[WeightGroup],
    first_group: int,
    architecture: Architecture,
    stream: Allocation,
    program: Allocation,
    windows_kind: int,
) -> Allocation:
    """Lay out what a layer needs while it runs; arguments as of :func:`o3sim.compiled.memory.memory_of`."""
    a, ops, windows = architecture, len(program.table("op_records")), len(program.table("output"))
    parts = memory_parts_of(profile, groups, first_group, a, stream, program)
    prunes, banks = windows_kind != NO_WINDOWS, queue_banks(a)
    walked = int(program.record["end_window"] - program.record["first_window"])
    parts["layer"].update(windows_kind=windows_kind, windows=walked)
    written = min(a.output_buffer.write_width_ops, a.pe.count)
    in_flight = min(ops, written * (a.pruning.squash_latency_cycles + 1))
    parts["queue"] = {
        "held": bit_set_of(ops // 64 + 2 if prunes else 0),
        "ready": bit_set_of(ops // 64 + 2 if prunes else 0),
        "arriving": records(Number, min(a.sequencer.width_ops, ops) if prunes or banks else 0),
        "states": records(Window, windows if prunes else 0),
        "shown": ring_of(in_flight if prunes else 0),
        "settled": records(Number, written if prunes else 0),
        **(queue_banks_of(a, profile.geometry, program, banks) if banks > 0 else {}),
    }
    parts["clock"] = {"pause_ops": ops}
    return Allocation(BankMemory if banks > 0 else FastMemory, parts)


def memory_parts_of(
    profile: LayerProfile,
    groups: list[WeightGroup],
    first_group: int,
    architecture: Architecture,
    stream: Allocation,
    program: Allocation,
) -> dict[str, Any]:
    """Lay out what a layer needs whatever hands its ops out; arguments likewise."""
    a, geometry = architecture, profile.geometry
    ops = len(program.table("op_records"))
    checks_bounds = a.pruning.threshold and profile.has_bounds
    verdict_after = a.pe.latency_cycles if checks_bounds else 1
    addresses = word_addresses(geometry, a.pe.width_edges, a.activation_buffer.one_access_a_word)
    words = -(-addresses.n_edges // a.pe.width_edges)
    set_words = -(-a.pe.count // 64)
    banked = is_banked(a)
    tables = {
        name: located(program.table(name).view(np.uint32), np.uint32)
        for name in ("op_records", "reads_row", "window_of", "first_of", "step_of", "addend_words")
    }
    return {
        "settings": settings_of(a),
        "layer": {
            "ops": ops,
            "windows": len(program.table("output")),
            "members": window_members(geometry).owned.shape[1],
            "ops_of_channel": ops // groups[-1].last_channel,
            "set_words": set_words,
            "verdict_after_cycles": verdict_after,
            "has_thresholds": not profile.scores,
            "checks_bounds": checks_bounds,
            "is_banked": banked,
            "counts_reads": addresses.gathers and not banked,
            "adds": geometry.addend is not None,
            "edges": program.record["edges"],
            "reads": located(addresses.reads, np.int64),
            "edges_of": located(addresses.n_edges, np.int32),
            "missing_edges_of": located(words * a.pe.width_edges - addresses.n_edges, np.int32),
            **tables,
            **(output_layer_of(profile, a) if banked else {}),
        },
        **(supply_of(profile, a, program) if banked else {}),
        "pes": _pes_of(a, set_words),
        "calendar": _calendar_of(verdict_after * (int(words.max()) + 4), a.pe.contexts * set_words),
        "output": _output_of(a, set_words, ops),
        "weight_groups": weight_groups_of(groups, first_group, ops // groups[-1].last_channel, stream),
        "ledger": ledger_of(),
    }


def _pes_of(architecture: Architecture, set_words: int) -> dict[str, Any]:
    """Begin with PEs that hold nothing."""
    count, contexts = architecture.pe.count, architecture.pe.contexts
    every = np.zeros(set_words * 64, np.uint8)
    every[:count] = 1
    bits = np.packbits(every, bitorder="little").view("<u8").astype(np.uint64)
    none = np.zeros(set_words * (contexts - 1), np.uint64)
    return {
        "servers": records(Server, count * contexts, age=NEVER, leaves=NEVER),
        "pes": records(PE, count),
        "held": bit_set_of(set_words * contexts),
        "constants": bit_set_of(set_words * contexts),
        "free": bit_set_of(set_words * contexts, bits=np.concatenate([bits, none])),
        "stalled": bit_set_of(set_words),
        "joined": bit_set_of(set_words),
        "holes": bit_set_of(set_words),
        "changed": bit_set_of(set_words),
        "all": bit_set_of(set_words, bits=bits),
    }


def _calendar_of(days: int, words_a_day: int) -> dict[str, Any]:
    """Begin with an empty calendar of at least so many days."""
    size = 1 << max(6, (days + 64).bit_length())
    return {"mask": size - 1, "days": bit_set_of(size // 64), "entries": bit_set_of(size * words_a_day)}


def _output_of(architecture: Architecture, set_words: int, ops: int) -> dict[str, Any]:
    """Begin with no outcome on its way."""
    a = architecture
    room = a.pe.count * (a.pe.contexts + 1)  # every context has an op without words, and every PE decides one
    return {
        "room": room,
        "known": records(Outcome, room * BUCKETS),
        "n_known": records(Number, BUCKETS),
        "constants": records(Outcome, room),
        "waiting": records(Outcome, a.pe.count << QUEUE_BITS),
        "queues": bit_set_of(set_words),
        "retired_ones": bit_set_of(ops // 64 + 1),
    }
