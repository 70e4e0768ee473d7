"""How the price of a memory access scales with its bank."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o3sim.energy.memory import BITS_PER_KBYTE, access_pj_per_bit
from o3sim.energy.table import load_table

POINTS = load_table("asic-45nm").memory
SIZES_KBYTE = st.floats(min_value=1 / 128, max_value=1e6)


def access_pj(size_kbyte: float) -> float:
    return 64 * access_pj_per_bit(POINTS, size_kbyte * BITS_PER_KBYTE)


@pytest.mark.parametrize(("size_kbyte", "pj"), [(8, 10), (32, 20), (1024, 100)])
def test_published_points_are_met(size_kbyte: float, pj: float) -> None:
    assert access_pj(size_kbyte) == pytest.approx(pj)


@pytest.mark.parametrize(("size_kbyte", "pj"), [(16, 200**0.5), (2, 5), (0.5, 2.5), (32768, 500)])
def test_lines_in_log_log_go_on_beyond_the_points(size_kbyte: float, pj: float) -> None:
    assert access_pj(size_kbyte) == pytest.approx(pj)


@given(SIZES_KBYTE, SIZES_KBYTE)
def test_larger_banks_cost_more_but_less_than_in_proportion(one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert access_pj(small) <= access_pj(large) * (1 + 1e-12)
    assert access_pj(large) / large <= access_pj(small) / small * (1 + 1e-12)


@given(SIZES_KBYTE)
def test_one_point_is_one_price(size_kbyte: float) -> None:
    point = load_table("fpga-28nm").memory
    assert access_pj_per_bit(point, size_kbyte * BITS_PER_KBYTE) * 64 == pytest.approx(point[0].pj)
