"""What the memories of the RTL hold: input map, weights, thresholds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from o3sim.network.bits.packing import unpack_bits
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
    ],
)
def test_groups_have_rows_of_weights_side_by_side(
    channels: int, groups: int, assignment: str, rows: list[int | None]
) -> None:
    machine = queueless("group", pe__count=groups, scheduler__groups=groups, scheduler__assignment=assignment)
    assert weight_rows(channels, machine) == rows


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


def test_hex_has_a_word_a_line_lowest_bit_first() -> None:
    assert hex_text(output_words(np.array([1, 0, 0, 0, 0, 1]), 5), 5) == "01\n01\n"
