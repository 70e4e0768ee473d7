"""QONNX models of odd but legal shapes: batches, pools, channels last, padding as wide as kernels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs the extra onnx")

from o3sim.config.load import load_architecture  # noqa: E402 - onnx first, or skip
from o3sim.errors import InputError  # noqa: E402 - as above
from o3sim.formats.importers.qonnx.walk import import_onnx  # noqa: E402 - as above
from o3sim.network.infer import infer  # noqa: E402 - as above
from o3sim.runs.engines import ENGINES  # noqa: E402 - as above
from o3sim.runs.simulation import simulate  # noqa: E402 - as above
from tests.formats.importers.qonnx_models import Builder, bits, check, imported, scores, tail  # noqa: E402 - as above


@pytest.mark.parametrize("batch", [0, -1, 64])
def test_any_batch_is_one_image_at_a_time(tmp_path: Path, batch: int) -> None:
    random = np.random.default_rng(1)
    model = Builder([batch, 3, 6, 6])
    built = tail(model.add("Conv", model.weights(bits(random, 4, 3, 3, 3))), random, 64)
    network = imported(tmp_path, built)
    image = random.integers(0, 256, (6, 6, 3), np.uint8)
    x = (image / 255).astype("f4").transpose(2, 0, 1)[None].repeat(max(1, batch), 0)
    np.testing.assert_allclose(infer(network, image).scores, scores(built, x)[0], atol=1e-3)


@pytest.mark.parametrize("lengths", [(64, -1), (-1, 64), (64, 64)])
def test_reshaping_to_the_batch_of_the_file(tmp_path: Path, lengths: tuple[int, int]) -> None:
    random = np.random.default_rng(1)
    model = Builder([64, 3, 6, 6])
    model.add("Conv", model.weights(bits(random, 4, 3, 3, 3))).sign().reshape(*lengths)
    network = imported(tmp_path, model.add("MatMul", model.weights(bits(random, 64, 3))).model())
    image = random.integers(0, 256, (6, 6, 3), np.uint8)
    x = (image / 255).astype("f4").transpose(2, 0, 1)[None].repeat(64, 0)
    np.testing.assert_array_equal(infer(network, image).scores, scores(model.model(), x)[5])


def test_grey_images_without_a_channel_axis(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    model = Builder([0, 4, 5]).add("Flatten").add("Sub", 0.39).sign()
    network = imported(tmp_path, model.add("MatMul", model.weights(bits(random, 20, 3))).model())
    assert network.input_shape == (4, 5, 1)
    image = random.integers(0, 256, (4, 5), np.uint8)
    x = (image / 255).astype("f4")[None]
    np.testing.assert_array_equal(infer(network, image).scores, scores(model.model(), x)[0])


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


def averaging(where: str, op: str, random: np.random.Generator) -> Builder:
    """A net that averages its bits before the scores, or the scores of a convolution."""
    model = Builder([1, 3, 6, 5])
    model.add("Conv", model.weights(bits(random, 4, 3, 3, 3)), random.normal(size=4)).sign(0.5)
    kernel = {"scores": 1, "tiles": 2}.get(where)
    if kernel:
        stride = {"strides": [kernel] * 2}
        model.add("Conv", model.weights(bits(random, 3, 4, kernel, kernel)), random.normal(size=3), **stride)
    elif where == "channels last":
        model.add("Transpose", perm=[0, 2, 3, 1])
    axes = [1, 2] if where == "channels last" else [-2, -1]
    if op == "AveragePool":
        model.add(op, kernel_shape=[4, 3])
    else:
        model.add(op, **({"axes": axes, "keepdims": 0} if op == "ReduceMean" else {}))
    if op != "ReduceMean":
        model.add("Flatten")
    return model if kernel else model.add("MatMul", model.weights(bits(random, 4, 3)))


@pytest.mark.parametrize(
    ("where", "op"),
    [
        ("bits", "GlobalAveragePool"),
        ("bits", "AveragePool"),
        ("bits", "ReduceMean"),
        ("channels last", "ReduceMean"),
        ("scores", "GlobalAveragePool"),
        ("scores", "ReduceMean"),
    ],
)
def test_averages_at_the_end(tmp_path: Path, where: str, op: str) -> None:
    """One dense layer that sees each place with the same weights: as many edges, the same scores."""
    network = check(tmp_path, averaging(where, op, np.random.default_rng(8)).model(), (6, 5, 3))
    assert network.layers[-1].geometry.fan_in == 4 * 3 * 4


def test_an_average_over_tiles(tmp_path: Path) -> None:
    random = np.random.default_rng(9)
    model = Builder([1, 2, 4, 6]).add("Sub", 0.39).sign()
    model.add("Conv", model.weights(bits(random, 3, 2, 2, 2)), strides=[2, 2]).add("GlobalAveragePool")
    check(tmp_path, model.add("Flatten").model(), (4, 6, 2))


def test_an_average_over_tiles_that_leave_a_row_over(tmp_path: Path) -> None:
    model = Builder([1, 2, 5, 6]).add("Sub", 0.39).sign()
    model.add("Conv", np.ones((3, 2, 2, 2)), strides=[2, 2]).add("GlobalAveragePool", name="a").add("Flatten")
    with pytest.raises(InputError, match=r"`a` \(GlobalAveragePool\): averages sums"):
        imported(tmp_path, model.model())


@pytest.mark.parametrize(
    ("rows", "attributes", "right"),
    [
        (7, {"pads": [1, 1, 0, 0], "strides": [2, 2]}, False),
        (8, {"pads": [1, 1, 0, 0], "strides": [2, 2]}, True),
        (8, {"pads": [0, 0, 1, 1], "strides": [2, 2]}, False),
        (7, {"pads": [0, 0, 1, 1], "strides": [2, 2]}, True),
        (8, {"pads": [0, 1, 0, 1]}, False),
        (7, {"auto_pad": "SAME_UPPER"}, True),
        (7, {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, True),
        (8, {"auto_pad": "SAME_LOWER", "strides": [2, 2]}, True),
        (8, {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, False),
        (8, {"auto_pad": "VALID"}, True),
        (8, {"auto_pad": "NOTSET", "pads": [2, 2, 2, 2]}, True),
    ],
)
def test_padding_however_it_is_written(
    tmp_path: Path, rows: int, attributes: dict[str, Any], right: bool
) -> None:
    random = np.random.default_rng(10)
    model = Builder([1, 2, rows, rows])
    model.add("Conv", model.weights(bits(random, 4, 2, 3, 3)), name="c", **attributes)
    given = np.zeros((1, 2, rows, rows), "f4")
    left = scores(
        Builder([1, 2, rows, rows]).add("Conv", np.ones((4, 2, 3, 3)), **attributes).model(), given
    ).size
    if right:
        check(tmp_path, tail(model, random, left), (rows, rows, 2))
    else:
        with pytest.raises(InputError, match=r"`c` \(Conv\): pads its map by \[[01, ]+\] at top"):
            imported(tmp_path, tail(model, random, left))


@pytest.mark.parametrize(
    ("rows", "attributes", "right"),
    [
        (8, {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}, True),
        (7, {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}, False),
        (7, {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}, True),
        (8, {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [0, 0, 1, 1]}, True),
        (7, {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [0, 0, 1, 1]}, False),
        (8, {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}, False),
        (8, {"kernel_shape": [2, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"}, True),
        (7, {"kernel_shape": [2, 2], "strides": [2, 2], "auto_pad": "SAME_LOWER"}, False),
    ],
)
def test_pools_whose_windows_all_fit(
    tmp_path: Path, rows: int, attributes: dict[str, Any], right: bool
) -> None:
    random = np.random.default_rng(11)
    model = Builder([1, 2, rows, rows])
    model.add("Conv", model.weights(bits(random, 4, 2, 1, 1)), random.normal(size=4)).sign()
    model.add("MaxPool", name="p", **attributes)
    side = (rows - attributes["kernel_shape"][0]) // 2 + 1
    model.add("Flatten").add("MatMul", model.weights(bits(random, 4 * side * side, 3)))
    if right:
        check(tmp_path, model.model(), (rows, rows, 2))
    else:
        with pytest.raises(InputError, match=r"`p` \(MaxPool\): keeps windows that do not fit"):
            imported(tmp_path, model.model())


@pytest.mark.parametrize(
    ("kernel", "attributes"),
    [
        ((3, 1), {}),
        ((1, 3), {"strides": [2, 2]}),
        ((2, 4), {"pads": [1, 1, 1, 1]}),
        ((4, 2), {"pads": [1, 1, 1, 1], "strides": [2, 2]}),
        ((5, 3), {"pads": [2, 2, 2, 1], "strides": [2, 2]}),
        ((2, 3), {"auto_pad": "VALID"}),
        ((2, 3), {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
    ],
)
def test_kernels_of_other_rows_than_columns(
    tmp_path: Path, kernel: tuple[int, int], attributes: dict[str, Any]
) -> None:
    random = np.random.default_rng(15)
    model = Builder([1, 2, 9, 7])
    model.add("Conv", model.weights(bits(random, 5, 2, 1, 2)), random.normal(size=5)).sign()
    model.add("Conv", model.weights(bits(random, 4, 5, *kernel)), **attributes)
    left = scores(model.model(), np.zeros((1, 2, 9, 7), "f4")).size
    network = check(tmp_path, tail(model, random, left), (9, 7, 2))
    shapes = [(each.geometry.kernel_height, each.geometry.kernel_width) for each in network.layers[:2]]
    assert shapes == [(1, 2), kernel]


def test_padding_of_named_axes_with_channels_last(tmp_path: Path) -> None:
    random = np.random.default_rng(12)
    model = Builder([1, 5, 4, 2], opset=18)
    model.add("Pad", model.constant([1, 1, 1, 1], "i8"), 0.0, model.constant([1, -2], "i8"))
    model.add("Transpose", perm=[0, 3, 1, 2]).add("Conv", model.weights(bits(random, 3, 2, 3, 3)))
    built = tail(model, random, 60)
    network = imported(tmp_path, built)
    image = random.integers(0, 256, (5, 4, 2), np.uint8)
    x = (image / 255).astype("f4")[None]
    np.testing.assert_allclose(infer(network, image).scores, scores(built, x)[0], atol=1e-3)


def test_nodes_in_any_order(tmp_path: Path) -> None:
    random = np.random.default_rng(13)
    model = Builder([1, 3, 6, 6])
    built = tail(model.add("Conv", model.weights(bits(random, 4, 3, 3, 3))), random, 64)
    wanted = imported(tmp_path, built)
    nodes = list(built.graph.node)
    built.graph.ClearField("node")
    built.graph.node.extend(nodes[::-1])
    assert imported(tmp_path, built).digest() == wanted.digest()


def test_an_input_that_nothing_settles_is_channels_first_unless_said(tmp_path: Path) -> None:
    random = np.random.default_rng(14)
    model = Builder([1, 2, 3, 4]).add("Flatten").add("Sub", 0.39).sign()
    path = tmp_path / "model.onnx"
    path.write_bytes(model.add("MatMul", model.weights(bits(random, 24, 3))).model().SerializeToString())
    first = import_onnx(path, "net")
    assert first.keys["input"] | {"height": 3, "width": 4, "channels": 2} == first.keys["input"]
    assert "--layout nhwc" in first.notes[0]
    last = import_onnx(path, "net", layout="nhwc")
    assert last.keys["input"] | {"height": 2, "width": 3, "channels": 4} == last.keys["input"]
    assert not last.notes
    with pytest.raises(InputError, match=r"--layout nhcw: expected `nchw` or `nhwc` \(did you"):
        import_onnx(path, "net", layout="nhcw")


def test_what_stopped_the_reading_that_came_farthest_is_said(tmp_path: Path) -> None:
    model = Builder([1, 6, 6, 3]).add("Transpose", perm=[0, 3, 1, 2])
    model.add("Conv", np.ones((4, 3, 3, 3))).sign().add("LSTM", name="l")
    with pytest.raises(InputError, match=r"`l` \(LSTM\)"):
        imported(tmp_path, model.model())
