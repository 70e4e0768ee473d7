"""Sizes of a layer, as the units look them up while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, cast

from o3sim.config.dispatch import CAROUSEL
from o3sim.contract.carousel.sizes import sizes_of
from o3sim.contract.output_addresses import first_output_word
from o3sim.contract.patch import patch_columns
from o3sim.contract.weight_groups import weight_words
from o3sim.contract.word_addresses import word_addresses
from o3sim.rtl.line_runs import run_offsets
from o3sim.rtl.memories import weight_memory_words
from o3sim.rtl.regions import aligned, regions_of
from o3sim.rtl.tiles import fills_words, tables, words_of_planes

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry, Layer
    from o3sim.rtl.header import Size, Value


def shape(geometry: Geometry, architecture: Architecture) -> dict[str, Size]:
    """Return the sizes that all machines ask for."""
    g, width = geometry, architecture.pe.width_edges
    members = pool_size(g) ** 2
    windows = g.pooled_height * g.pooled_width * g.out_channels
    return {
        "POOLED_HEIGHT": g.pooled_height,
        "POOLED_WIDTH": g.pooled_width,
        "OUT_CHANNELS": g.out_channels,
        "POOL_SIZE": pool_size(g),
        "STRIDE": g.stride,
        "PADDED_HEIGHT": g.in_height + 2 * g.padding_pixels,
        "PADDED_WIDTH": g.in_width + 2 * g.padding_pixels,
        "IN_CHANNELS": g.in_channels,
        "KERNEL_WIDTH": g.kernel_width,
        "PLANES": g.planes,
        "TAPS": g.fan_in,
        "EDGES": g.n_edges_full,
        "FULL_COUNT": g.fan_in * (2**g.planes - 1),
        "WORDS": words_of(g, architecture),
        "CHANNEL_WORDS": weight_words(g, width),
        "MEMBERS": members,
        "WINDOWS": windows,
        "OPS": windows * members,
        "WINDOW_OUTCOMES": members if architecture.scheduler.has_queue else 1,
    }


def task_sizes(geometry: Geometry, architecture: Architecture) -> dict[str, Size]:
    """Return how windows, or bundles of neurons, lie in the map, where counters hand them out."""
    g, size, scheduler = geometry, pool_size(geometry), architecture.scheduler
    if scheduler.has_queue or scheduler.dispatch == CAROUSEL:
        return {}
    width = size if size > 1 else min(scheduler.bundle_positions or 1, g.pooled_width)
    columns = g.pooled_width if size > 1 else -(-g.pooled_width // width)
    return {
        "PLACES": g.pooled_height * columns,
        "TASK_COLUMNS": columns,
        "TASK_WIDTH": width,
        "TASK_MEMBERS": width**2 if size > 1 else width,
    }


def column_sizes(geometry: Geometry, architecture: Architecture) -> dict[str, Size]:
    """Return how the map is cut into columns, and how many a patch holds; 1 where PEs have none."""
    g, reach = geometry, (pool_size(geometry) - 1) * geometry.stride
    column_bits = g.planes * (reach + g.kernel_height) * g.in_channels
    row = (g.pooled_width - 1) * pool_size(g) * g.stride + reach + g.kernel_width
    return {
        "SEEN_HEIGHT": reach + g.kernel_height,
        "SEEN_WIDTH": reach + g.kernel_width,
        "ROW_COLUMNS": row,
        "COLUMNS": row * g.pooled_height,
        "COLUMN_WORDS": -(-column_bits // architecture.pe.width_edges),
        "PATCH_COLUMNS": _patch_columns(g, architecture),
    }


def _patch_columns(geometry: Geometry, architecture: Architecture) -> int:
    if not has_patches(architecture):
        return 1
    columns = patch_columns(geometry, architecture)
    return min(columns.capacity, columns.per_pass)


def has_patches(architecture: Architecture) -> bool:
    """Return whether PEs hold columns of the map in memories of their own."""
    return (
        architecture.activation_buffer.patch_kbit is not None and architecture.scheduler.dispatch != CAROUSEL
    )


def tile_sizes(layer: Layer, architecture: Architecture) -> dict[str, Size]:
    """Return what a carousel has in a layer, and the sizes of its tables; other machines have no tiles."""
    if architecture.scheduler.dispatch != CAROUSEL:
        return {}
    g, buffer = layer.geometry, architecture.activation_buffer
    made, has = tables(layer.name, g, architecture), sizes_of(g, architecture)
    lanes = [size for size in (buffer.broadcast_words, buffer.banks) if isinstance(size, int)]
    return {
        "CONTEXTS": has.contexts,
        "OPEN_CHANNELS": has.open_channels,
        "PLACES": g.pooled_height * g.pooled_width,
        "TILES": len(made.tiles),
        "READS": len(made.reads),
        "LOCATIONS": len(made.locations),
        "LANES": min([*lanes, made.most_reads]),
        "FILLS_WORDS": fills_words(g, architecture),
        "PADDING_PIXELS": g.padding_pixels,
        "PADDING_BIT": g.padding == "+1",
    }


def table_places(of_layers: dict[str, Value]) -> dict[str, Value]:
    """Return where a carousel finds the lines of each layer in its tables, and how many lines these have."""
    made: dict[str, Value] = {}
    for what, size in {"WINDOW": "PLACES", "TILE": "TILES", "READ": "READS", "LOCATION": "LOCATIONS"}.items():
        ends = list(accumulate(int(lines) for lines in cast("list[Size]", of_layers[size])))
        made |= {f"{what}_LINE": [0, *ends[:-1]], f"{what}_LINES": ends[-1]}
    return made


def memory_places(layers: Sequence[Layer], architecture: Architecture) -> dict[str, Value]:
    """Return where each layer finds its own in the memories, and their sizes."""
    geometries = [layer.geometry for layer in layers]
    width, numbers = architecture.pe.width_edges, range(len(layers))
    regions = regions_of(geometries, architecture)
    return {
        "INPUT_WORD": list(regions.inputs),
        "FIRST_OUTPUT_WORD": [first_output_word(geometry, width) for geometry in geometries],
        "OUTPUT_BIT": [int(regions.output_places(number)[0]) for number in numbers],
        "OUTPUT_GAP_BITS": [regions.row_gap_bits(number) for number in numbers],
        "WEIGHT_WORD": list(weight_places(layers, architecture)[:-1]),
        "THRESHOLD": [0, *accumulate(geometry.out_channels for geometry in geometries[:-1])],
        "FETCH_ROW": [0, *accumulate(_fetch_rows(geometry, width) for geometry in geometries[:-1])],
        "ACTIVATION_WORDS": regions.words,
        "WEIGHT_WORDS": weight_places(layers, architecture)[-1],
        "THRESHOLDS": sum(geometry.out_channels for geometry in geometries),
        **_accesses(geometries, regions.words * width, architecture),
    }


def _fetch_rows(geometry: Geometry, width: int) -> int:
    return -(-geometry.n_edges_full // width)


def weight_places(layers: Sequence[Layer], architecture: Architecture) -> list[int]:
    """Return the word in which the weights of each layer begin, in the first bank, and where the last end."""
    places, end = [], 0
    for layer in layers:
        places.append(aligned(end, architecture.weight_buffer.banks))
        end = places[-1] + weight_memory_words(layer.geometry, architecture)
    return [*places, end]


def _accesses(geometries: Sequence[Geometry], map_bits: int, architecture: Architecture) -> dict[str, Value]:
    """Return the bits by which buffer words are found, of each word of each layer, and runs of lines."""
    width, buffered = architecture.pe.width_edges, architecture.activation_buffer.line_buffer
    addresses = [word_addresses(geometry, width, one_access_a_word=buffered) for geometry in geometries]
    rows = [word for each in addresses for word in each.fetches()[0]]
    most = max(len(row) for row in rows)
    filled = [bit for row in rows for bit in (*row, *[row[-1]] * (most - len(row)))]
    runs = {run for geometry in geometries for run in run_offsets(geometry, width)} if buffered else set()
    base_bits = max(1, (map_bits - 1).bit_length())
    return {
        "MOST_READS": max(each.most_reads for each in addresses),
        "FETCHES": most,
        "BASE_BITS": base_bits,
        "FETCH_BITS": _packed(filled, base_bits),
        "LINE_RUNS": len(runs),
        "RUN_OFFSETS": _packed(sorted(runs) or [0], base_bits),
    }


def _packed(numbers: Sequence[int], bits: int) -> str:
    """Return numbers side by side, the first in the lowest bits.

    >>> _packed([1, 2, 3], 4)
    "12'h321"
    """
    value = sum(number << bits * place for place, number in enumerate(numbers))
    return f"{bits * len(numbers)}'h{value:x}"


def words_of(geometry: Geometry, architecture: Architecture) -> int:
    """Count the words of a neuron: of all its bit planes, one behind another."""
    if architecture.scheduler.dispatch == CAROUSEL:
        return words_of_planes(geometry, architecture)
    return -(-geometry.n_edges_full // architecture.pe.width_edges)


def pool_size(geometry: Geometry) -> int:
    """Return the rows and columns of a window."""
    return 1 if geometry.pool is None else geometry.pool.size
