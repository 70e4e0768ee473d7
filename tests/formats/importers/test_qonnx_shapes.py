"""QONNX models of odd but legal shapes: batches, pools, channels last, padding as wide as kernels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs the extra onnx")

from o3sim.config.load import load_architecture  # noqa: E402 - onnx first, or skip
from o3sim.errors import InputError  # noqa: E402 - as above
from o3sim.network.infer import infer  # noqa: E402 - as above
from o3sim.runs.engines import ENGINES  # noqa: E402 - as above
from o3sim.runs.simulation import simulate  # noqa: E402 - as above
from tests.formats.importers.qonnx_models import Builder, bits, check, imported, scores, tail  # noqa: E402 - as above


@pytest.mark.parametrize("batch", [0, -1])
def test_any_batch_is_one_image_at_a_time(tmp_path: Path, batch: int) -> None:
    random = np.random.default_rng(1)
    model = Builder([batch, 3, 6, 6])
    check(tmp_path, tail(model.add("Conv", model.weights(bits(random, 4, 3, 3, 3))), random, 64), (6, 6, 3))


@pytest.mark.parametrize(
    ("op", "attributes", "left"),
    [
        ("MaxPool", {"kernel_shape": [1, 1], "strides": [1, 1]}, 16),
        ("MaxPool", {"kernel_shape": [1, 1]}, 16),
        ("GlobalMaxPool", {}, 1),
    ],
)
@pytest.mark.parametrize("where", ["before", "behind"])
def test_pools_of_one_pixel_and_of_the_whole_map(
    tmp_path: Path, op: str, attributes: dict[str, Any], left: int, where: str
) -> None:
    random = np.random.default_rng(2)
    model = Builder([1, 3, 6, 6])
    model.add("Conv", model.weights(bits(random, 4, 3, 3, 3)), random.normal(size=4))
    if where == "before":
        model.add(op, **attributes).sign()
    else:
        model.sign().add(op, **attributes)
    model.add("Flatten").add("MatMul", model.weights(bits(random, 4 * left, 3)))
    check(tmp_path, model.model(), (6, 6, 3))


def test_a_global_pool_of_a_map_that_is_not_square(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    model = Builder([1, 3, 6, 7])
    model.add("Conv", model.weights(bits(random, 4, 3, 3, 3))).add("GlobalMaxPool", name="pool")
    with pytest.raises(
        InputError, match=r"`pool` \(GlobalMaxPool\): has a window of 4x5, which is not square"
    ):
        imported(tmp_path, tail(model, random, 4))


@pytest.mark.parametrize("shape", [(5, 3, 3), (3, 5, 3), (1, 5, 3), (3, 3, 3), (5, 4, 16)])
def test_channels_last_whatever_the_lengths_are(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    random = np.random.default_rng(4)
    rows, columns, channels = shape
    kernel = min(3, rows, columns)
    model = Builder([1, *shape]).add("Transpose", perm=[0, 3, 1, 2])
    model.add("Conv", model.weights(bits(random, 4, channels, kernel, kernel)))
    built = tail(model, random, 4 * (rows - kernel + 1) * (columns - kernel + 1))
    network = imported(tmp_path, built)
    assert network.input_shape == shape
    for image in random.integers(0, 256, (4, *shape), np.uint8):
        x = (image / 255).astype("f4")[None]
        np.testing.assert_allclose(infer(network, image).scores, scores(built, x).reshape(-1), atol=1e-3)


@pytest.mark.parametrize(("kernel", "pads"), [(1, 1), (1, 3), (2, 2), (2, 5)])
@pytest.mark.parametrize("second", [False, True])
def test_as_many_rows_of_padding_as_the_kernel_has(
    tmp_path: Path, kernel: int, pads: int, second: bool
) -> None:
    """Pixels of 0 and values of -1 are edges like others; nothing at all, which zeros are to bits, is not."""
    random = np.random.default_rng(5)
    model = Builder([1, 3, 4, 4])
    if second:
        model.add("Conv", model.weights(bits(random, 3, 3, 1, 1)), random.normal(size=3)).sign()
        model.pad(pads, -1.0).add("Conv", model.weights(bits(random, 4, 3, kernel, kernel)))
    else:
        model.add("Conv", model.weights(bits(random, 4, 3, kernel, kernel)), pads=[pads] * 4)
    network = check(tmp_path, tail(model, random, 4 * (4 + 2 * pads - kernel + 1) ** 2), (4, 4, 3))
    images = random.integers(0, 256, (1, 4, 4, 3), np.uint8)
    results = [simulate(load_architecture("small"), network, images, engine=name) for name in ENGINES]
    assert all(result.outputs_exact for result in results)
    assert results[0] == results[1]


def test_padding_that_leaves_neurons_without_edges(tmp_path: Path) -> None:
    random = np.random.default_rng(6)
    model = Builder([1, 3, 4, 4])
    model.add("Conv", model.weights(bits(random, 3, 3, 1, 1))).sign()
    model.add("Conv", model.weights(bits(random, 4, 3, 1, 1)), pads=[1] * 4)
    message = r"exceeds what a workload can hold: layers\[1\]\.padding_pixels: 1 is not below the kernel's 1$"
    with pytest.raises(InputError, match=message):
        imported(tmp_path, tail(model, random, 144))
