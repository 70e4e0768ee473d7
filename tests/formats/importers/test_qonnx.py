"""QONNX models: every operation against ONNX's reference evaluator, and real nets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

onnx = pytest.importorskip("onnx", reason="needs the extra onnx")

from o3sim.formats.importers.qonnx.walk import import_onnx  # noqa: E402 - onnx first, or skip
from o3sim.network.infer import infer  # noqa: E402 - as above
from o3sim.network.load import load_network, load_workload, workload_images  # noqa: E402 - as above
from tests.formats.importers.qonnx_models import QONNX, Builder, batch_norm, bits, check, imported, scores  # noqa: E402 - as above
from tests.network.samples import DecodedNet  # noqa: E402 - as above
from tests.shared_data import data_folder  # noqa: E402 - as above


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
