"""Operand addresses against a walk over every edge of every neuron."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.contract.weight_groups import cut_layer
from o3sim.contract.word_addresses import word_addresses
from o3sim.network.layer import Geometry
from tests.machine.harness import architecture, conv, dense
from tests.machine.strategies import convolutions, dense_layers
from tests.network.bits.strategies import reordered


class Edge(NamedTuple):
    """Where one edge's operands lie: a bit of the padded map, and a bit of the channel's weights."""

    activation_bit: int
    weight_bit: int


def slow_edges(geometry: Geometry, y: int, x: int) -> list[Edge]:
    """Walk the edges of the neurons at one position, in their order."""
    pixels = geometry.padding_pixels
    padded_height, padded_width = geometry.in_height + 2 * pixels, geometry.in_width + 2 * pixels
    shape = geometry.kernel_height, geometry.kernel_width, geometry.in_channels
    edges = []
    for plane in range(geometry.planes):
        for tap, (ky, kx, channel) in enumerate(np.ndindex(shape)):
            row, column = y * geometry.stride + ky, x * geometry.stride + kx
            inside = (
                pixels <= row < pixels + geometry.in_height and pixels <= column < pixels + geometry.in_width
            )
            if inside or geometry.padding != "exclude":
                place = (plane * padded_height + row) * padded_width + column
                edges.append(Edge(place * geometry.in_channels + channel, tap))
    return edges


@given(st.one_of(convolutions(), dense_layers()).flatmap(reordered), st.sampled_from([1, 3, 8, 64]))
@settings(max_examples=200, deadline=None)
def test_a_word_is_read_from_every_buffer_word_that_its_edges_lie_in(geometry: Geometry, width: int) -> None:
    addresses, channel = word_addresses(geometry, width), geometry.out_channels - 1
    fetches, most = addresses.fetches(), 1
    for position, (y, x) in enumerate(np.ndindex(geometry.out_height, geometry.out_width)):
        edges = in_order(geometry, slow_edges(geometry, y, x), channel)
        row, base = addresses.first_row[channel] + addresses.border_of[position], addresses.base_bit[position]
        offset, reads = addresses.offset_of[base % width], 0
        for word, start in enumerate(range(0, len(edges), width)):
            expected = sorted({edge.activation_bit // width for edge in edges[start : start + width]})
            found = [(base + bit) // width for bit in fetches[row][word]]
            assert found == sorted(found)
            assert list(dict.fromkeys(found)) == expected
            reads, most = reads + len(expected), max(most, len(expected))
            assert addresses.reads[offset, row, word] == reads
            if len(expected) == 1:
                assert (base + addresses.activation_bit[row, word]) // width == expected[0]
    assert addresses.most_reads >= most
    if geometry.padding != "exclude":  # any kind of border is taken to be found at any place in a word
        assert geometry.edge_order is not None or addresses.most_reads == most


def in_order(geometry: Geometry, edges: list[Edge], channel: int) -> list[Edge]:
    """Put the edges of a neuron into its edge order, if it has one."""
    order = geometry.edge_order
    if order is None:
        return edges
    by_weight = {edge.weight_bit: edge for edge in edges}
    places = order.edges(int(order.order_of[channel])).tolist()
    return [by_weight[place] for place in places if place in by_weight]


@given(st.one_of(convolutions(), dense_layers()), st.sampled_from([1, 3, 8, 64]))
@settings(max_examples=200, deadline=None)
def test_a_line_buffer_is_read_by_the_address_of_a_words_first_edge(geometry: Geometry, width: int) -> None:
    addresses = word_addresses(geometry, width, one_access_a_word=True)
    assert not addresses.gathers
    for position, (y, x) in enumerate(np.ndindex(geometry.out_height, geometry.out_width)):
        edges = slow_edges(geometry, y, x)
        border, firsts = addresses.border_of[position], edges[::width]
        bits = addresses.base_bit[position] + addresses.activation_bit[border, : len(firsts)]
        assert addresses.n_edges[border] == len(edges)
        assert bits.tolist() == [edge.activation_bit for edge in firsts]
        words = addresses.weight_word[border, : len(firsts)]
        assert words.tolist() == [edge.weight_bit // width for edge in firsts]


@given(st.one_of(convolutions(), dense_layers()).flatmap(reordered), st.sampled_from([1, 3, 8]))
@settings(max_examples=200, deadline=None)
def test_under_an_order_a_line_buffer_is_read_once_a_run_of_edges(geometry: Geometry, width: int) -> None:
    order = geometry.edge_order
    if order is None:
        return
    addresses = word_addresses(geometry, width, one_access_a_word=True)
    runs = addresses.fetches()
    channel = geometry.out_channels - 1
    places = order.edges(int(order.order_of[channel])).tolist()
    for position, (y, x) in enumerate(np.ndindex(geometry.out_height, geometry.out_width)):
        natural = slow_edges(geometry, y, x)
        rank = {edge.weight_bit: number for number, edge in enumerate(natural)}
        evaluated = [edge for edge in places if edge in rank]
        row = addresses.first_row[channel] + addresses.border_of[position]
        for word, start in enumerate(range(0, len(evaluated), width)):
            ranks = sorted(rank[edge] for edge in evaluated[start : start + width])
            firsts = [r for r in ranks if r - 1 not in ranks]
            expected = [natural[r].activation_bit for r in firsts]
            assert [addresses.base_bit[position] + bit for bit in runs[row][word]] == expected
            assert addresses.weight_word[row, word] == places.index(evaluated[start]) // width


@given(convolutions())
@settings(max_examples=100, deadline=None)
def test_edges_are_those_of_the_geometry(geometry: Geometry) -> None:
    addresses = word_addresses(geometry, 8)
    edges = addresses.n_edges[addresses.border_of].reshape(geometry.out_height, geometry.out_width)
    np.testing.assert_array_equal(edges, geometry.n_edges_map())


def test_bit_planes_share_the_weights_and_not_the_activations() -> None:
    geometry = conv(2, 2, 4, 1, kernel=2, planes=2)  # 16 edges a plane
    addresses = word_addresses(geometry, 8)
    assert addresses.activation_bit.tolist() == [[0, 8, 16, 24]]
    assert addresses.weight_word.tolist() == [[0, 1, 0, 1]]


@pytest.mark.parametrize(("padding", "first"), [("-1", 0), ("exclude", 4 * 4 + 4)])
def test_excluded_padding_shifts_the_first_edge(padding: str, first: int) -> None:
    geometry = conv(2, 2, 4, 1, kernel=2, padding_pixels=1, padding=padding)
    addresses = word_addresses(geometry, 8)
    corner = addresses.border_of[0]
    assert addresses.base_bit[0] + addresses.activation_bit[corner, 0] == first


def test_a_neuron_may_have_no_edge_at_all() -> None:
    geometry = conv(1, 1, 4, 1, kernel=1, padding_pixels=1, padding="exclude")
    addresses = word_addresses(geometry, 8)
    assert addresses.n_edges[addresses.border_of].tolist() == [0, 0, 0, 0, 4, 0, 0, 0, 0]


def test_each_channel_starts_a_new_weight_word() -> None:
    arch = architecture(pe__width_edges=64, weight_buffer__size_kbit=1)
    groups = cut_layer(0, "layer", dense(65, 9), arch)  # 65 bits fill two of the 8 words of a half
    assert [group.last_channel - group.first_channel for group in groups] == [4, 4, 1]
