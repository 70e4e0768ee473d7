"""Machines whose weight words go round, and layers with made-up matches for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from numpy.typing import NDArray

from o3sim.config.architecture import Architecture
from o3sim.contract.carousel.columns import are_bound, columns_of
from o3sim.contract.carousel.tiles import Tiles, tiles_of
from o3sim.contract.events import EVERY_EVENT, EventWindow, Observer
from o3sim.contract.plan import ImageRun, cut_layers
from o3sim.machine.carousel.run import run_layers
from o3sim.network.layer import Geometry, Pool
from o3sim.profile.profile import LayerProfile
from o3sim.profile.word_matches import WordMatches, word_edges
from tests.machine.harness import BASE, profile
from tests.machine.strategies import PADDINGS, Case, banks, convolutions, dense_layers, weight_sizes

QUEUE_KEYS = {
    "scheduler": ("policy", "issue_width_ops", "window_in_flight_ops"),
    "sequencer": ("width_ops", "order", "group_windows"),
    "pruning": ("squash_latency_cycles",),
}


def carousel(**changes: Any) -> Architecture:
    """Make a carousel of 4 PEs in one group, everything ideal, with ``unit__key=value`` changes."""
    data = {key: dict(value) if isinstance(value, dict) else value for key, value in BASE.items()}
    del data["issue_queue"]
    for unit, keys in QUEUE_KEYS.items():
        for key in keys:
            del data[unit][key]
    data["scheduler"] |= {"dispatch": "carousel", "groups": 1, "open_channels": 4, "windows_per_cycle": 64}
    data["scheduler"] |= {"tiles": "shared", "take_from_neighbour": 0}
    data["activation_buffer"] |= {"patch_kbit": 1000, "broadcast_words": "ideal"}
    data["activation_buffer"]["share_patch_reads"] = "none"
    for name, value in changes.items():
        unit, _, key = name.partition("__")
        data[unit][key] = value
    return Architecture.model_validate(data)


def layer(
    geometry: Geometry, width: int, matches: Any, most_mismatches: Any, scores: bool = False
) -> LayerProfile:
    """Make a layer of which the matches of every word are given, and the outcomes follow.

    Parameters
    ----------
    matches : array that broadcasts to (positions, words, out_channels)
        No more than a word has edges.
    most_mismatches : array that broadcasts to (patterns, out_channels)
    """
    sizes = word_edges(geometry, width)
    shape = len(sizes.pattern_of), sizes.edges.shape[1], geometry.out_channels
    edges = sizes.edges[sizes.pattern_of][:, :, None]
    matched = np.minimum(np.broadcast_to(matches, shape), edges).astype(np.uint16)
    most = np.broadcast_to(most_mismatches, (len(sizes.edges), geometry.out_channels)).astype(np.int64)
    weight = 1 << sizes.plane_of.astype(np.int64)[:, None]
    missed = ((edges - matched) * weight).sum(axis=1)
    outcome = missed <= most[sizes.pattern_of]
    made = profile(geometry, outcome=outcome.reshape(geometry.out_height, geometry.out_width, -1))
    if scores:
        return profile(geometry, scores=True)
    return replace(made, matches_of=lambda _: WordMatches(matched, most))


def run(
    architecture: Architecture,
    *profiles: LayerProfile,
    observers: tuple[Observer, ...] = (),
    window: EventWindow = EVERY_EVENT,
) -> ImageRun:
    """Run layers one after another on the SimPy machine."""
    return run_layers(architecture, cuts_of(architecture, profiles), profiles, observers, window)


def cuts_of(architecture: Architecture, profiles: tuple[LayerProfile, ...]) -> list[Any]:
    """Cut the weights of layers."""
    return cut_layers(architecture, profiles)


@st.composite
def aligned_convolutions(draw: st.DrawFn, width: int, least: int = 4) -> Geometry:
    """Draw a convolution whose channels fill whole words, on a map that small memories hold in tiles."""
    return Geometry(
        "conv",
        draw(st.integers(least, 9)),
        draw(st.integers(least, 9)),
        width * draw(st.sampled_from([1, 2, 4])),
        draw(st.integers(1, 6)),
        kernel := draw(st.integers(1, 3)),
        kernel,
        padding_pixels=draw(st.integers(0, 1)),
        padding=draw(st.sampled_from(PADDINGS)),
        pool=draw(st.sampled_from([None, Pool(2, 2), Pool(2, 3)])),
    )


@st.composite
def layers(draw: st.DrawFn, width: int, large: bool = False) -> LayerProfile:
    """Draw a layer: matches at random, bounds anywhere and often near the middle, some channels constant."""
    any_kind = convolutions() | dense_layers() | aligned_convolutions(width)
    geometry = draw(aligned_convolutions(width, 7) if large else any_kind)
    assume(geometry.pool is None or geometry.pool.stride >= geometry.pool.size)
    sizes = word_edges(geometry, width)
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    edges = sizes.edges[sizes.pattern_of][:, :, None]
    shape = (*edges.shape[:2], geometry.out_channels)
    matches = chance.binomial(np.broadcast_to(edges, shape), draw(st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0])))
    totals = (sizes.edges.astype(np.int64) << sizes.plane_of).sum(axis=1)[:, None]
    share = chance.normal(0.5, draw(st.sampled_from([0.05, 0.3])), (len(totals), geometry.out_channels))
    most = np.clip(np.round(totals * share), -1, totals).astype(np.int64)
    constant = chance.random(geometry.out_channels) < draw(st.sampled_from([0.0, 0.3]))
    most[:, constant] = np.where(chance.random(geometry.out_channels) < 0.5, -1, totals)[:, constant]
    return layer(geometry, width, matches, most)


@st.composite
def carousels(draw: st.DrawFn, width: int) -> Architecture:
    """Draw a machine: every knob, biased to sizes at which units get in each other's way."""
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    opened = draw(st.sampled_from([1, 2, 3, 8]))
    more = draw(st.sampled_from([0, 1, 5]))
    tiles = draw(st.sampled_from(["shared", "columns"]))
    return carousel(
        pe__count=groups * draw(st.integers(1, 5) | st.sampled_from([1, 2, 4, 33, 70])),
        pe__contexts=draw(st.sampled_from([1, 1, 2, 3, 5])),
        pe__width_edges=width,
        pe__latency_cycles=draw(st.sampled_from([1, 2, 3, 4, 9])),
        scheduler__groups=groups,
        scheduler__open_channels=opened,
        scheduler__tiles=tiles,
        scheduler__take_from_neighbour=0 if tiles == "shared" else draw(st.sampled_from([0, 1, 4])),
        scheduler__windows_per_cycle=draw(st.sampled_from([1, 2, 64])),
        scheduler__issue_latency_cycles=draw(st.sampled_from([0, 0, 1, 3])),
        activation_buffer__banks=draw(banks()),
        activation_buffer__broadcast_words=draw(st.sampled_from([1, 2, "ideal"])),
        activation_buffer__share_patch_reads=draw(st.sampled_from(["none", "chance", "aligned"])),
        weight_buffer__banks=draw(st.sampled_from(["ideal", groups * (opened + more)])),
        dram__bits_per_cycle=draw(st.sampled_from(["ideal", 3, 64, 1000])),
        dram__latency_cycles=draw(st.sampled_from([0, 1, 50])),
        output_buffer__write_width_ops=draw(st.sampled_from([1, 2, 16])),
        pruning__threshold=draw(st.sampled_from([True, True, False])),
        pruning__pooling=draw(st.sampled_from([True, True, False])),
    )


@st.composite
def carousel_cases(draw: st.DrawFn, most_layers: int = 3) -> Case:
    """Draw layers and a carousel: often with several weight groups to a layer, and with several tiles."""
    tiled = draw(st.integers(0, 3)) == 0  # a map that takes several tiles, of shared memories or of columns
    width = 64 if tiled else draw(st.sampled_from([1, 3, 8, 16, 64, 300]))
    several = st.lists(layers(width), min_size=1, max_size=most_layers)
    hidden = [draw(layers(width, large=True))] if tiled else draw(several)
    last = [layer(draw(dense_layers()), width, 0, 0, scores=True)] if draw(st.booleans()) else []
    made, profiles = draw(carousels(width)), (*hidden, *last)
    count = made.weight_buffer.banks if made.weight_buffer.banks != "ideal" else 1
    least = [_least_patch_bits(each.geometry, made) for each in profiles]
    tight = -(-max(least) // 1024)
    changes = {
        "weight_buffer": weight_sizes(draw, made, profiles, count),
        "activation_buffer.patch_kbit": tight if tiled or draw(st.booleans()) else 1000,
    }
    return Case(made.with_(changes), profiles)


def _least_patch_bits(geometry: Geometry, made: Architecture) -> int:
    """Return the smallest memory that will do for a layer, in bits."""
    pes = made.pe.count // made.scheduler.groups
    if made.scheduler.tiles == "columns" and are_bound(geometry, pes):
        tiles = columns_of(geometry, made.pe.width_edges, 0, pes, made.scheduler.take_from_neighbour)
    else:
        tiles = tiles_of(geometry, made.pe.width_edges, 0)
    return 1 if isinstance(tiles, Tiles) else tiles


def pooled_or(each: LayerProfile) -> NDArray[np.uint8]:
    """Pool a layer's outcomes by hand."""
    from tests.machine import harness

    return harness.pooled_or(each)
