"""Estimates and their intervals, from counts made up."""

from __future__ import annotations

from math import inf, sqrt

import pytest

from o3sim.contract.counters import LayerCounters
from o3sim.runs.sampling.estimate import LayerSample, Stratum, Variance, between, half_width, student_t_975


def counted(cycles: int, words: int) -> LayerCounters:
    """Counts of a stretch."""
    found = LayerCounters("conv1", cycles=cycles)
    found.pe_cycles["useful"] = words
    return found


def cycles(counters: LayerCounters) -> float:
    """What is estimated here."""
    return counters.cycles


EDGE = LayerCounters("conv1", cycles=7)


def sample(*strata: Stratum, words: int) -> LayerSample:
    return LayerSample(strata, words, EDGE, ops=1000, simulated_ops=100)


def test_an_estimate_is_the_words_of_all_times_the_cycles_of_a_word() -> None:
    """Both strata stand for what they are of; words of all parts are known, not 40."""
    made = sample(
        Stratum(6, (counted(10, 2), counted(12, 2))), Stratum(4, (counted(20, 7), counted(22, 7))), words=44
    )
    assert made.total(cycles) == pytest.approx((66 + 84) * 44 / 40)


def test_a_variance_is_of_what_words_do_not_account_for() -> None:
    along = sample(Stratum(9, (counted(10, 1), counted(30, 3))), words=18)
    assert along.variance(cycles).amount == pytest.approx(0)
    apart = sample(Stratum(9, (counted(10, 2), counted(14, 2))), words=18)
    assert apart.variance(cycles).amount == pytest.approx(9**2 * (1 - 2 / 9) * 8 / 2)


def test_parts_that_were_all_run_have_no_variance() -> None:
    whole = sample(Stratum(2, (counted(10, 2), counted(14, 2))), Stratum(1, (counted(3, 1),)), words=5)
    assert whole.variance(cycles) == Variance()
    assert half_width([(whole, cycles)]) == 7


def test_variances_add_up_and_edges_too() -> None:
    apart = sample(Stratum(9, (counted(10, 2), counted(14, 2))), words=18)
    one = apart.variance(cycles)
    assert one.half_width == pytest.approx(12.706 * sqrt(one.amount))
    assert (one + one).half_width == pytest.approx(4.303 * sqrt(2 * one.amount))
    assert half_width([(apart, cycles)] * 2) == pytest.approx((one + one).half_width + 14)


def test_quantiles_of_student() -> None:
    assert [student_t_975(degrees) for degrees in (1, 10, 30, inf)] == [12.706, 2.228, 2.042, 1.96]
    assert 2.306 < student_t_975(7.5) < 2.365


def test_counts_from_one_look_to_another() -> None:
    begin, end = counted(10, 2), counted(25, 9)
    found = between(begin, end)
    assert (found.cycles, found.pe_cycles["useful"], found.pe_cycles["drain"]) == (15, 7, 0)
