"""Bounds on the cycles of an image that follow from shapes and thresholds alone.

At least
    The slowest of these, layer by layer: the sequencer that looks at every op, the scheduler and
    the output buffer that handle every op that must retire, the PEs that take the words which no
    pruning can save at one word a cycle each. And over all layers the weights through DRAM.
At most
    In every cycle in which no PE takes a word some op or weight group waits for a fixed time; so
    all words one after another, each with its verdict where that is waited for, and after that every
    wait of every op and group.

An op must retire for each pooling window where windows are pruned (one for as many as overlap in
it), every op otherwise. Threshold pruning needs ``min(T, n - T + 1)`` edges for a verdict, ``T``
the matches that make a 1 of ``n`` edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.config.dispatch import CAROUSEL
from o3sim.contract.carousel.plan import tiles_for
from o3sim.contract.patch import patch_columns
from o3sim.contract.plan import cut_layers
from o3sim.contract.sums import addend_addresses, value_bits
from o3sim.contract.word_addresses import word_addresses

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry, Layer

_BEYOND = 2**40
"""No threshold that is not constant lies beyond it, and sums with it do not overflow."""


@dataclass(frozen=True)
class CycleBounds:
    """Cycles of one image: certainly no fewer, certainly no more."""

    least: int
    most: int


def cycle_bounds(architecture: Architecture, layers: Sequence[Layer]) -> CycleBounds:
    """Bound the cycles of an image.

    Raises
    ------
    InputError
        If a layer does not fit the weight buffer.
    """
    stream = sum(stream_cycles(architecture, layers))
    cuts = cut_layers(architecture, layers)
    groups = 0 if stream == 0 else sum(not group.stays for cut in cuts for group in cut)
    latency = architecture.dram.latency_cycles
    least = sum(_least(architecture, layer) for layer in layers)
    most = sum(_most(architecture, layer, len(cut)) for layer, cut in zip(layers, cuts, strict=True))
    return CycleBounds(max(least, stream + latency * (groups > 0)), most + stream + groups * (latency + 1))


def stream_cycles(architecture: Architecture, layers: Sequence[Layer]) -> list[int]:
    """Count the cycles in which the weights of each layer come out of DRAM, but for its latency."""
    bits_per_cycle = architecture.dram.bits_per_cycle
    if isinstance(bits_per_cycle, str):
        return [0] * len(layers)
    cuts = cut_layers(architecture, layers)
    return [sum(-(-group.bits // bits_per_cycle) for group in cut) for cut in cuts]


def words_of(geometry: Geometry, width_edges: int) -> int:
    """Count the PE words of a layer of which nothing is pruned."""
    n_edges, positions = _n_edges(geometry)
    return int((_words(n_edges, width_edges) * positions).sum()) * geometry.out_channels


def ops_of(geometry: Geometry) -> int:
    """Count the ops of a layer."""
    return int(geometry.pooled_mask().sum()) * geometry.out_channels


def _least(architecture: Architecture, layer: Layer) -> int:
    """Cycles that the slowest unit needs for what no pruning can save."""
    a, geometry = architecture, layer.geometry
    ops = ops_of(geometry)
    if a.pruning.pooling and geometry.pool is not None and not layer.scores:
        overlap = (-(-geometry.pool.size // geometry.pool.stride)) ** 2
        per_channel = -(-geometry.pooled_height * geometry.pooled_width // overlap)
        retired = per_channel * geometry.out_channels
        words = per_channel * int(_least_words(architecture, layer).min(axis=0).sum())
    else:
        retired = ops
        words = int((_least_words(architecture, layer) * _n_edges(geometry)[1][:, None]).sum())
    written = retired if a.scheduler.has_queue else min(retired, _windows_of(geometry))
    demands = (
        *_handed_over(a, geometry, ops, retired),
        (written, a.output_buffer.write_width_ops),
        (words, a.pe.count),
    )
    return max(-(-amount // width) for amount, width in demands)


def _handed_over(
    architecture: Architecture, geometry: Geometry, ops: int, retired: int
) -> tuple[tuple[int, int], ...]:
    """List what passes through sequencer and scheduler, or is handed out, and how many a cycle at most."""
    scheduler = architecture.scheduler
    if scheduler.has_queue:
        issue_width = scheduler.most_selected if scheduler.policy != "lockstep" else retired
        return (ops, architecture.sequencer.width_ops), (retired, issue_width)
    bundle = (scheduler.bundle_positions or 1) if geometry.pool is None else 1
    tasks = geometry.pooled_height * -(-geometry.pooled_width // bundle) * geometry.out_channels
    return ((tasks, (scheduler.counters or scheduler.groups) * scheduler.windows_per_cycle),)


def _windows_of(geometry: Geometry) -> int:
    """Count the bits of a layer's output."""
    return geometry.pooled_height * geometry.pooled_width * geometry.out_channels


def _most(architecture: Architecture, layer: Layer, groups: int) -> int:
    """Cycles in which words go in one by one and every op waits for all that it ever waits for."""
    a = architecture
    if a.scheduler.dispatch == CAROUSEL:
        return _most_going_round(a, layer, groups)
    per_word = 1 if a.pe.speculate or not a.pruning.threshold else a.pe.latency_cycles
    one_access = a.activation_buffer.one_access_a_word
    per_word += word_addresses(layer.geometry, a.pe.width_edges, one_access).most_reads - 1  # one a cycle
    waits = 3 + _most_writes(architecture, layer) + a.scheduler.issue_latency_cycles + a.pe.latency_cycles
    waits += _most_added(architecture, layer)
    if a.scheduler.has_queue:
        waits += a.scheduler.select_cycles + a.pruning.squash_latency_cycles
    cycles = per_word * words_of(layer.geometry, a.pe.width_edges) + waits * ops_of(layer.geometry) + 2
    if a.activation_buffer.patch_kbit is None:
        return cycles
    columns = patch_columns(layer.geometry, a)
    return cycles + columns.per_pass * groups * (columns.column_words + 1)


def _most_going_round(architecture: Architecture, layer: Layer, groups: int) -> int:
    """Cycles in which ops go round one by one, after all filling and all opening of channels."""
    a, geometry = architecture, layer.geometry
    tiles = tiles_for(layer.name, geometry, a)
    words = geometry.planes * -(-geometry.fan_in // a.pe.width_edges)
    per_op = (words + 2) * a.pe.contexts + a.scheduler.issue_latency_cycles + a.pe.latency_cycles + 2
    filling = len(tiles.reads) + tiles.number
    opening = tiles.number * geometry.out_channels
    written = 2 * _windows_of(geometry)  # each bit takes its bank from a broadcast, and another from outcomes
    return per_op * ops_of(geometry) + groups * filling + opening + written + 2


def _most_added(architecture: Architecture, layer: Layer) -> int:
    """Cycles in which an op reads what it adds, at most: a word a cycle."""
    one_access = architecture.activation_buffer.one_access_a_word
    addend = addend_addresses(layer.geometry, architecture.pe.width_edges, one_access)
    return 0 if addend is None else len(addend.offset_bit)


def _most_writes(architecture: Architecture, layer: Layer) -> int:
    """Cycles in which the output bits, and the sum, of an op can keep words from going in, at most."""
    pool, sum_bits = layer.geometry.pool, layer.geometry.sum_bits
    if architecture.activation_buffer.banks == "ideal":
        return 0
    if sum_bits:
        return 1 + len(value_bits(sum_bits, architecture.pe.width_edges))
    return 1 if pool is None else (-(-pool.size // pool.stride)) ** 2


def _least_words(architecture: Architecture, layer: Layer) -> NDArray[np.int64]:
    """Words that a verdict takes at least, shape (kinds of border, out_channels)."""
    n_edges, _ = _n_edges(layer.geometry)
    if layer.scores and architecture.pruning.argmax and not layer.fixed_point:
        return np.ones((len(n_edges), layer.geometry.out_channels), np.int64)
    edges = np.broadcast_to(n_edges[:, None], (len(n_edges), layer.geometry.out_channels))
    if layer.geometry.addend is not None and not layer.geometry.sum_bits:
        edges = np.minimum(edges, 1)  # what is added may decide; it comes with the first word
    elif architecture.pruning.threshold and not layer.scores and not layer.geometry.sum_bits:
        if layer.theta is None or layer.fixed_point:
            edges = np.zeros_like(edges)
        else:
            theta = np.clip(layer.theta, -_BEYOND, _BEYOND)
            needed = -((-(edges + theta)) // 2)
            edges = np.maximum(0, np.minimum(needed, edges - needed + 1))
        if architecture.pruning.speculative and layer.speculation is not None:
            edges = np.minimum(edges, layer.speculation.check_edges)
    return _words(edges, architecture.pe.width_edges)


def _n_edges(geometry: Geometry) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List the numbers of edges that neurons have, and how many positions have each."""
    n_edges, positions = np.unique(geometry.n_edges_map()[geometry.pooled_mask()], return_counts=True)
    return n_edges.astype(np.int64), positions.astype(np.int64)


def _words(edges: NDArray[np.int64], width_edges: int) -> NDArray[np.int64]:
    words: NDArray[np.int64] = -(-edges // width_edges)
    return words
