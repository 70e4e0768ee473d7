"""Intervals of means by Student's t."""

from __future__ import annotations

import pytest

from o3sim.checks.reproduce.interval import mean_and_interval


def test_three_measurements_against_a_worked_example() -> None:
    mean, half = mean_and_interval([9.0, 10.0, 11.0])
    assert mean == 10
    assert half == pytest.approx(4.303 / 3**0.5)  # standard deviation 1


def test_equal_measurements_leave_no_interval() -> None:
    assert mean_and_interval([5.0] * 10) == (5.0, 0.0)
