"""Matches of every word, against a count edge by edge, and what follows from them from any word on."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from o3sim.network.bits.packing import unpack_bits
from o3sim.network.bits.reference import taps_of
from o3sim.network.layer import Layer
from o3sim.profile.profile import profile_layer
from o3sim.profile.word_matches import WordEdges, WordMatches, word_edges, word_matches
from tests.network.bits.strategies import Case, layers_with_input

natural = layers_with_input().filter(lambda case: case[0].geometry.edge_order is None)
widths = st.sampled_from([1, 3, 8, 16, 32, 63, 64, 65, 100, 300])


def by_hand(
    layer: Layer, codes: NDArray[np.int64], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count matches and edges of every word, tap by tap."""
    g = layer.geometry
    words = -(-g.fan_in // width)
    matches = np.zeros((g.out_height, g.out_width, g.planes * words, g.out_channels), np.int64)
    edges = np.zeros((g.out_height, g.out_width, g.planes * words), np.int64)
    weights = unpack_bits(layer.weights, g.fan_in)
    for y, x in np.ndindex(g.out_height, g.out_width):
        for index, code in taps_of(g, codes.reshape(g.in_height, g.in_width, g.in_channels), y, x):
            for place, plane in enumerate(reversed(range(g.planes))):
                word = place * words + index // width
                edges[y, x, word] += 1
                matches[y, x, word] += weights[:, index] == (code >> plane) & 1
    return matches.reshape(-1, *matches.shape[2:]), edges.reshape(-1, edges.shape[2])


@given(natural, widths)
@settings(max_examples=80, deadline=None)
def test_words_are_counted_as_by_hand(case: Case, width: int) -> None:
    layer, codes = case
    counted = word_edges(layer.geometry, width)
    matches, edges = by_hand(layer, codes, width)
    assert np.array_equal(word_matches(layer, codes, width).matches, matches)
    assert np.array_equal(counted.edges[counted.pattern_of], edges)


def _decided(
    sizes: WordEdges, words: WordMatches, position: int, channel: int, first: int
) -> tuple[int, int]:
    """Go round from a word on until a bound decides; return the words that it took, and the outcome."""
    pattern = sizes.pattern_of[position]
    weight = 2 ** sizes.plane_of.astype(np.int64)
    edges = sizes.edges[pattern] * weight
    mismatches = edges - words.matches[position, :, channel] * weight
    total, most = int(edges.sum()), int(words.most_mismatches[pattern, channel])
    seen = missed = 0
    for count in range(len(edges) + 1):
        if missed > most:
            return count, 0
        if missed + total - seen <= most:
            return count, 1
        word = (first + count) % len(edges)
        seen, missed = seen + int(edges[word]), missed + int(mismatches[word])
    raise AssertionError("all edges are known: one of the two bounds has decided")


@given(natural, widths, st.integers(0, 10**6))
@settings(max_examples=80, deadline=None)
def test_the_outcome_is_the_same_from_any_word_and_the_profile_has_that_of_the_first(
    case: Case, width: int, first: int
) -> None:
    layer, codes = case
    profile, words = profile_layer(layer, codes), word_matches(layer, codes, width)
    sizes = word_edges(layer.geometry, width)
    outcome, decision = (
        a.reshape(-1, layer.geometry.out_channels) for a in (profile.outcome, profile.decision)
    )
    for position, channel in np.ndindex(outcome.shape):
        assert _decided(sizes, words, position, channel, first)[1] == outcome[position, channel]
    if layer.geometry.planes == 1 and layer.geometry.padding != "exclude":  # words are those of the machine
        for position, channel in np.ndindex(outcome.shape):
            needed = -(-decision[position, channel] // width)
            assert _decided(sizes, words, position, channel, 0) == (needed, outcome[position, channel])


@given(layers_with_input(), widths)
@settings(max_examples=30, deadline=None)
def test_a_profile_counts_them_when_asked_unless_edges_have_an_order_of_their_own(
    case: Case, width: int
) -> None:
    layer, codes = case
    profile = profile_layer(layer, codes)
    if layer.geometry.edge_order is not None:
        assert profile.matches_of is None
        return
    assert profile.matches_of is not None
    assert np.array_equal(profile.matches_of(width).matches, word_matches(layer, codes, width).matches)
