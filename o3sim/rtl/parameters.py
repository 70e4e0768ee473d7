"""The generated header: sizes of the machine by the names of their keys, and of the layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.config.constant_time import WORST_CASE
from o3sim.config.dispatch import CAROUSEL
from o3sim.contract.carousel.sizes import sizes_of
from o3sim.contract.output_addresses import first_output_word
from o3sim.contract.patch import patch_columns
from o3sim.contract.weight_groups import weight_words
from o3sim.contract.word_addresses import word_addresses
from o3sim.rtl.line_runs import run_offsets
from o3sim.rtl.lists import is_listed, list_length
from o3sim.rtl.memories import weight_rows
from o3sim.rtl.tiles import fills_words, tables

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry, Layer

Value = int | bool | str


def parameters(architecture: Architecture, layer: Layer, number: int) -> dict[str, Value]:
    """Return the parameters of the units, by name; strings are SystemVerilog."""
    return {
        **_machine(architecture, layer.geometry),
        **_layer(layer.name, layer.geometry, architecture),
        "LAYER_NUMBER": number,
        "LAYER_NAME": _quoted("_".join(layer.name.split())),
    }


def _machine(architecture: Architecture, geometry: Geometry) -> dict[str, Value]:
    a = architecture
    pools = a.pruning.pooling and geometry.pool is not None
    if a.scheduler.dispatch == CAROUSEL:
        way = _streams(a, geometry)
    else:
        way = _queue(a, pools) if a.scheduler.has_queue else _counters(a)
    return {
        "PE_COUNT": a.pe.count,
        "PE_WIDTH_EDGES": a.pe.width_edges,
        "PE_LATENCY_CYCLES": a.pe.latency_cycles,
        "PE_CONTEXTS": _contexts(a, geometry),
        "PE_SPECULATE": a.pe.speculate,
        "SEQUENCER_OUTERMOST": _named(a.sequencer.outermost),
        **way,
        "SCHEDULER_ISSUE_LATENCY_CYCLES": a.scheduler.issue_latency_cycles,
        "ACTIVATION_BUFFER_BANKS": _banks(a.activation_buffer.banks),
        "WEIGHT_BUFFER_BANKS": _banks(a.weight_buffer.banks),
        "OUTPUT_BUFFER_WRITE_WIDTH_OPS": a.output_buffer.write_width_ops,
        "OUTPUT_BUFFER_RELEASE_WORST_CASE": a.output_buffer.release == WORST_CASE,
        "PRUNING_THRESHOLD": a.pruning.threshold,
        "PRUNING_POOLING": pools,
    }


def _queue(a: Architecture, pools: bool) -> dict[str, Value]:
    """Return what only machines with an issue queue have."""
    limit, policy = a.scheduler.window_in_flight_ops, a.scheduler.policy or ""
    width = a.pe.count * a.pe.contexts if policy == "lockstep" else a.scheduler.issue_width_ops or 1
    return {
        "SEQUENCER_WIDTH_OPS": a.sequencer.width_ops or 1,
        "SEQUENCER_ORDER": _named(a.sequencer.order),
        "SEQUENCER_GROUP_WINDOWS": a.sequencer.group_windows or 1,
        "ISSUE_QUEUE_DEPTH_OPS": a.issue_queue.depth_ops,
        "SCHEDULER_BANKS": a.scheduler.banks or 1,
        "SCHEDULER_POLICY": _named(policy),
        "SCHEDULER_ISSUE_WIDTH_OPS": width,
        "SCHEDULER_SELECT_CYCLES": a.scheduler.select_cycles,
        "SCHEDULER_WINDOW_IN_FLIGHT_OPS": limit if pools and isinstance(limit, int) else 0,
        "PRUNING_SQUASH_LATENCY_CYCLES": a.pruning.squash_latency_cycles or 1,
    }


def _counters(a: Architecture) -> dict[str, Value]:
    """Return what only machines have whose counters hand out windows."""
    return {
        "PE_PICK": _named(a.pe.pick),
        "SCHEDULER_COUNTERS": a.scheduler.groups or a.scheduler.counters or 1,
        "SCHEDULER_GROUPS": a.scheduler.groups or 0,
        "SCHEDULER_ASSIGNMENT": "BY_LIST"
        if is_listed(a)
        else f"BY_{_named(a.scheduler.assignment or 'channel')}",
        "SCHEDULER_WINDOWS_PER_CYCLE": a.scheduler.windows_per_cycle or 1,
        "SCHEDULER_BUNDLE_POSITIONS": a.scheduler.bundle_positions or 1,
    }


def _contexts(a: Architecture, geometry: Geometry) -> int:
    """Return the contexts of a PE: on a carousel as many as it has in this layer."""
    return sizes_of(geometry, a).contexts if a.scheduler.dispatch == CAROUSEL else a.pe.contexts


def _streams(a: Architecture, geometry: Geometry) -> dict[str, Value]:
    """Return what only a carousel has, channels and banks as they are in this layer."""
    sizes = sizes_of(geometry, a)
    return {
        "SCHEDULER_GROUPS": a.scheduler.groups or 1,
        "SCHEDULER_OPEN_CHANNELS": sizes.open_channels,
        "SCHEDULER_WINDOWS_PER_CYCLE": a.scheduler.windows_per_cycle or 1,
        "GROUP_BANKS": sizes.banks,
    }


def _layer(name: str, geometry: Geometry, architecture: Architecture) -> dict[str, Value]:
    width = architecture.pe.width_edges
    members = 1 if geometry.pool is None else geometry.pool.size**2
    has_queue = architecture.scheduler.has_queue
    first_output = first_output_word(geometry, width)
    windows = geometry.pooled_height * geometry.pooled_width * geometry.out_channels
    words = first_output + -(-windows // width)
    buffered = architecture.activation_buffer.line_buffer
    addresses = word_addresses(geometry, width, one_access_a_word=buffered)
    runs = run_offsets(geometry, width) if buffered else []
    base_bits = max(1, (words * width - 1).bit_length())
    fetches = _fetches(addresses.fetches()[0])
    return {
        "POOLED_HEIGHT": geometry.pooled_height,
        "POOLED_WIDTH": geometry.pooled_width,
        "OUT_CHANNELS": geometry.out_channels,
        "POOL_SIZE": 1 if geometry.pool is None else geometry.pool.size,
        "STRIDE": geometry.stride,
        "PADDED_HEIGHT": geometry.in_height + 2 * geometry.padding_pixels,
        "PADDED_WIDTH": geometry.in_width + 2 * geometry.padding_pixels,
        "IN_CHANNELS": geometry.in_channels,
        "KERNEL_WIDTH": geometry.kernel_width,
        "EDGES": geometry.n_edges_full,
        "WORDS": weight_words(geometry, width),
        "WEIGHT_WORDS": len(weight_rows(geometry, architecture)) * weight_words(geometry, width),
        "ACTIVATION_WORDS": words,
        "FIRST_OUTPUT_WORD": first_output,
        "WINDOW_OUTCOMES": members if has_queue else 1,
        "CONTEXT_OUTCOMES": 1 if has_queue or members > 1 else architecture.scheduler.bundle_positions or 1,
        "LIST_TASKS": list_length(geometry, architecture),
        "PATCH_COLUMNS": _patch_columns(geometry, architecture),
        **_tables(name, geometry, architecture),
        "MOST_READS": addresses.most_reads,
        "FETCHES": fetches.shape[1],
        "BASE_BITS": base_bits,
        "FETCH_BITS": _packed(fetches.ravel().tolist(), base_bits),
        "LINE_RUNS": len(runs),
        "RUN_OFFSETS": _packed(runs or [0], base_bits),
    }


def _tables(name: str, geometry: Geometry, architecture: Architecture) -> dict[str, Value]:
    """Return the sizes of a carousel's tables and memories; the other machines have no tiles."""
    if architecture.scheduler.dispatch != CAROUSEL:
        return {"TILES": 0}
    made, buffer = tables(name, geometry, architecture), architecture.activation_buffer
    lanes = [size for size in (buffer.broadcast_words, buffer.banks) if isinstance(size, int)]
    return {
        "TILES": len(made.tiles),
        "READS": len(made.reads),
        "LANES": min([*lanes, made.most_reads]),
        "PATCH_WORDS": buffer.patch_kbit * 1024 // architecture.pe.width_edges,
        "FILLS_WORDS": fills_words(geometry, architecture),
        "PADDING_PIXELS": geometry.padding_pixels,
        "PADDING_BIT": geometry.padding == "+1",
    }


def _patch_columns(geometry: Geometry, architecture: Architecture) -> int:
    """Return how many columns of the map the patch of each PE holds, all at most; 0 without patches."""
    if architecture.activation_buffer.patch_kbit is None or architecture.scheduler.dispatch == CAROUSEL:
        return 0
    columns = patch_columns(geometry, architecture)
    return min(columns.capacity, columns.per_pass)


def _fetches(words: list[list[int]]) -> NDArray[np.int64]:
    """Return the bits by which buffer words are found, for each word, the last one repeated to fill a row."""
    most = max(len(bits) for bits in words)
    return np.array([[*bits, *[bits[-1]] * (most - len(bits))] for bits in words])


def _packed(numbers: Sequence[int], bits: int) -> str:
    """Return numbers side by side, the first in the lowest bits.

    >>> _packed([1, 2, 3], 4)
    "12'h321"
    """
    value = sum(number << bits * place for place, number in enumerate(numbers))
    return f"{bits * len(numbers)}'h{value:x}"


_REMARKS = {
    "PE_COUNT": "The machine, by the keys of its architecture. Of banks 0 stands for ideal, of groups for\n"
    "// none, of ops in flight for no limit: that is also where no pooling window prunes. The issue\n"
    "// width is that of each of SCHEDULER_BANKS.",
    "WINDOW_OUTCOMES": "Outcomes of a window that are written; of a context that wait to be, at most.",
    "POOLED_HEIGHT": "The layer.",
    "TILES": "Tiles of a carousel, the buffer words that fill them, how many go out in a cycle at most, and\n"
    "// the words that the memory of a PE holds.",
    "LIST_TASKS": "Tasks of the longest list of a group, where lists are tables.",
    "PATCH_COLUMNS": "Columns of the map that the patch of each PE holds; 0 where PEs read the banks.",
    "MOST_READS": "Buffer words that a word of a neuron lies in, at most, and bits of the map that find\n"
    "// them: for each word FETCHES offsets from that under tap (0, 0), BASE_BITS each; word 0 lowest.",
    "LINE_RUNS": "Of a line buffer: runs of edges that a word may be made of, and how many bits each lies\n"
    "// further than beside the word's first edge, BASE_BITS each, the first lowest; 0 where there is none.",
}


def header(values: dict[str, Value], title: str) -> str:
    """Write the parameters as SystemVerilog, to be included in a package.

    >>> print(header({"PE_COUNT": 4, "PE_SPECULATE": True}, "a machine").splitlines()[-1])
    localparam bit PE_SPECULATE = 1'b1;
    """
    lines = [f"// {title}"]
    for name, value in values.items():
        if name in _REMARKS:
            lines += ["", f"// {_REMARKS[name]}"]
        lines.append(f"localparam {_typed(name, value)};")
    return "\n".join(lines) + "\n"


def _typed(name: str, value: Value) -> str:
    if isinstance(value, bool):
        return f"bit {name} = 1'b{int(value)}"
    if isinstance(value, str) and value.startswith('"'):
        return f"{name} = {value}"
    if isinstance(value, str) and "'h" in value:
        return f"logic [{int(value.partition(chr(39))[0]) - 1}:0] {name} = {value}"
    return f"int {name} = {value}"


def _named(value: str | None) -> str:
    return (value or "").upper()


def _banks(banks: int | str) -> int:
    return banks if isinstance(banks, int) else 0


def _quoted(text: str) -> str:
    """Write a string of SystemVerilog, whatever is in it."""
    return '"' + "".join(_spelled(octet) for octet in text.encode()) + '"'


def _spelled(octet: int) -> str:
    return chr(octet) if octet < 128 and (chr(octet).isalnum() or chr(octet) in "_-.") else f"\\{octet:03o}"
