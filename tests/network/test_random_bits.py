"""Random bits: fixed for ever, independent by purpose, and as biased as asked."""

import numpy as np
import pytest

from o3sim.network.random_bits import LEVELS, RandomBits


def test_the_stream_never_changes() -> None:
    assert RandomBits(1, 2, 3).words(2).tolist() == [12368030237656201616, 2047858591075935483]


def test_purposes_and_branches_are_streams_of_their_own() -> None:
    base = RandomBits(7, 1)
    taken = base.words(3)
    assert not np.array_equal(taken, RandomBits(7, 2).words(3))
    assert np.array_equal(base.branch(5).words(3), RandomBits(7, 1, 5).words(3))
    assert not np.array_equal(base.branch(5).words(3), taken)


@pytest.mark.parametrize("level", [0, 1, 64, 200, 255, LEVELS])
def test_bias(level: int) -> None:
    bits = np.bitwise_count(RandomBits(3).biased_words(level, 40, 50)).sum() / (40 * 50 * 64)
    assert bits == pytest.approx(level / LEVELS, abs=0.005)
    if level in (0, LEVELS):
        assert bits == level // LEVELS


def test_below_stays_below_and_reaches_all() -> None:
    assert set(RandomBits(4).below(5, 200).tolist()) == set(range(5))
