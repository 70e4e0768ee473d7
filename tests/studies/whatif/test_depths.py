"""Decision depths are counted by percent, over the neurons that a machine evaluates."""

import numpy as np
import pytest

from o3sim.network.layer import Pool
from o3sim.studies.whatif.depths import depths_of
from tests.machine.harness import conv, dense, profile, random_profile


def test_depths_are_rounded_up_to_percents() -> None:
    layer = profile(dense(200, 4), decision=np.array([[[0, 1, 100, 200]]]))
    counts = depths_of(layer).counts
    assert {int(k): int(counts[k]) for k in np.nonzero(counts)[0]} == {0: 1, 1: 1, 50: 1, 100: 1}
    assert depths_of(layer).mean == pytest.approx((0 + 1 + 50 + 100) / 400)
    assert depths_of(layer).cumulative[[0, 1, 49, 50, 100]].tolist() == [0.25, 0.5, 0.5, 0.75, 1.0]


def test_what_the_pool_leaves_over_is_not_counted() -> None:
    layer = random_profile(conv(7, 7, 2, 3, pool=Pool(2, 2)), seed=1)
    assert depths_of(layer).counts.sum() == 4 * 4 * 3


def test_images_add_up() -> None:
    one, other = (depths_of(random_profile(conv(6, 6, 2, 3), seed)) for seed in (1, 2))
    assert (one.plus(other).counts == one.counts + other.counts).all()
