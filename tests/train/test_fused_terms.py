"""The terms as they are computed against the formulas left to autograd: the same bits, so the same files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from torch.nn import functional  # noqa: E402

from o3sim.train.binarize import sign_of_activation  # noqa: E402
from o3sim.train.data_set import encoded  # noqa: E402
from o3sim.train.layers import EPSILON, LEAST_SCALE, SAMPLED, BinaryLayer, Terms  # noqa: E402
from o3sim.train.loop import Trainer  # noqa: E402
from o3sim.train.network import BinaryNetwork  # noqa: E402
from o3sim.train.regularisers.maps import moments  # noqa: E402
from o3sim.train.regularisers.pooling import SHARPNESS  # noqa: E402
from o3sim.train.regularisers.threshold import LEAST_SHARE, decided, decided_on_cpu  # noqa: E402
from o3sim.train.task import load_task  # noqa: E402
from tests.train.samples import write_training  # noqa: E402


def pooled(x: Any, layer: Any) -> Any:
    pool = layer.geometry.pool
    return x if pool is None else functional.max_pool2d(x, pool.size, pool.stride)


def pooling_formula(z: Any, size: int, stride: int) -> Any:
    rows, columns = ((length - size) // stride * stride + 1 for length in z.shape[2:])
    corners = [divmod(place, size) for place in range(size * size)]
    members = [z[:, :, y : y + rows : stride, x : x + columns : stride] for y, x in corners]
    settled = functional.max_pool2d(z.detach(), size, stride) >= 0
    undecided = torch.sigmoid(-SHARPNESS * members[0])
    evaluated = undecided
    for member in members[1:-1]:
        undecided = undecided * torch.sigmoid(-SHARPNESS * member)
        evaluated = evaluated + undecided
    return (evaluated * settled).mean() / (len(members) - 1)


def threshold_formula(dot: Any, theta: Any, n_edges: int) -> Any:
    least = LEAST_SHARE * n_edges
    threshold = ((n_edges + theta) / 2).clamp(least, n_edges - least).view(1, -1, 1, 1)
    matches = ((n_edges + dot) / 2).clamp(least, n_edges - least)
    one = dot >= theta.view(1, -1, 1, 1)
    share = torch.where(one, threshold / matches, (n_edges - threshold) / (n_edges - matches))
    return share.clamp(max=1.0).mean()


def normed_by_formula(layer: Any, dot: Any) -> tuple[Any, Terms | None]:
    """What follows a convolution, every term as it is written down and every gradient as PyTorch finds it."""
    before = pooled(dot, layer) if layer.pool_first else dot
    z = functional.batch_norm(
        before, layer.mean, layer.variance, layer.gamma, layer.beta, training=True, momentum=0.1, eps=EPSILON
    )
    if layer.scores:
        return z.flatten(1), None
    terms = Terms()
    if layer.geometry.planes == 1:
        some_dots, some_z = dot[::SAMPLED], z[::SAMPLED]
        variance, mean = torch.var_mean(before[::SAMPLED], (0, 2, 3), correction=0)
        deviation = (variance + EPSILON).sqrt()
        if layer.wanted.pooling is not None and layer.geometry.pool is not None:
            if layer.pool_first:
                scale = (layer.gamma / deviation).view(1, -1, 1, 1)
                some_z = (some_dots - mean.view(1, -1, 1, 1)) * scale + layer.beta.view(1, -1, 1, 1)
            terms.pooling = pooling_formula(some_z, 2, 2)
        if layer.wanted.threshold is not None:
            sign = torch.where(layer.gamma >= 0, 1.0, -1.0)
            theta = sign * mean - layer.beta * deviation / layer.gamma.abs().clamp(min=LEAST_SCALE)
            toward = some_dots * sign.view(1, -1, 1, 1)
            terms.threshold = threshold_formula(toward, theta, layer.geometry.fan_in)
    if not layer.pool_first:
        z = pooled(z, layer)
    return sign_of_activation(z), terms


@pytest.mark.parametrize("order", ["bn_pool", "pool_bn"])
@pytest.mark.parametrize(
    "weights",
    [{"pooling": 5.0, "threshold": 3.0}, {"pooling": 5.0}, {"threshold": 3.0, "warm_up_epochs": 1}],
    ids=["both", "pooling", "threshold"],
)
def test_a_training_is_that_of_the_formulas_to_the_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: str, weights: dict[str, Any]
) -> None:
    task = load_task(write_training(tmp_path, order=order, epochs=4, regularisers=weights))

    def trained() -> tuple[dict[str, Any], Any]:
        torch.set_num_threads(1)
        torch.manual_seed(3)
        network = BinaryNetwork(task.topology.shapes, task.topology.spec, task.training.order)
        network.binary_layers()[1].gamma.data.neg_()  # a scale that stays negative
        trainer = Trainer(task.training, network)
        data = encoded(task.train, task.topology.spec, "cpu")
        losses = [trainer.train_epoch(data) for _ in range(4)]
        # -0.0 + 0.0 is 0.0: where a gradient is nought its sign makes no difference
        return {key: values + 0.0 for key, values in network.state_dict().items()}, losses

    found, found_losses = trained()
    monkeypatch.setattr(BinaryLayer, "_normed", normed_by_formula)
    expected, expected_losses = trained()
    assert found_losses == expected_losses
    for key, values in expected.items():
        assert torch.equal(found[key], values), key


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_the_kernel_decides_as_the_formula_does(layout: Any) -> None:
    """With dots far beyond the ends, which are cut, and neurons that fall late, which cost nothing more."""
    torch.manual_seed(2)
    n = 72
    dot = (2 * torch.randint(0, n + 1, (3, 5, 4, 6)) - n).float().contiguous(memory_format=layout)
    sign = torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0]).view(1, -1, 1, 1)
    theta = torch.tensor([0.0, 3.5, -80.0, 90.0, 20.0]).view(1, -1, 1, 1)
    least = LEAST_SHARE * n
    threshold = ((n + theta) / 2).clamp(least, n - least)
    for ours, formula in zip(
        decided_on_cpu(dot, sign, theta, threshold, n), decided(dot, sign, theta, threshold, n), strict=True
    ):
        assert torch.equal(ours, formula)


def test_moments_have_the_gradient_of_pytorch() -> None:
    torch.manual_seed(4)
    values = torch.randn(8, 5, 6, 7).contiguous(memory_format=torch.channels_last)
    first, second = (values.clone().requires_grad_() for _ in range(2))
    for x, (variance, mean) in (
        (first, moments(first)),
        (second, torch.var_mean(second, (0, 2, 3), correction=0)),
    ):
        (variance * torch.arange(5.0) + 0.1 * mean).sum().backward()
        assert x.grad is not None
    assert torch.equal(first.grad, second.grad)
