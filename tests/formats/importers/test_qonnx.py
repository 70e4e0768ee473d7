"""QONNX models: every operation against ONNX's reference evaluator, real nets, and refusals by node."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

onnx = pytest.importorskip("onnx", reason="needs the extra onnx")

from o3sim.config.load import load_architecture  # noqa: E402 - onnx first, or skip
from o3sim.errors import InputError  # noqa: E402 - as above
from o3sim.formats.importers.qonnx.walk import import_onnx  # noqa: E402 - as above
from o3sim.network.infer import infer  # noqa: E402 - as above
from o3sim.network.load import load_network, load_workload, workload_images  # noqa: E402 - as above
from o3sim.network.network import Network  # noqa: E402 - as above
from o3sim.runs.engines import ENGINES  # noqa: E402 - as above
from o3sim.runs.simulation import simulate  # noqa: E402 - as above
from tests.formats.importers.qonnx_models import QONNX, Builder, batch_norm, scores  # noqa: E402 - as above
from tests.network.samples import DecodedNet  # noqa: E402 - as above
from tests.shared_data import data_folder  # noqa: E402 - as above


def imported(folder: Path, model: Any, input_range: tuple[float, float] | None = None) -> Network:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    topology, _ = import_onnx(path, "net", input_range).write(folder / "net")
    return load_network(load_workload(topology))


def check(folder: Path, model: Any, shape: tuple[int, int, int], count: int = 8) -> Network:
    """Compare scores on random images; inputs are 0 to 1."""
    network = imported(folder, model)
    images = np.random.default_rng(7).integers(0, 256, (count, *shape), np.uint8)
    for image in images:
        x = (image / 255).astype("f4").transpose(2, 0, 1)[None]
        np.testing.assert_allclose(
            infer(network, image).scores, scores(model, x).reshape(-1), rtol=1e-5, atol=1e-4
        )
    return network


def bits(random: np.random.Generator, *shape: int) -> Any:
    return random.integers(0, 2, shape)


def eight_bits(model: Builder) -> Builder:
    """CNV's input: 2x - 1 in steps of 1/128."""
    model.add("Mul", 2.0).add("Sub", 1.0)
    return model.add("Quant", 2**-7, 0.0, 8.0, domain=QONNX, signed=1, narrow=0, rounding_mode="ROUND")


CHOICES = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**16),
        "input": st.sampled_from(["raw", "bits", "fixed"]),
        "pool": st.sampled_from(["before norm", "before sign", "behind sign", "none"]),
        "pad": st.sampled_from([0, 1]),
        "extra": st.sampled_from(["none", "Relu", "Clip", "Neg", "bias"]),
        "values": st.sampled_from(["bipolar", "scaled", "zero one"]),
        "magnitudes": st.booleans(),
        "last": st.sampled_from(["MatMul", "Gemm", "Conv"]),
    }
)


def second_layer(model: Builder, random: np.random.Generator, choice: dict[str, Any]) -> Builder:
    """A convolution of 5 to 6 channels with all that may stand between it and its bits."""
    pool = {"kernel_shape": [2, 2], "strides": [2, 2]}
    size = random.uniform(0.1, 3, (6, 1, 1, 1)) if choice["magnitudes"] else 1.0
    operands = [random.normal(size=6)] if choice["extra"] == "bias" else []
    model.add("Conv", model.weights(bits(random, 6, 5, 3, 3), size), *operands, pads=[choice["pad"]] * 4)
    if choice["pool"] == "before norm":
        model.add("MaxPool", **pool)
    if choice["extra"] == "Relu":
        model.add("Relu")
    batch_norm(model, random, 6, 4)
    if choice["extra"] == "Clip":
        model.add("Clip", -1.0, 1.0).add("Add", random.uniform(-0.5, 0.5, (1, 6, 1, 1)))
    if choice["extra"] == "Neg":
        model.add("Neg")
    if choice["pool"] == "before sign":
        model.add("MaxPool", **pool)
    ended(model, choice["values"])
    return model.add("MaxPool", **pool) if choice["pool"] == "behind sign" else model


def ended(model: Builder, values: str) -> Builder:
    if values == "zero one":
        bound = np.zeros((6, 1), "f4")
        return model.add(
            "MultiThreshold", bound, domain=QONNX, out_dtype="BINARY", out_scale=1.0, out_bias=0.0
        )
    return model.sign(0.25 if values == "scaled" else 1.0)


def random_model(choice: dict[str, Any]) -> Any:
    random = np.random.default_rng(choice["seed"])
    model = Builder([1, 2, 8, 8])
    if choice["input"] == "bits":
        model.add("Sub", 0.39).sign()  # between two pixel values, where no rounding matters
    elif choice["input"] == "fixed":
        eight_bits(model)
    model.add("Conv", model.weights(bits(random, 5, 2, 3, 3)), pads=[choice["pad"]] * 4, name="first")
    batch_norm(model, random, 5, 1).sign()
    second_layer(model, random, choice)
    rows = 8 - 4 * (1 - choice["pad"])
    rows = rows if choice["pool"] == "none" else rows // 2
    if choice["last"] == "Conv":
        return model.add("Conv", model.weights(bits(random, 4, 6, rows, rows))).add("Flatten").model()
    model.add("Flatten", axis=1)
    matrix = model.weights(bits(random, 4, 6 * rows * rows))
    if choice["last"] == "Gemm":
        return model.add("Gemm", matrix, random.normal(size=4), transB=1).model()
    model.add("MatMul", model.made("Transpose", matrix, perm=[1, 0]))
    return model.add("Mul", 0.5).add("Add", random.normal(size=4)).model()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(choice=CHOICES)
def test_any_such_network_gives_the_same_scores(tmp_path: Path, choice: dict[str, Any]) -> None:
    check(tmp_path, random_model(choice), (8, 8, 2), 3)


def test_ties_are_ones_with_either_sign_of_scale(tmp_path: Path) -> None:
    # Variance 3.75 + epsilon 0.25 has the root 2: (dot - mean)/2*gamma + beta is 0 at dot = 1, exactly.
    model = Builder([1, 1, 3, 1])
    model.add("Sub", 0.5).sign().add("Flatten")
    model.add("MatMul", model.weights(np.ones((3, 2))))
    model.add("BatchNormalization", [2.0, -2.0], [1.0, -1.0], [2.0, 2.0], [3.75, 3.75], epsilon=0.25)
    model.sign().add("MatMul", model.weights(np.ones((2, 2))))
    network = check(tmp_path, model.model(), (3, 1, 1), 50)
    assert network.layers[0].theta is not None
    assert network.layers[0].theta.tolist() == [1, -1]


def test_a_negative_scale_behind_a_pool_inverts_the_next_layers_weights(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    model = Builder([1, 1, 6, 6]).add("Sub", 0.5).sign()
    model.add("Conv", model.weights(bits(random, 3, 1, 3, 3))).add(
        "MaxPool", kernel_shape=[2, 2], strides=[2, 2]
    )
    model.add("Mul", np.array([1.0, -1.0, -2.0]).reshape(1, 3, 1, 1)).add("Add", 0.5).sign()
    weights = bits(random, 2, 3, 2, 2)
    model.add("Conv", model.weights(weights)).add("Flatten")
    network = check(tmp_path, model.model(), (6, 6, 1), 40)
    assert [layer.geometry.pool is not None for layer in network.layers] == [True, False]


def test_popcounts_of_zeros_and_ones(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    model = Builder([1, 1, 4, 5])
    ones = {"domain": QONNX, "out_dtype": "BINARY", "out_scale": 1.0, "out_bias": 0.0}
    model.reshape(1, -1).add("MultiThreshold", [[0.5]], **ones)
    model.add("XnorPopcountMatMul", bits(random, 20, 7), domain=QONNX)
    model.add("MultiThreshold", random.integers(6, 14, (7, 1)), **ones)
    model.add("XnorPopcountMatMul", bits(random, 7, 3), domain=QONNX)
    network = check(tmp_path, model.model(), (4, 5, 1))
    assert network.layers[-1].score_scale is not None  # a popcount is (dot + n)/2


def test_channels_last_with_transposes(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    model = Builder([1, 6, 4, 3])
    model.add("Transpose", perm=[0, 3, 1, 2]).add("Sub", 0.5).sign()
    model.add("Conv", model.weights(bits(random, 5, 3, 3, 3)), pads=[1] * 4)
    model.add("Transpose", perm=[0, 2, 3, 1]).add("Add", random.normal(size=5)).sign()
    model.reshape(0, -1).add("MatMul", model.weights(bits(random, 120, 3)))
    network = imported(tmp_path, model.model())
    assert network.input_shape == (6, 4, 3)
    for image in random.integers(0, 256, (8, 6, 4, 3), np.uint8):
        wanted = scores(model.model(), (image / 255).astype("f4")[None]).reshape(-1)
        np.testing.assert_array_equal(infer(network, image).scores, wanted)


def test_padding_with_ones_is_ordinary_edges(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    model = Builder([1, 1, 5, 5]).add("Sub", 0.5).sign(0.5)
    model.pad(1, -0.5)
    model.add("Conv", model.weights(bits(random, 4, 1, 3, 3))).sign()
    model.pad(2, 1.0)
    model.add("Conv", model.weights(bits(random, 4, 4, 3, 3))).sign()
    model.add("Flatten").add("MatMul", model.weights(bits(random, 4 * 49, 3)))
    network = check(tmp_path, model.model(), (5, 5, 1))
    assert [layer.geometry.padding for layer in network.layers[:2]] == ["-1", "+1"]


def test_selections_at_the_end_leave_the_class(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    model = Builder([1, 1, 4, 4]).add("Flatten").add("Sub", 0.5).sign()
    model.add("MatMul", model.weights(bits(random, 16, 3))).add("Mul", 0.5).add("Softmax", axis=1)
    assert imported(tmp_path, model.model()).layers[0].scores


def test_the_input_range_is_the_users_to_say(tmp_path: Path) -> None:
    model = Builder([1, 1, 4, 4]).add("Flatten").add("Sub", 100.0).sign()
    model.add("MatMul", model.weights(np.ones((16, 2))))
    assert imported(tmp_path, model.model(), (0.0, 255.0)).encode(np.full((4, 4), 100, np.uint8)).all()
    assert not imported(tmp_path, model.model(), (0.0, 255.0)).encode(np.full((4, 4), 99, np.uint8)).any()


def test_tfc_image_by_image(tmp_path: Path) -> None:
    data = data_folder()
    topology, _ = import_onnx(data / "qonnx" / "TFC_1W1A.onnx", "tfc").write(tmp_path / "tfc")
    files = load_workload(topology)
    network = load_network(files)
    images = workload_images(files, network, data / "images" / "mnist_test1000.npz")
    found = np.array([infer(network, image).predicted for image in images.x])
    values = np.where(images.x >= 128, np.float32(1), np.float32(-1))
    np.testing.assert_array_equal(found, DecodedNet(data / "decoded" / "tfc_w1a1_mnist.npz").classes(values))
    for number, layer in enumerate(network.layers[:-1]):
        decoded = DecodedNet(data / "decoded" / "tfc_w1a1_mnist.npz").arrays
        np.testing.assert_array_equal(layer.weights, decoded[f"L{number}_w"])
        assert layer.theta is not None
        matches = -(-(layer.theta + layer.geometry.fan_in) // 2)
        np.testing.assert_array_equal(matches, decoded[f"L{number}_t"])


def bitmap(channels: int = 1) -> Builder:
    return Builder([1, channels, 4, 4]).add("Sub", 0.5).sign()


def product(model: Builder, inputs: int, name: str = "fc") -> Builder:
    return model.add("Flatten").add("MatMul", model.weights(np.ones((inputs, 2))), name=name)


REFUSED: list[tuple[str, Callable[[], Builder], str]] = [
    (
        "ternary",
        lambda: bitmap().add("Conv", np.eye(3)[None, None], name="c"),
        "node `c` (Conv): has weights that are not binary: output 0 has 0, 1",
    ),
    (
        "depthwise",
        lambda: bitmap(2).add("Conv", np.ones((2, 1, 3, 3)), group=2, name="c"),
        "node `c` (Conv): is grouped or depthwise",
    ),
    (
        "dilated",
        lambda: bitmap().add("Conv", np.ones((2, 1, 2, 2)), dilations=[2, 2], name="c"),
        "node `c` (Conv): is dilated",
    ),
    (
        "oblong",
        lambda: bitmap().add("Conv", np.ones((2, 1, 3, 1)), name="c"),
        "a kernel of 3x1, which is not square",
    ),
    (
        "uneven padding",
        lambda: bitmap().add("Conv", np.ones((2, 1, 3, 3)), pads=[0, 0, 1, 1], name="c"),
        "has `pads` [0, 0, 1, 1]",
    ),
    (
        "channels",
        lambda: bitmap().add("Conv", np.ones((2, 3, 3, 3)), name="c"),
        "has weights of shape [2, 3, 3, 3] for a map of 1 channels",
    ),
    (
        "average",
        lambda: bitmap().add("AveragePool", kernel_shape=[2, 2], name="a"),
        "node `a` (AveragePool): averages",
    ),
    ("unknown", lambda: bitmap().add("LSTM", name="l"), "node `l` (LSTM): is no operation of such a machine"),
    (
        "foreign",
        lambda: bitmap().add("Conv", np.ones((1, 1, 3, 3)), domain="com.microsoft", name="c"),
        "is of the domain `com.microsoft`",
    ),
    (
        "no sign",
        lambda: product(bitmap(), 16).add("MatMul", np.ones((2, 2)), name="m"),
        "node `m` (MatMul): takes sums that went through no sign",
    ),
    (
        "two bits",
        lambda: product(bitmap(), 16).add(
            "Quant", 1.0, 0.0, 2.0, domain=QONNX, signed=1, narrow=1, rounding_mode="ROUND", name="q"
        ),
        "node `q` (Quant): quantizes to 2 bits",
    ),
    (
        "three thresholds",
        lambda: product(bitmap(), 16).add("MultiThreshold", np.ones((2, 3)), domain=QONNX, name="t"),
        "only one a channel makes a single bit",
    ),
    ("ends in bits", lambda: product(bitmap(), 16).sign(), "ends in bits"),
    ("no layer", bitmap, "ends in bits"),
    (
        "sign of 0",
        lambda: product(bitmap(), 16).add("Sign", name="s"),
        "node `s` (Sign): is 0 where its input is",
    ),
    (
        "scales",
        lambda: bitmap(2).add("Mul", np.array([1.0, 2.0]).reshape(1, 2, 1, 1), name="m"),
        "node `m` (Mul): gives the channels that go into a layer different scales",
    ),
    (
        "within a channel",
        lambda: (
            bitmap()
            .add("Conv", np.ones((1, 1, 3, 3)))
            .add("Add", np.arange(4.0).reshape(1, 1, 2, 2), name="a")
        ),
        "node `a` (Add): has an operand that varies within a channel",
    ),
    (
        "variance",
        lambda: product(bitmap(), 16).add("BatchNormalization", [1, 1], [0, 0], [0, 0], [1, -2], name="b"),
        "node `b` (BatchNormalization): has a variance of -2 in channel 1",
    ),
    (
        "branch",
        lambda: bitmap().twice("Add", name="a"),
        "node `a` (Add): combines two maps",
    ),
    (
        "pool twice",
        lambda: (
            bitmap()
            .add("Conv", np.ones((1, 1, 1, 1)))
            .add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
            .sign()
            .add("MaxPool", kernel_shape=[2, 2], name="p")
        ),
        "node `p` (MaxPool): is a second pool",
    ),
    (
        "pool of pixels",
        lambda: Builder([1, 1, 4, 4]).add("MaxPool", kernel_shape=[2, 2], name="p"),
        "node `p` (MaxPool): pools the input",
    ),
    (
        "ceil",
        lambda: (
            bitmap()
            .add("Conv", np.ones((1, 1, 2, 2)))
            .add("MaxPool", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1, name="p")
        ),
        "keeps windows that do not fit",
    ),
    (
        "padding",
        lambda: bitmap().pad(1, 0.5).add("Conv", np.ones((1, 1, 3, 3)), name="c"),
        "node `c` (Conv): pads with 0.5",
    ),
    (
        "after the end",
        lambda: product(bitmap(), 16).add("Softmax", name="s").add("Mul", 2.0, name="m"),
        "node `m` (Mul): comes after node `s` (Softmax)",
    ),
    (
        "axes",
        lambda: bitmap().add("Transpose", perm=[0, 2, 3, 1]).add("Conv", np.ones((1, 4, 1, 1)), name="c"),
        "node `c` (Conv): has weights",
    ),
    (
        "reshape",
        lambda: bitmap().reshape(3, 7, name="r"),
        "node `r` (Reshape): reshapes a map of shape [1, 1, 4, 4] to [3, 7]",
    ),
    ("division", lambda: bitmap().add("Div", 0.0, name="d"), "node `d` (Div): divides by 0"),
    (
        "wide input",
        lambda: Builder([1, 1, 4, 4]).add(
            "Quant", 1.0, 0.0, 24.0, domain=QONNX, signed=1, narrow=0, rounding_mode="ROUND", name="q"
        ),
        "quantizes the input to 24 bits",
    ),
    (
        "inputs",
        lambda: product(bitmap(), 15, "fc"),
        "node `fc` (MatMul): takes [15] inputs, the map before it has 16 elements",
    ),
    (
        "parts of a matrix",
        lambda: bitmap().add("MatMul", np.ones((4, 2)), name="m"),
        "multiplies a map of shape [1, 1, 4, 4]; flatten it first",
    ),
]


@pytest.mark.parametrize(
    ("model", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_what_cannot_be_run_is_refused_by_node(
    tmp_path: Path, model: Callable[[], Builder], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        imported(tmp_path, model().model())
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "model.onnx"))
    assert "\n" not in str(caught.value)


def tail(model: Builder, random: np.random.Generator, inputs: int) -> Any:
    """End in three scores."""
    return model.sign().add("Flatten").add("MatMul", model.weights(bits(random, inputs, 3))).model()


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
