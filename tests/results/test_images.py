"""Images one by one: percentiles by nearest rank."""

from __future__ import annotations

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o3sim.results.images import Spread, spread_of


@pytest.mark.parametrize(
    ("cycles", "spread"),
    [
        ([7], Spread(7, 7, 7)),
        ([9, 1], Spread(1, 9, 9)),
        ([3, 1, 2], Spread(2, 3, 3)),
        (range(100, 0, -1), Spread(50, 99, 100)),
        (range(1, 1001), Spread(500, 990, 1000)),
    ],
)
def test_percentiles_by_hand(cycles: list[int], spread: Spread) -> None:
    assert spread_of(cycles) == spread


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=300))
def test_so_many_images_take_no_more_and_one_takes_as_much(cycles: list[int]) -> None:
    spread = spread_of(cycles)
    for percent, found in ((50, spread.p50), (99, spread.p99), (100, spread.worst)):
        needed = ceil(percent * len(cycles) / 100)
        assert sum(each <= found for each in cycles) >= needed > sum(each < found for each in cycles)
        assert found in cycles
