"""What the memories of the RTL hold: input map, weights, thresholds."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from o3sim.config.architecture import Architecture
from o3sim.network.bits.packing import pack_bits, unpack_bits
from o3sim.network.layer import Geometry, Layer
from o3sim.rtl.lists import list_length, list_words
from o3sim.rtl.memories import (
    activation_words,
    hex_text,
    output_words,
    thresholds,
    weight_memory,
    weight_rows,
)
from tests.machine.harness import conv, queueless
from tests.rtl.samples import queue


@pytest.mark.parametrize(("padding", "border"), [("-1", 0), ("+1", 0b11)])
def test_the_map_is_padded_and_channels_run_fastest(padding: str, border: int) -> None:
    bits = np.array([[[1, 0], [1, 1]]])  # one row of two pixels with two channels
    words = activation_words(conv(1, 2, 2, 1, padding_pixels=1, padding=padding), bits, 2)
    assert words == [*[border] * 5, 0b01, 0b11, *[border] * 5]


def test_each_channel_begins_a_word() -> None:
    subject = queue()
    rows = unpack_bits(subject.layer.weights, 72)
    memory = weight_memory(subject.layer, subject.architecture)
    assert len(memory) == 5 * 9
    assert memory[9 * 2] == sum(int(bit) << place for place, bit in enumerate(rows[2][:8]))


@pytest.mark.parametrize(
    ("channels", "groups", "assignment", "rows"),
    [
        (5, 2, "channel", [0, 1, 2, 3, 4, None]),
        (2, 5, "channel", [0, 0, 1, 1, None]),
        (2, 3, "position", [0, 0, 0, 1, 1, 1]),
        (2, 3, "skewed", [0, 0, 0, 1, 1, 1]),
        (5, 2, "channel_balanced", [1, 3, 0, 2, None, 4]),
    ],
)
def test_groups_have_rows_of_weights_side_by_side(
    channels: int, groups: int, assignment: str, rows: list[int | None]
) -> None:
    geometry = conv(4, 6, 8, channels, channel_work=(3, 9, 4, 5, 1)[:channels])
    assert weight_rows(geometry, grouped(groups, assignment)) == rows


def grouped(groups: int, assignment: str) -> Architecture:
    """As many groups of one PE each."""
    return queueless("group", pe__count=groups, scheduler__groups=groups, scheduler__assignment=assignment)


def test_lists_are_tables_where_steps_do_not_give_them() -> None:
    """Channels of work 3, 9, 4 for two groups: 1 alone, then 2 and 0; by both, places move on by 7."""
    geometry = conv(1, 3, 8, 3, kernel=1, channel_work=(3, 9, 4))
    balanced, skewed = (grouped(2, assignment) for assignment in ("channel_balanced", "skewed"))
    assert list_length(geometry, grouped(2, "position")) == 0
    assert [list_length(geometry, each) for each in (balanced, skewed)] == [6, 5]
    # Lines of each group: row of its weights, channel, place.
    assert [lines_of(words) for words in halves(list_words(geometry, balanced, 6))] == [
        [(0, 1, 0), (0, 1, 1), (0, 1, 2)],
        [(1, 0, 0), (0, 2, 0), (1, 0, 1), (0, 2, 1), (1, 0, 2), (0, 2, 2)],
    ]
    assert [lines_of(words) for words in halves(list_words(geometry, skewed, 7))] == [
        [(0, 0, 0), (2, 2, 0), (1, 1, 1), (0, 0, 2), (2, 2, 2)],
        [(1, 1, 0), (0, 0, 1), (2, 2, 1), (1, 1, 2)],
    ]


def halves(words: list[int]) -> list[list[int]]:
    return [words[: len(words) // 2], words[len(words) // 2 :]]


def lines_of(words: list[int]) -> list[tuple[int, ...]]:
    """Take the fields of lines apart, up to the first that is of no task."""
    taken = [word for word in words if word >> 96]
    assert words[len(taken) :] == [0] * (len(words) - len(taken))
    return [tuple(word >> shift & 0xFFFFFFFF for shift in (64, 32, 0)) for word in taken]


def test_words_of_groups_alternate() -> None:
    subject = queue()
    one = weight_memory(subject.layer, subject.architecture)
    grouped = weight_memory(subject.layer, queueless("group"))
    assert grouped[0:18:2] == one[0:9]
    assert grouped[1:18:2] == one[9:18]
    assert grouped[37::2] == [0] * 9  # of five channels the second group has two


def test_thresholds_are_counts_of_matches_and_constants_are_clipped() -> None:
    layer = queue().layer
    theta = np.array([-72, 0, 1, 72, 400])
    assert thresholds(replace(layer, theta=theta)) == [0, 36, 37, 72, 73]


def test_a_threshold_of_fixed_point_input_is_in_matches_by_weight() -> None:
    """Channel 1 of weights +1, -1, codes of two bits as -2 to 1: its sum is 1 - (-2) = 3 at most."""
    geometry = Geometry("dense", 1, 1, 2, 3, planes=2)
    weights = pack_bits(np.array([[1, 1], [1, 0], [0, 0]]))
    layer = Layer("codes", geometry, weights, np.array([0, 3, 4]), input_offset=-1)
    found = thresholds(layer)
    values = np.arange(-2, 2)
    for channel, (signs, theta) in enumerate(
        zip([(1, 1), (1, -1), (-1, -1)], layer.theta.tolist(), strict=True)
    ):
        for pair in product(values.tolist(), repeat=2):
            codes = [value + 2 for value in pair]
            matches = sum(code if sign > 0 else 3 - code for code, sign in zip(codes, signs, strict=True))
            dot = sum(value * sign for value, sign in zip(pair, signs, strict=True))
            assert (matches >= found[channel]) == (dot >= theta), (channel, pair)


def test_hex_has_a_word_a_line_lowest_bit_first() -> None:
    assert hex_text(output_words(np.array([1, 0, 0, 0, 0, 1]), 5), 5) == "01\n01\n"
