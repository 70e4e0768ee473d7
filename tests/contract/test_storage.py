"""Memories that no key sizes, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from o3sim.contract.storage import OP_BITS, StorageKbit, storage_of, threshold_bits, total_of
from o3sim.network.edge_order import EdgeOrder
from o3sim.network.layer import Geometry, LayerSize, Pool
from tests.machine.carousel.samples import carousel
from tests.machine.harness import architecture, conv, dense, queueless

KBIT = 1024


def sizes(*geometries: Geometry) -> list[LayerSize]:
    """Name layers, of which the last gives the scores."""
    last = len(geometries) - 1
    return [LayerSize(f"layer{n}", geometry, n == last) for n, geometry in enumerate(geometries)]


NETWORK = sizes(
    conv(32, 32, 3, 64, padding_pixels=1, planes=8),  # 3 rows of 32 * 24 bits
    conv(32, 32, 64, 64, padding_pixels=1, pool=Pool(2, 2)),  # 4 rows of 32 * 64 bits
    dense(16 * 16 * 64, 10),  # all of its 16,384 bits
)


def test_a_line_buffer_holds_the_rows_that_a_pooling_window_reads_of_the_layer_with_most() -> None:
    arch = architecture(activation_buffer__line_buffer=True)
    assert storage_of(arch, NETWORK[:1]).line_buffer == 3 * 32 * 24 / KBIT
    assert storage_of(arch, NETWORK[:2]).line_buffer == 4 * 32 * 64 / KBIT
    assert storage_of(arch, NETWORK).line_buffer == 16 * 16 * 64 / KBIT
    assert storage_of(architecture(), NETWORK).line_buffer == 0


def test_it_holds_no_more_rows_than_there_are() -> None:
    arch = architecture(activation_buffer__line_buffer=True)
    strided = conv(9, 8, 4, 1, kernel=5, stride=2, pool=Pool(3, 2))
    assert storage_of(arch, sizes(strided)).line_buffer == 9 * 8 * 4 / KBIT
    assert storage_of(arch, sizes(replace(strided, in_height=11))).line_buffer == 9 * 8 * 4 / KBIT


def test_thresholds_are_as_wide_as_the_layer_with_most_matches_asks() -> None:
    assert threshold_bits(NETWORK[2:]) == 0  # scores have none
    assert threshold_bits(NETWORK) == 13  # 27 edges of 255 at most: 6,885 matches and one more
    assert storage_of(architecture(), NETWORK).thresholds == 13 * (64 + 64) / KBIT


def test_a_stalled_pe_holds_outcomes_of_all_its_stages_and_the_one_that_waits() -> None:
    arch = architecture(pe__count=5, pe__latency_cycles=3)
    assert storage_of(arch).verdicts == 5 * 4 * (1 + OP_BITS) / KBIT


def test_a_context_of_a_carousel_holds_one_outcome() -> None:
    machine = carousel(pe__count=5, pe__latency_cycles=3, pe__contexts=2)
    assert storage_of(machine).verdicts == 5 * 2 * (1 + OP_BITS) / KBIT


def test_borders_are_those_of_the_layer_with_most() -> None:
    frame = 34 * 34 - 32 * 32
    assert storage_of(architecture(), NETWORK).borders == frame * (24 + 64) / KBIT
    assert storage_of(architecture(), NETWORK[2:]).borders == 0


def test_edge_orders_are_those_of_the_weight_group_with_most() -> None:
    granules = np.tile(np.arange(64, dtype=np.int32), (3, 1))
    order = EdgeOrder(granules, np.array([0, 0, 1, 1, 2, 2], np.int32), 1, 64)
    layer = LayerSize("fc", replace(dense(64, 6), edge_order=order), False)
    half = 2 * 64 + 2 * 64 * 6  # bits of two channels and the tables of two orders
    arch = architecture(pe__width_edges=64)
    assert storage_of(arch, [layer]).edge_orders == 3 * 64 * 6 / KBIT
    assert half < KBIT
    assert storage_of(arch.with_({"weight_buffer.size_kbit": 2}), [layer]).edge_orders == 2 * 64 * 6 / KBIT


def test_edge_orders_of_weights_that_stay_are_all_there_and_each_group_of_pes_has_its_own() -> None:
    order = EdgeOrder(np.tile(np.arange(64, dtype=np.int32), (3, 1)), np.array([0, 1, 2], np.int32), 1, 64)
    layer = LayerSize("fc", replace(dense(64, 3), edge_order=order), False)
    all_stay = {"weight_buffer__size_kbit": 4, "weight_buffer__resident_kbit": 4}  # the halves hold nothing
    assert storage_of(architecture(**all_stay), [layer]).edge_orders == 3 * order.table_bits / KBIT
    assert storage_of(queueless("group", **all_stay), [layer]).edge_orders == 2 * 3 * order.table_bits / KBIT


def test_memories_of_stages_add_up_and_three_are_memories_of_their_own() -> None:
    parts = StorageKbit(1, 2, 3, 4, 5), StorageKbit(10, 20, 30, 40, 50)
    assert total_of(parts) == StorageKbit(11, 22, 33, 44, 55)
    assert [part.own for part in parts] == [6, 60]


@pytest.mark.parametrize("padding", ["-1", "exclude"])
def test_padding_that_is_no_edge_takes_room_too(padding: str) -> None:
    geometry = replace(conv(4, 4, 16, 1, padding_pixels=1), padding=padding)
    assert storage_of(architecture(), sizes(geometry)).borders == 20 * 16 / KBIT
