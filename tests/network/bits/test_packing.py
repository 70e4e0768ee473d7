"""Packing: round trips, bit order, unused bits."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from o3sim.network.bits.packing import pack_bits, unpack_bits, unused_bits_are_zero, words_for


@given(st.lists(st.integers(0, 1), min_size=1, max_size=200))
def test_unpacking_returns_what_was_packed(bits: list[int]) -> None:
    words = pack_bits(np.array(bits))
    assert words.dtype == np.uint64
    assert words.shape == (words_for(len(bits)),)
    assert unpack_bits(words, len(bits)).tolist() == bits
    assert unused_bits_are_zero(words, len(bits))


@given(st.integers(0, 199))
def test_bit_j_of_word_k_is_edge_64k_plus_j(edge: int) -> None:
    bits = np.zeros(200, np.uint8)
    bits[edge] = 1
    assert pack_bits(bits)[edge // 64] == np.uint64(1) << np.uint64(edge % 64)


def test_leading_axes_stay() -> None:
    bits = np.random.default_rng(0).integers(0, 2, (3, 4, 70))
    assert pack_bits(bits).shape == (3, 4, 2)
    np.testing.assert_array_equal(unpack_bits(pack_bits(bits), 70), bits)


def test_unused_bits() -> None:
    words = np.array([[0, 1 << 6]], np.uint64)
    assert not unused_bits_are_zero(words, 70)
    assert unused_bits_are_zero(words, 71)
    assert unused_bits_are_zero(words, 128)
