"""Fronts, knees and hypervolumes against their definitions."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from o3sim.results.front import hypervolume, knee, non_dominated

SIDE = 5

points = st.integers(1, 3).flatmap(
    lambda objectives: st.lists(
        st.lists(st.integers(0, SIDE), min_size=objectives, max_size=objectives), min_size=1, max_size=8
    )
)


def _cells(values: NDArray[np.float64]) -> int:
    """Count the unit cells below the reference that some point covers."""
    corners = product(range(SIDE), repeat=values.shape[1])
    return sum(any((point <= np.array(corner)).all() for point in values) for corner in corners)


@given(points)
def test_the_hypervolume_is_what_the_points_cover(drawn: list[list[int]]) -> None:
    values = np.array(drawn, np.float64)
    assert hypervolume(values, np.full(values.shape[1], float(SIDE))) == _cells(values)


@given(points)
def test_the_front_covers_all_and_its_points_do_not_beat_each_other(drawn: list[list[int]]) -> None:
    values = np.array(drawn, np.float64)
    front = values[non_dominated(values)]
    assert _cells(front) == _cells(values)
    for one, other in product(front, repeat=2):
        assert (one == other).all() or (one < other).any()


def test_the_knee_is_near_the_best_of_everything_in_any_unit() -> None:
    front = np.array([[0.0, 9000.0], [2.0, 1000.0], [9.0, 0.0]])
    assert knee(front) == 1
    assert knee(np.array([[3.0, 4.0]])) == 0


def test_nothing_inside_the_reference_is_no_volume() -> None:
    assert hypervolume(np.array([[3.0, 1.0]]), np.array([3.0, 3.0])) == pytest.approx(0)
