"""What PyTorch computes in evaluation is what the simulator computes, bit by bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="needs the extra train")

from o3sim.network.images import Images  # noqa: E402
from o3sim.network.infer import infer  # noqa: E402
from o3sim.network.load import load_network, load_workload  # noqa: E402
from o3sim.network.network import Network  # noqa: E402
from o3sim.train.data_set import encoded  # noqa: E402
from o3sim.train.export import parameter_arrays, settled_thresholds, to_network  # noqa: E402
from o3sim.train.loop import Trainer, predictions  # noqa: E402
from o3sim.train.network import BinaryNetwork, input_values  # noqa: E402
from o3sim.train.run import run_training  # noqa: E402
from o3sim.train.task import Task, load_task  # noqa: E402
from tests.train.samples import BINARY, FIXED, SIGNED, topology, write_training  # noqa: E402

OVERLAPPING = {"size": 3, "stride": 2}


def trained(path: Path) -> tuple[Task, BinaryNetwork]:
    """A network after one epoch."""
    task = load_task(path)
    torch.set_num_threads(1)
    torch.manual_seed(3)
    network = BinaryNetwork(task.topology.shapes, task.topology.spec, task.training.order)
    Trainer(task.training, network).train_epoch(encoded(task.train, task.topology.spec, "cpu"))
    return task, network


def assert_same_bits(task: Task, network: BinaryNetwork, images: Images) -> Network:
    """Compare every layer's output, the scores and the class of every image."""
    shapes = task.topology.shapes
    exported = to_network("small", network, shapes, task.topology.input_shape)
    data = encoded(images, task.topology.spec, "cpu")
    *bits, scores = network.evaluate(input_values(task.topology.spec, data.codes))
    found = predictions(network, data)
    for number, image in enumerate(images.x):
        inferred = infer(exported, image)
        for output, expected in zip(bits, inferred.bits[:-1], strict=True):
            np.testing.assert_array_equal(output[number].permute(1, 2, 0).numpy() > 0, expected == 1)
        np.testing.assert_array_equal(scores[number].numpy(), inferred.scores)
        assert found[number] == inferred.predicted
    return exported


@pytest.mark.parametrize("order", ["bn_pool", "pool_bn"])
@pytest.mark.parametrize("padding", ["exclude", "-1", "+1"])
@pytest.mark.parametrize("encoding", [FIXED, SIGNED, BINARY], ids=["fixed", "signed", "binary"])
def test_outputs_of_every_layer(tmp_path: Path, order: str, padding: str, encoding: dict[str, Any]) -> None:
    path = write_training(tmp_path, topology(encoding, padding), order=order)
    task, network = trained(path)
    exported = assert_same_bits(task, network, task.test)
    outputs = [
        np.concatenate([infer(exported, image).bits[at].ravel() for image in task.test.x]) for at in range(4)
    ]
    assert all(0 < bits.mean() < 1 for bits in outputs)


@pytest.mark.parametrize("order", ["bn_pool", "pool_bn"])
@pytest.mark.parametrize(
    "regularisers",
    [
        {"pooling": 1.0},
        {"threshold": 1.0},
        {"pooling": 1.0, "pooling_form": "margin"},
        {"pooling": 0.5, "threshold": 0.5},
    ],
)
def test_after_steps_with_a_regulariser(tmp_path: Path, order: str, regularisers: dict[str, float]) -> None:
    path = write_training(tmp_path, topology(pool=OVERLAPPING), order=order, regularisers=regularisers)
    task, network = trained(path)
    assert_same_bits(task, network, task.test)


def test_after_steps_in_bfloat16(tmp_path: Path) -> None:
    task, network = trained(write_training(tmp_path, precision="bfloat16"))
    assert_same_bits(task, network, task.test)


def test_negative_scales_and_constant_channels(tmp_path: Path) -> None:
    task, network = trained(write_training(tmp_path))
    for layer in network.binary_layers():
        layer.gamma.data[::2] *= -1
        layer.gamma.data[1] = 0.0
    exported = assert_same_bits(task, network, task.test)
    arrays = parameter_arrays(network, task.topology.shapes)
    assert abs(arrays["conv2_theta"][1]) > 6 * 9  # beyond any dot
    assert exported.layers[-1].score_scale is not None
    assert (exported.layers[-1].score_scale < 0).any()


@pytest.mark.parametrize("order", ["bn_pool", "pool_bn"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_ties_at_the_threshold_are_ones(tmp_path: Path, order: str, sign: float) -> None:
    if order == "pool_bn" and sign < 0:
        sign = 0.5  # scales behind a pool are positive
    task, network = trained(write_training(tmp_path, topology(BINARY), order=order))
    codes = encoded(task.test, task.topology.spec, "cpu").codes
    first = network.binary_layers()[0]
    dots = first.dots(input_values(task.topology.spec, codes))
    most_common = [int(channel.flatten().mode().values) for channel in dots.unbind(1)]
    first.mean.copy_(torch.tensor(most_common, dtype=torch.float32))
    first.gamma.data.fill_(sign)
    first.beta.data.fill_(0.0)
    assert (dots == first.mean.view(1, -1, 1, 1)).any()
    assert_same_bits(task, network, task.test)
    scale, shift = first.scale_and_shift()
    tied = dots.double() == first.mean.double().view(1, -1, 1, 1)
    z = scale.view(1, -1, 1, 1) * dots.double() + shift.view(1, -1, 1, 1)
    assert (z[tied] == 0).all()


def test_the_first_of_equal_scores_wins(tmp_path: Path) -> None:
    task, network = trained(write_training(tmp_path))
    last = network.binary_layers()[-1]
    for values in (last.latent.data, last.gamma.data, last.beta.data, last.mean, last.variance):
        values[2] = values[1]
    last.beta.data[0] = -1e6
    assert_same_bits(task, network, task.test)
    assert (predictions(network, encoded(task.test, task.topology.spec, "cpu")) == 1).all()


def test_sums_beyond_what_float32_counts(tmp_path: Path) -> None:
    """16 bits and 288 taps: a sum of 288 * 65,535 is above 2**24, where float32 leaves out odd numbers."""
    wide = {"type": "fixed", "bits": 16, "signed": False, "fraction_bits": 0, "range": [0, 65535]}  # 257 p
    shape = topology(wide, "+1")
    shape["input"]["channels"] = 32
    shape["layers"][0]["pool"] = "none"
    path = write_training(tmp_path, shape)
    pixels = np.random.default_rng(1).integers(250, 256, (3, 9, 8, 32), np.uint8)
    np.savez(tmp_path / "train.npz", x=pixels, y=np.arange(3))
    np.savez(tmp_path / "test.npz", x=pixels, y=np.arange(3))
    task = load_task(path)
    network = BinaryNetwork(task.topology.shapes, task.topology.spec, "bn_pool")
    first = network.binary_layers()[0]
    first.latent.data.abs_()  # all weights +1
    codes = input_values(task.topology.spec, encoded(task.test, task.topology.spec, "cpu").codes)
    exact, rounded = first.dots(codes.double()), first.dots(codes).double()
    low = exact[(exact > 2**24) & (exact % 2 == 1) & (rounded < exact)].unique()[:4]
    assert len(low) == 4
    # Thresholds half an edge below sums that come out lower in float32.
    first.mean.copy_(low - 1)
    first.variance.fill_(1.0)
    first.beta.data.fill_(-0.5)
    assert_same_bits(task, network, task.test)


def test_the_written_workload_is_the_network(tmp_path: Path) -> None:
    task = load_task(write_training(tmp_path, images_shipped=7))
    exported = run_training(task, tmp_path / "out", resume=False)
    files = load_workload(tmp_path / "out.yaml")
    assert load_network(files).digest() == exported.digest()
    assert files.images == tmp_path / "out-images.npz"
    with np.load(files.images) as shipped:
        np.testing.assert_array_equal(shipped["x"], task.test.x[:7])
        np.testing.assert_array_equal(shipped["y"], task.test.y[:7])
    right = [
        infer(exported, image).predicted == label
        for image, label in zip(task.test.x, task.test.y, strict=True)
    ]
    assert f"{100 * np.mean(right):.2f} % of 20 test images" in files.workload.accuracy


def test_the_workload_may_name_images_that_are_there_already(tmp_path: Path) -> None:
    task = load_task(write_training(tmp_path, epochs=1, images_file="shared.npz"))
    run_training(task, tmp_path / "out", resume=False)
    assert load_workload(tmp_path / "out.yaml").images == tmp_path / "shared.npz"
    assert not (tmp_path / "out-images.npz").exists()


FINITE = {"allow_nan": False, "allow_infinity": False}


@given(st.floats(2**-20, 2.0, **FINITE), st.floats(-40.0, 40.0, **FINITE), st.integers(-3, 3))
def test_a_settled_threshold_is_the_least_dot_that_passes(scale: float, shift: float, off: int) -> None:
    start = np.ceil(-shift / scale).astype(np.int64) + off
    theta = int(settled_thresholds(np.array([scale]), np.array([shift]), np.array([start]))[0])
    assert scale * theta + shift >= 0
    assert scale * (theta - 1) + shift < 0


def test_a_threshold_beyond_any_dot_stays_there(tmp_path: Path) -> None:
    """A scale so small that the threshold leaves 32 bits: a constant channel, not searched for."""
    task, network = trained(write_training(tmp_path))
    layer = network.binary_layers()[1]
    layer.gamma.data[:2] = 1e-12
    layer.beta.data[:2] = torch.tensor([1.0, -1.0])
    exported = assert_same_bits(task, network, task.test)
    theta = exported.layers[1].theta
    assert theta is not None
    assert theta[0] < -(2**30)
    assert theta[1] > 2**30
