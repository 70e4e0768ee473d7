"""Exports: an import finds the same network, and ONNX's reference evaluator the same scores."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

onnx = pytest.importorskip("onnx", reason="needs the extra onnx")

from o3sim.errors import InputError  # noqa: E402 - as above
from o3sim.formats.exporters.qonnx import export_qonnx  # noqa: E402 - as above
from o3sim.formats.importers.bnn_pynq import import_bnn_pynq  # noqa: E402 - as above
from o3sim.formats.importers.qonnx.walk import import_onnx  # noqa: E402 - as above
from o3sim.network.bits.packing import pack_bits  # noqa: E402 - onnx first, or skip
from o3sim.network.infer import infer  # noqa: E402 - as above
from o3sim.network.layer import Geometry, Layer, Pool  # noqa: E402 - as above
from o3sim.network.load import load_network, load_workload, workload_images  # noqa: E402 - as above
from o3sim.network.network import Network  # noqa: E402 - as above
from o3sim.network.preprocess import BinaryInput, FixedInput, InputSpec  # noqa: E402 - as above
from tests.formats.importers.qonnx_models import scores  # noqa: E402 - as above
from tests.shared_data import data_folder  # noqa: E402 - as above

INPUTS: list[InputSpec] = [
    BinaryInput(0),
    BinaryInput(77),
    FixedInput(8, True, 7, -1.0, 1.0),
    FixedInput(8, False, 0, 0.0, 255.0),
    FixedInput(4, False, 3, 0.0, 2.0),
]


def again(network: Network, folder: Path) -> Network:
    """Export and import."""
    path = folder / "model.onnx"
    export_qonnx(network, path)
    topology, _ = import_onnx(path, network.name).write(folder / "again")
    return load_network(load_workload(topology))


def layer(
    random: np.random.Generator, name: str, geometry: Geometry, scaled: bool | None, offset: int = 0
) -> Layer:
    outputs = geometry.out_channels
    weights = pack_bits(random.integers(0, 2, (outputs, geometry.fan_in)))
    if scaled is None:
        reach = geometry.fan_in * (2**geometry.planes - 1)
        theta = random.integers(-reach // 4 - 1, reach // 4 + 1, outputs)
        theta[0] = random.choice([-(2**31) + 1, 2**31 - 1, theta[0]])  # constant, as batch norm may fold
        return Layer(name, geometry, weights, theta, input_offset=offset)
    scale, bias = (random.normal(size=outputs).astype(np.float32) for _ in range(2))
    return Layer(name, geometry, weights, None, True, scale if scaled else None, bias if scaled else None)


def random_network(seed: int, spec: InputSpec, padding: Any, scaled: bool) -> Network:
    random = np.random.default_rng(seed)
    side = int(random.integers(0, 2))
    first = Geometry(
        "conv", 9, 8, 2, 5, 3, 3, 1, side, padding if side else "exclude", spec.planes, Pool(2, 2)
    )
    second = Geometry("conv", first.pooled_height, first.pooled_width, 5, 6, 2, 2, 1, 1, padding)
    inputs = second.out_height * second.out_width * 6
    layers = (
        layer(random, "early", first, None, spec.offset),
        layer(random, "late", second, None),
        layer(random, "hidden", Geometry("dense", 1, 1, inputs, 7), None),
        layer(random, "classes", Geometry("dense", 1, 1, 7, 3), scaled),
    )
    return Network("random", spec, (9, 8, 2), layers, ("one", "zwei", "trois é"))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**16),
    spec=st.sampled_from(INPUTS),
    padding=st.sampled_from(["exclude", "-1", "+1"]),
    scaled=st.booleans(),
)
def test_round_trip(tmp_path: Path, seed: int, spec: InputSpec, padding: str, scaled: bool) -> None:
    network = random_network(seed, spec, padding, scaled)
    found = again(network, tmp_path)
    assert found.digest() == network.digest()
    assert found.classes == network.classes


@pytest.mark.parametrize(("spec", "padding"), list(itertools.product(INPUTS, ["exclude", "-1", "+1"])))
def test_scores_by_the_reference_evaluator(tmp_path: Path, spec: InputSpec, padding: str) -> None:
    network = random_network(3, spec, padding, True)
    export_qonnx(network, tmp_path / "model.onnx")
    model = onnx.load(tmp_path / "model.onnx")
    onnx.checker.check_model(model, full_check=False)
    for image in np.random.default_rng(9).integers(0, 256, (6, 9, 8, 2), np.uint8):
        x = image.astype("f4").transpose(2, 0, 1)[None]
        np.testing.assert_allclose(scores(model, x)[0], infer(network, image).scores, rtol=1e-5, atol=1e-5)


def test_the_shipped_network(tmp_path: Path) -> None:
    network = load_network(load_workload("fashion-vgg"))
    found = again(network, tmp_path)
    assert found.digest() == network.digest()
    assert found.classes == network.classes


@pytest.mark.parametrize("spec", INPUTS)
def test_a_dense_first_layer(tmp_path: Path, spec: InputSpec) -> None:
    random = np.random.default_rng(2)
    first = Geometry("dense", 1, 1, 3 * 4 * 2, 6, planes=spec.planes)
    layers = (
        layer(random, "first", first, None, spec.offset),
        layer(random, "classes", Geometry("dense", 1, 1, 6, 3), False),
    )
    network = Network("dense", spec, (3, 4, 2), layers, ("a", "b", "c"))
    assert again(network, tmp_path).digest() == network.digest()


def test_same_bytes(tmp_path: Path) -> None:
    network = random_network(1, INPUTS[2], "-1", True)
    for name in ("one.onnx", "two.onnx"):
        export_qonnx(network, tmp_path / name)
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(("net", "folder"), [("cnv", "cifar10/cnvW1A1"), ("lfc", "mnist/lfcW1A1")])
def test_imported_nets(tmp_path: Path, net: str, folder: str) -> None:
    topology, _ = import_bnn_pynq(data_folder() / "bnn-pynq" / folder, net, net).write(tmp_path / net)
    network = load_network(load_workload(topology))
    assert again(network, tmp_path).digest() == network.digest()


def test_tfc(tmp_path: Path) -> None:
    topology, _ = import_onnx(data_folder() / "qonnx" / "TFC_1W1A.onnx", "tfc").write(tmp_path / "tfc")
    network = load_network(load_workload(topology))
    assert again(network, tmp_path).digest() == network.digest()


@pytest.mark.parametrize(
    "spec",
    [FixedInput(8, True, 7, -0.1, 0.7), FixedInput(8, False, 0, 0.0, 127.5)],
    ids=["float32", "halves"],
)
def test_an_encoding_that_qonnx_cannot_say(tmp_path: Path, spec: InputSpec) -> None:
    with pytest.raises(InputError, match="its input encoding has no exact counterpart"):
        export_qonnx(random_network(1, spec, "-1", True), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_synthetic_parameters_are_not_exported(tmp_path: Path) -> None:
    network = replace(random_network(1, BinaryInput(9), "-1", True), synthetic=True)
    with pytest.raises(InputError, match="its parameters are synthetic"):
        export_qonnx(network, tmp_path / "model.onnx")


def by_qonnx(path: Path, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Run a model by the qonnx package."""
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes

    model = ModelWrapper(str(path)).transform(InferShapes())
    inputs, outputs = model.graph.input[0].name, model.graph.output[0].name
    found: np.ndarray[Any, Any] = execute_onnx(model, {inputs: x})[outputs].reshape(-1)
    return found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of packages that qonnx pulls in
def test_the_qonnx_executor_agrees_on_tfc_and_its_export(tmp_path: Path) -> None:
    pytest.importorskip("qonnx", reason="needs the package qonnx")
    data = data_folder()
    path = data / "qonnx" / "TFC_1W1A.onnx"
    topology, _ = import_onnx(path, "tfc").write(tmp_path / "tfc")
    files = load_workload(topology)
    network = load_network(files)
    export_qonnx(network, tmp_path / "model.onnx")
    for image in workload_images(files, network, data / "images" / "mnist_test1000.npz", 100).x:
        x = image.transpose(2, 0, 1)[None].astype(np.float32)
        wanted = infer(network, image).scores
        np.testing.assert_allclose(by_qonnx(path, x / 255), wanted, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(by_qonnx(tmp_path / "model.onnx", x), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of packages that qonnx pulls in
def test_qonnx_may_turn_an_export_into_popcounts(tmp_path: Path) -> None:
    pytest.importorskip("qonnx", reason="needs the package qonnx")
    from qonnx.core.datatype import DataType
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.transformation.bipolar_to_xnor import ConvertBipolarMatMulToXnorPopcount
    from qonnx.transformation.fold_constants import FoldConstants
    from qonnx.transformation.infer_datatypes import InferDataTypes
    from qonnx.transformation.infer_shapes import InferShapes

    topology, _ = import_onnx(data_folder() / "qonnx" / "TFC_1W1A.onnx", "tfc").write(tmp_path / "tfc")
    network = load_network(load_workload(topology))
    export_qonnx(network, tmp_path / "model.onnx")
    model = ModelWrapper(str(tmp_path / "model.onnx")).transform(InferShapes())
    model = model.transform(FoldConstants(exclude_op_types=[])).transform(InferDataTypes())
    for node in model.get_nodes_by_op_type("MatMul"):
        model.set_tensor_datatype(node.input[1], DataType["BIPOLAR"])
    model = model.transform(InferDataTypes()).transform(ConvertBipolarMatMulToXnorPopcount())
    assert len(model.get_nodes_by_op_type("XnorPopcountMatMul")) == 4
    model.save(str(tmp_path / "popcount.onnx"))
    topology, _ = import_onnx(tmp_path / "popcount.onnx", "tfc").write(tmp_path / "popcount")
    for wanted, found in zip(network.layers, load_network(load_workload(topology)).layers, strict=True):
        np.testing.assert_array_equal(wanted.weights, found.weights)
        np.testing.assert_array_equal(wanted.theta, found.theta)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of packages that qonnx pulls in
def test_the_qonnx_executor_agrees_on_the_shipped_network(tmp_path: Path) -> None:
    pytest.importorskip("qonnx", reason="needs the package qonnx")
    files = load_workload("fashion-vgg")
    network = load_network(files)
    export_qonnx(network, tmp_path / "model.onnx")
    for image in workload_images(files, network, count=20).x:
        x = image.transpose(2, 0, 1)[None].astype(np.float32)
        wanted = infer(network, image).scores
        np.testing.assert_allclose(by_qonnx(tmp_path / "model.onnx", x), wanted, rtol=1e-5, atol=1e-4)
