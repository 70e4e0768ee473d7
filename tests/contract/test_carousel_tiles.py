"""Tiles: which windows are evaluated at a time, and how the memories of PEs are filled for them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.contract.carousel.tiles import Tiles, tiles_of, z_order
from o3sim.network.layer import Geometry, Pool
from tests.machine.harness import conv, dense


def tiles(geometry: Geometry, width: int, bits: int) -> Tiles:
    made = tiles_of(geometry, width, bits)
    assert isinstance(made, Tiles)
    return made


def test_windows_go_along_the_z_order_curve() -> None:
    assert z_order(4, 4) == [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]
    assert tiles(conv(4, 4, 8, 1, kernel=1), 8, 10**6).windows.tolist() == z_order(4, 4)


@given(st.integers(1, 9), st.integers(1, 9))
def test_every_place_is_on_the_curve_once(height: int, width: int) -> None:
    assert sorted(z_order(height, width)) == list(range(height * width))


def test_what_fits_as_a_whole_takes_both_halves() -> None:
    """16 pixels of a word of 8: one tile in 128 bits; where a bit is lacking, halves of 7 words."""
    geometry = conv(4, 4, 8, 1, kernel=1)
    assert tiles(geometry, 8, 128).number == 1
    assert tiles(geometry, 8, 127).sizes.tolist() == [6, 6, 4]


def test_tiles_are_as_even_as_their_number_allows() -> None:
    """Nine words for 4 at a time: three times 3, not 4, 4 and 1."""
    assert tiles(conv(1, 9, 8, 1, kernel=1), 8, 71).sizes.tolist() == [3, 3, 3]


def test_neighbours_share_words_and_the_padding_takes_none() -> None:
    """3 x 3 taps on a map of 4 x 4: 16 words are broadcast, and not those of the border."""
    made = tiles(conv(4, 4, 8, 1, padding_pixels=1), 8, 10**6)
    assert made.words.tolist() == [16]
    assert made.first_read.tolist() == [0, 16]
    assert sorted(made.reads) == [6 * y + x for y in range(1, 5) for x in range(1, 5)]  # of 6 x 6, padded
    assert made.need[:2].tolist() == [4, 6]  # the corner sees 2 x 2 pixels, its neighbour 2 more


def test_a_tile_reads_again_what_it_shares_with_another() -> None:
    made = tiles(conv(6, 6, 8, 1, padding_pixels=1), 8, 36 * 8 - 1)
    assert made.number > 1
    assert made.words.sum() > 36


def test_channels_that_fill_no_words_are_held_as_the_weights_lie() -> None:
    """3 channels, 3 x 3 taps, words of 8: 27 edges are 4 words a neuron, put together from several each."""
    made = tiles(conv(4, 4, 3, 1), 8, 10**6)
    assert made.words.tolist() == [4 * 4]
    # Its words take bits 0-7 | 8, 12-18 | 19-20, 24-29 | 30-32 of the map.
    assert made.need[0] == 1 + 2 + 2 + 2
    assert made.reads[:7].tolist() == [0, 1, 2, 2, 3, 3, 4]


def test_each_plane_has_words_of_its_own() -> None:
    planes = Geometry("conv", 4, 4, 8, 1, 1, 1, planes=3)
    assert tiles(planes, 8, 10**6).words.tolist() == [3 * 16]


def test_a_dense_layer_shares_all_its_words() -> None:
    made = tiles(dense(100, 4), 8, 10**6)
    assert made.words.tolist() == [13]
    assert made.reads.tolist() == list(range(13))


def test_a_window_that_half_the_memory_does_not_hold_is_told_what_it_needs() -> None:
    assert tiles_of(conv(4, 4, 8, 1, kernel=1, pool=Pool(2, 2)), 8, 63) == 2 * 4 * 8


@given(st.integers(3, 9), st.integers(3, 9), st.sampled_from([3, 8, 16]), st.booleans(), st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_every_tile_fits_and_is_filled_in_the_order_of_its_windows(
    height: int, width: int, channels: int, pooled: bool, kbits: int
) -> None:
    geometry = conv(height, width, channels, 1, padding_pixels=1, pool=Pool(2, 2) if pooled else None)
    made = tiles_of(geometry, 8, 100 * kbits)
    if not isinstance(made, Tiles):
        assert made > 100 * kbits
        return
    halves = 1 if made.number == 1 else 2
    assert (made.words * 8 * halves <= 100 * kbits).all()
    reads = np.diff(made.first_read)
    assert reads.sum() == len(made.reads)
    for first, end, of_tile in zip(made.start[0], made.start[0, 1:], reads, strict=False):
        need = made.need[first:end]
        assert (np.diff(need) >= 0).all()
        assert need[-1] == of_tile
