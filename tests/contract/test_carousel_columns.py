"""Tiles of PEs that each hold the columns of the map that are their own."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.contract.carousel.columns import are_bound, columns_of
from o3sim.contract.carousel.tiles import Tiles
from o3sim.network.layer import Geometry, Pool
from tests.machine.harness import conv


def columns(geometry: Geometry, bits: int, pes: int, taken: int = 0) -> Tiles:
    made = columns_of(geometry, 8, bits, pes, taken)
    assert isinstance(made, Tiles)
    return made


def lists_of(made: Tiles) -> list[list[int]]:
    return [made.windows[starts[0] : starts[-1]].tolist() for starts in made.start]


def test_columns_are_cut_into_runs_taken_from_the_right_to_the_left() -> None:
    """A map of 2 x 4 for two PEs, and for four; for three a run ends within a column."""
    geometry = conv(2, 4, 8, 1, kernel=1)
    assert lists_of(columns(geometry, 10**6, 2)) == [[1, 5, 0, 4], [3, 7, 2, 6]]
    assert lists_of(columns(geometry, 10**6, 4)) == [[0, 4], [1, 5], [2, 6], [3, 7]]
    assert lists_of(columns(geometry, 10**6, 3)) == [[0, 4], [2, 1, 5], [3, 7, 6]]


def test_a_layer_of_fewer_windows_than_pes_binds_none() -> None:
    assert are_bound(conv(2, 4, 8, 1, kernel=1), 8)
    assert not are_bound(conv(2, 4, 8, 1, kernel=1), 9)


def test_a_memory_holds_what_its_pes_windows_read_and_those_it_may_take() -> None:
    """Pixels of a word: four of its own, and one or four of the neighbour's."""
    geometry = conv(2, 4, 8, 1, kernel=1)
    for taken, words in ((0, 4), (1, 5), (9, 8)):
        made = columns(geometry, 8 * words, 2, taken)
        assert made.number == 1
        assert made.words.tolist() == [2 * words]
        assert made.first_read.tolist() == [0, 8]


def test_a_run_is_cut_into_the_fewest_tiles_that_fit() -> None:
    """Runs of six pixels of 8 bits: one tile in 48; in 47 halves hold two pixels each, in 31 one."""
    geometry = conv(3, 4, 8, 1, kernel=1)
    assert [columns(geometry, bits, 2).number for bits in (48, 47, 32, 31, 16)] == [1, 3, 3, 6, 6]
    assert columns(geometry, 47, 2).sizes.tolist() == [4, 4, 4]
    assert columns_of(geometry, 8, 15, 2, 0) == 16


def test_words_go_out_for_the_first_windows_of_all_pes_before_the_second() -> None:
    made = columns(conv(2, 4, 8, 1, kernel=1), 10**6, 2)
    assert made.reads.tolist() == [1, 3, 5, 7, 0, 2, 4, 6]
    assert made.need.tolist() == [1, 3, 5, 7, 2, 4, 6, 8]


@given(
    st.integers(3, 9), st.integers(3, 9), st.sampled_from([3, 8]), st.booleans(),
    st.integers(1, 9), st.integers(0, 5), st.integers(1, 60),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_every_window_is_in_one_list_and_every_memory_fits(
    height: int, width: int, channels: int, pooled: bool, pes: int, taken: int, bits: int
) -> None:
    geometry = conv(height, width, channels, 1, padding_pixels=1, pool=Pool(2, 2) if pooled else None)
    if not are_bound(geometry, pes):
        return
    made = columns_of(geometry, 8, 100 * bits, pes, taken)
    if not isinstance(made, Tiles):
        assert isinstance(columns_of(geometry, 8, made, pes, taken), Tiles)
        assert not isinstance(columns_of(geometry, 8, made - 1, pes, taken), Tiles)
        return
    assert sorted(made.windows) == list(range(geometry.pooled_height * geometry.pooled_width))
    assert made.lists == pes
    lengths = made.start[:, -1] - made.start[:, 0]
    assert lengths.max() - lengths.min() <= 1
    assert (made.words <= pes * 100 * bits // 8).all()
    assert (np.diff(made.start) >= 0).all()
