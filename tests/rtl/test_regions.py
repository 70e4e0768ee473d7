"""Where maps of layers in a row lie in the activation buffer, and what it holds before they run."""

from __future__ import annotations

import numpy as np

from o3sim.network.layer import Geometry, Pool
from o3sim.rtl.layer_sizes import memory_places
from o3sim.rtl.memories import activation_words
from o3sim.rtl.regions import regions_of
from tests.machine.harness import conv
from tests.rtl.samples import BEHIND, CODES, POOLED, in_a_row, queue

FLAT = Geometry("dense", 1, 1, 3 * 3 * 6, 4)


def test_an_output_lies_within_the_padding_of_the_layer_that_reads_it() -> None:
    """3 x 3 pixels of 5 channels are read from a map of 5 x 5 pixels, whose first inner one is pixel 6."""
    made = in_a_row(queue(), BEHIND, FLAT)
    regions = made.regions
    assert regions.inputs == [
        0,
        66,
        84,
    ]  # 64 words of 8 x 8 pixels, 16 of 5 x 5 x 5 bits, from a third bank on
    assert (regions.output, regions.words) == (84 + 7, 84 + 7 + 1)
    places = regions.output_places(0) - 66 * 8
    assert places[:15].tolist() == list(range(6 * 5, 9 * 5))
    assert places[15:30].tolist() == list(range(11 * 5, 14 * 5))
    assert regions.output_places(1).tolist() == list(range(84 * 8, 84 * 8 + 54))  # dense: without padding
    assert regions.output_places(2).tolist() == list(range(91 * 8, 91 * 8 + 4))


def test_units_find_the_places_of_output_bits_by_the_first_and_the_gaps_between_rows() -> None:
    made = in_a_row(queue(), BEHIND, FLAT)
    values = memory_places(made.layers, made.architecture)
    firsts, gaps = values["OUTPUT_BIT"], values["OUTPUT_GAP_BITS"]
    assert isinstance(firsts, list)
    assert isinstance(gaps, list)
    for number, layer in enumerate(made.layers):
        g = layer.geometry
        window = np.arange(g.pooled_height * g.pooled_width * g.out_channels)
        row = window // (g.pooled_width * g.out_channels)
        found = int(firsts[number]) + window + row * int(gaps[number])
        assert found.tolist() == made.regions.output_places(number).tolist()


def test_the_buffer_holds_the_first_input_and_all_padding_and_no_output() -> None:
    ones = conv(3, 3, 5, 6, padding_pixels=1, padding="+1")
    made = in_a_row(queue(), ones)
    zeros = made.regions.content(np.zeros(6 * 6 * 8, int))
    assert zeros[:64] == activation_words(POOLED, np.zeros(6 * 6 * 8, int), 8)
    bits = np.array([word >> place & 1 for word in zeros for place in range(8)])[66 * 8 :][: 5 * 5 * 5]
    pixels = bits.reshape(5, 5, 5)
    assert pixels[[0, -1]].all()
    assert pixels[:, [0, -1]].all()
    assert not pixels[1:-1, 1:-1].all()
    assert pixels[1:-1, 1:-1].any()


def test_bit_planes_lie_one_behind_another_the_most_significant_first() -> None:
    """Codes 0 to 7 of three planes; padding ``+1`` is the greatest code."""
    codes = np.arange(36).reshape(6, 6, 1) % 8
    words = activation_words(CODES, codes, 64)
    padded = np.pad(codes[:, :, 0], 1, constant_values=7).ravel().tolist()
    for plane, word in zip((2, 1, 0), words, strict=True):  # 8 x 8 pixels a plane
        assert [word >> place & 1 for place in range(64)] == [code >> plane & 1 for code in padded]


def test_a_pool_leaves_no_rows_over_in_what_the_next_layer_reads() -> None:
    """A map of 7 x 7 pixels is pooled to 3 x 3."""
    odd = conv(7, 7, 8, 5, pool=Pool(2, 2), padding_pixels=1, padding="-1")
    made = regions_of([odd, BEHIND], queue().architecture)
    assert len(made.output_places(0)) == 3 * 3 * 5
