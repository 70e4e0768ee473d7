"""Rows between stages, against loops over every tap."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from o3sim.network.layer import Geometry
from o3sim.runs.pipeline.rows import dispatch_cycles, most_at_once, release_cycles
from tests.machine.harness import dense
from tests.machine.strategies import convolutions


def rows_of(geometry: Geometry, out_row: int) -> list[int]:
    """Input rows that a row of neurons reads, tap by tap."""
    first = out_row * geometry.stride - geometry.padding_pixels
    return [row for row in range(first, first + geometry.kernel_height) if 0 <= row < geometry.in_height]


def cycles(draw: st.DrawFn, count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(draw(st.lists(st.integers(0, 50), min_size=count, max_size=count)), np.int64)


@given(convolutions(), st.data())
def test_neurons_wait_for_all_rows_that_they_read(geometry: Geometry, data: st.DataObject) -> None:
    there = cycles(data.draw, geometry.in_height)
    expected = [
        max((there[row] for row in rows_of(geometry, out_row)), default=0)
        for out_row in range(geometry.out_height)
    ]
    assert dispatch_cycles(geometry, there).tolist() == expected


def test_a_dense_layer_waits_for_the_whole_map() -> None:
    assert dispatch_cycles(dense(12, 3), np.array([4, 9, 2])).tolist() == [9]


@given(convolutions(), st.data())
def test_a_row_is_kept_for_all_outputs_that_are_computed_from_it(
    geometry: Geometry, data: st.DataObject
) -> None:
    there = cycles(data.draw, geometry.in_height)
    written = cycles(data.draw, geometry.pooled_height)
    expected = there.copy()
    size, stride = (1, 1) if geometry.pool is None else (geometry.pool.size, geometry.pool.stride)
    for pooled in range(geometry.pooled_height):
        for member in range(pooled * stride, pooled * stride + size):
            for row in rows_of(geometry, member):
                expected[row] = max(expected[row], written[pooled])
    assert release_cycles(geometry, there, written).tolist() == expected.tolist()


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9)), min_size=1, max_size=12), st.data())
def test_rows_held_at_a_time(rows: list[tuple[int, int]], data: st.DataObject) -> None:
    there = np.array([begin for begin, _ in rows])
    released = np.array([begin + length for begin, length in rows])
    held = [int(((there <= cycle) & (cycle <= released)).sum()) for cycle in range(31)]
    split = data.draw(st.integers(0, len(rows)))
    parts = ([there[:split], there[split:]], [released[:split], released[split:]])
    assert most_at_once(*parts) == max(held)
