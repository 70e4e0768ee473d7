"""The two loss terms against loops over windows and neurons, and what their gradients do."""

from __future__ import annotations

from math import exp, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="needs the extra train")

from o3sim.network.layer import Geometry, Pool  # noqa: E402
from o3sim.train.layers import EPSILON, SAMPLED, BinaryLayer  # noqa: E402
from o3sim.train.network import BinaryNetwork  # noqa: E402
from o3sim.train.regularisers import WantedTerms  # noqa: E402
from o3sim.train.regularisers.margin import margin_term  # noqa: E402
from o3sim.train.regularisers.pooling import SHARPNESS, pooling_term  # noqa: E402
from o3sim.train.regularisers.threshold import LEAST_SHARE, threshold_term  # noqa: E402
from o3sim.train.task import load_task  # noqa: E402
from tests.train.samples import BINARY, topology, write_training  # noqa: E402

POOLS = st.sampled_from([(2, 2), (3, 2), (3, 3), (2, 1)])


def maps(seed: int) -> NDArray[np.float32]:
    """Batch-normed values of two images, three channels and 7x8 positions."""
    return np.random.default_rng(seed).normal(0, 1.5, (2, 3, 7, 8)).astype(np.float32)


def windows(z: NDArray[Any], size: int, stride: int) -> list[list[float]]:
    """The members of every window of every map."""
    found = []
    for one_map in z.reshape(-1, *z.shape[2:]):
        for y in range(0, one_map.shape[0] - size + 1, stride):
            for x in range(0, one_map.shape[1] - size + 1, stride):
                found.append(one_map[y : y + size, x : x + size].ravel().tolist())
    return found


def evaluated_share(members: list[float]) -> float:
    """Chance that a member is reached, summed over the members after the first."""
    if max(members) < 0:
        return 0.0
    reached, total = 1.0, 0.0
    for member in members[:-1]:
        reached *= 1 - 1 / (1 + exp(-SHARPNESS * member))
        total += reached
    return total / (len(members) - 1)


@given(st.integers(0, 10_000), POOLS)
def test_pooling_term_over_windows(seed: int, pool: tuple[int, int]) -> None:
    z = maps(seed)
    expected = np.mean([evaluated_share(members) for members in windows(z, *pool)])
    assert pooling_term(torch.from_numpy(z), *pool).item() == pytest.approx(expected, rel=1e-4, abs=1e-6)


@given(st.integers(0, 10_000), POOLS)
def test_pooling_term_raises_members_of_windows_that_are_one(seed: int, pool: tuple[int, int]) -> None:
    z = torch.from_numpy(maps(seed)).requires_grad_()
    pooling_term(z, *pool).backward()
    assert z.grad is not None
    assert torch.isfinite(z.grad).all()
    assert (z.grad <= 0).all()
    assert (z.grad < 0).any()


def test_pooling_term_leaves_windows_that_are_zero_alone() -> None:
    z = torch.full((1, 1, 2, 4), -0.1)
    z[0, 0, 1, 1] = 0.1  # settles the left window only
    z.requires_grad_()
    pooling_term(z, 2, 2).backward()
    assert z.grad is not None
    assert (z.grad[..., 2:] == 0).all()
    assert (z.grad[0, 0, 0, :2] < 0).all()


@pytest.mark.parametrize(("first", "term"), [(50.0, 0.0), (-50.0, 1.0)])
def test_pooling_term_spans_nought_to_one(first: float, term: float) -> None:
    z = torch.tensor([first, -50.0, -50.0, 50.0]).view(1, 1, 2, 2)
    assert pooling_term(z, 2, 2).item() == pytest.approx(term)


@given(st.integers(0, 10_000))
def test_margin_term_charges_every_value_below_one(seed: int) -> None:
    z = maps(seed)
    values = torch.from_numpy(z).requires_grad_()
    term = margin_term(values, 2, 2)
    term.backward()
    assert term.item() == pytest.approx(
        np.mean([max(0.0, 1 - value) for value in z.ravel().tolist()]), rel=1e-4
    )
    assert values.grad is not None
    assert ((values.grad < 0) == (values < 1)).all()


def decided_share(dot: float, theta: float, n: int) -> float:
    """Edges up to the decision of evenly spread matches, as a share."""
    threshold, matches = (n + theta) / 2, (n + dot) / 2
    threshold, matches = (
        min(max(value, LEAST_SHARE * n), n - LEAST_SHARE * n) for value in (threshold, matches)
    )
    share = threshold / matches if dot >= theta else (n - threshold) / (n - matches)
    return min(share, 1.0)


@given(st.integers(0, 10_000), st.integers(4, 500))
def test_threshold_term_over_neurons(seed: int, n: int) -> None:
    random = np.random.default_rng(seed)
    dot = (2 * random.integers(0, n + 1, (2, 3, 4, 4)) - n).astype(np.float32)
    theta = random.normal(0, n / 2, 3).astype(np.float32)
    expected = np.mean([decided_share(dot[i, c, y, x], theta[c], n) for i, c, y, x in np.ndindex(dot.shape)])
    found = threshold_term(torch.from_numpy(dot), torch.ones(3), torch.from_numpy(theta), n).item()
    assert found == pytest.approx(expected, rel=1e-4)


@given(st.integers(100, 400), st.floats(0.1, 0.9), st.floats(0.1, 0.9))
def test_threshold_term_is_where_evenly_spread_matches_are_decided(
    n: int, matches_share: float, threshold_share: float
) -> None:
    matches, threshold = round(n * matches_share), round(n * threshold_share)
    seen = 0
    for k in range(1, n + 1):
        seen += k * matches // n > (k - 1) * matches // n
        if seen >= threshold or seen + n - k < threshold:
            break
    dot, theta = (torch.full((1, 1, 1, 1), 2.0 * count - n) for count in (matches, threshold))
    found = threshold_term(dot, torch.ones(1), theta.view(1), n).item()
    assert found == pytest.approx(k / n, abs=0.12 if k < 20 else 0.06)


@given(st.integers(0, 10_000))
def test_threshold_term_moves_dots_away_from_the_threshold(seed: int) -> None:
    n = 288
    random = np.random.default_rng(seed)
    dot = torch.from_numpy((2 * random.integers(20, n - 20, (2, 3, 4, 4)) - n).astype(np.float32))
    theta = torch.from_numpy(random.normal(0, 40, 3).astype(np.float32))
    dot.requires_grad_()
    theta.requires_grad_()
    threshold_term(dot, torch.ones(3), theta, n).backward()
    one = dot >= theta.view(1, -1, 1, 1)
    assert dot.grad is not None
    assert theta.grad is not None
    assert torch.isfinite(theta.grad).all()
    assert (dot.grad[one] < 0).all()
    assert (dot.grad[~one] > 0).all()


@pytest.mark.parametrize("theta", [-1e9, 1e9, 0.0])
def test_threshold_term_stays_finite_at_the_ends(theta: float) -> None:
    dot = torch.tensor([-9.0, 9.0]).view(1, 1, 1, 2).requires_grad_()
    term = threshold_term(dot, torch.ones(1), torch.tensor([theta]), 9)
    term.backward()
    assert 0 <= term.item() <= 1
    assert dot.grad is not None
    assert torch.isfinite(dot.grad).all()


@pytest.mark.parametrize("order", ["bn_pool", "pool_bn"])
@pytest.mark.parametrize("negative", [False, True])
def test_a_layer_takes_its_terms_from_its_own_dots_and_batch(order: Any, negative: bool) -> None:
    if order == "pool_bn" and negative:
        negative = False  # scales behind a pool are positive
    geometry = Geometry("conv", 6, 6, 3, 4, 3, 3, pool=Pool(2, 2))
    torch.manual_seed(1)
    layer = BinaryLayer(geometry, order, scores=False, pad_value=0.0)
    layer.beta.data.normal_()
    if negative:
        layer.gamma.data.neg_()
    layer.wanted = WantedTerms(pooling_term, threshold_term)
    x = torch.randint(0, 2, (2 * SAMPLED, 3, 6, 6)) * 2.0 - 1.0
    _, terms = layer(x)
    dots = layer.dots(x).detach().numpy().astype(np.float64)
    pooled = dots.reshape(-1, 4, 2, 2, 2, 2).max(axis=(3, 5)) if order == "pool_bn" else dots
    some = dots[::SAMPLED]
    z, shares = np.empty_like(some), []
    for channel in range(4):
        statistics = pooled[::SAMPLED, channel]
        gamma, beta = layer.gamma[channel].item(), layer.beta[channel].item()
        deviation = sqrt(statistics.var() + EPSILON)
        if order == "bn_pool":  # as the batch norm itself has it, over the whole batch
            whole = pooled[:, channel]
            z[:, channel] = (some[:, channel] - whole.mean()) / sqrt(whole.var() + EPSILON) * gamma + beta
        else:
            z[:, channel] = (some[:, channel] - statistics.mean()) / deviation * gamma + beta
        sign = np.sign(gamma)
        theta = sign * (statistics.mean() - beta * deviation / gamma)
        shares += [decided_share(sign * dot, theta, 27) for dot in some[:, channel].ravel()]
    assert terms.threshold.item() == pytest.approx(np.mean(shares), rel=1e-4)
    expected = np.mean([evaluated_share(members) for members in windows(z, 2, 2)])
    assert terms.pooling.item() == pytest.approx(expected, rel=1e-3)


def test_layers_count_by_their_edges_at_stake(tmp_path: Path) -> None:
    task = load_task(write_training(tmp_path))
    network = BinaryNetwork(task.topology.shapes, task.topology.spec, "bn_pool")
    edges = [0, 4 * 4 * 9 * 4 * 6, 4 * 4 * 9 * 6 * 5, 2 * 2 * 5 * 9, 0]  # neither pixels nor scores
    assert network.shares == pytest.approx([count / sum(edges) for count in edges])


def test_a_binary_first_layer_is_at_stake_too(tmp_path: Path) -> None:
    task = load_task(write_training(tmp_path, topology(BINARY)))
    network = BinaryNetwork(task.topology.shapes, task.topology.spec, "bn_pool")
    assert network.shares[0] > 0
    assert sum(network.shares) == pytest.approx(1)
