"""Exports of networks that add: ONNX's reference evaluator gives the same scores, to the last bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs the extra onnx")

from o3sim.errors import InputError  # noqa: E402 - onnx first, or skip
from o3sim.formats.exporters.qonnx import export_qonnx  # noqa: E402 - as above
from o3sim.formats.importers.qonnx.walk import import_onnx  # noqa: E402 - as above
from o3sim.network.flow import sources_of  # noqa: E402 - as above
from o3sim.network.infer import infer  # noqa: E402 - as above
from o3sim.network.layer import Addend, Geometry, Layer, SumRule  # noqa: E402 - as above
from o3sim.network.load import load_network, load_workload, workload_images  # noqa: E402 - as above
from o3sim.network.network import Network  # noqa: E402 - as above
from tests.formats.importers.qonnx_models import scores  # noqa: E402 - as above
from tests.network.graphs import images, layer, residual  # noqa: E402 - as above


def with_scores(network: Network, classes: int = 24) -> Network:
    """Append scores of as many classes, which show any bit that differs."""
    last = network.layers[-1].geometry
    inputs = last.pooled_height * last.pooled_width * last.out_channels
    head = layer(np.random.default_rng(5), "scores", Geometry("dense", 1, 1, inputs, classes))
    head = replace(head, theta=None, scores=True)
    return replace(network, layers=(*network.layers, head), classes=tuple(map(str, range(classes))))


def check(network: Network, path: Path, xs: Any) -> onnx.ModelProto:
    """Compare the scores of images."""
    export_qonnx(network, path)
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=False)
    for image in xs:
        found = scores(model, image.astype("f4").transpose(2, 0, 1)[None])
        np.testing.assert_array_equal(found[0], infer(network, image).scores)
    return model


def scaled(network: Network, factor: int) -> Network:
    """Multiply the sums of all layers, beyond what float32 holds."""

    def larger(each: Layer) -> Layer:
        if each.sums is None or each.theta is None:
            return each
        rule = SumRule(each.sums.scale * factor, each.sums.shift * factor, each.sums.add_scale)
        return replace(each, theta=each.theta * factor, sums=rule)

    return replace(network, layers=tuple(map(larger, network.layers)))


@pytest.mark.parametrize("factor", [1, 40_000], ids=["float", "double"])
@pytest.mark.parametrize("seed", range(2))
def test_a_graph_of_sums(tmp_path: Path, seed: int, factor: int) -> None:
    network = scaled(with_scores(residual(seed)), factor)
    model = check(network, tmp_path / "model.onnx", images(network, 6))
    assert ("Cast" in {node.op_type for node in model.graph.node}) == (factor > 1)


def grid(side: int, channels: int, out: int, kernel: int = 1, **more: Any) -> Geometry:
    return Geometry("conv", side, side, channels, out, kernel, kernel, **more)


SHORTCUTS = {
    "average of sums": Addend("stem", 7, 7, 4, 16, stride=2),
    "average of bits": Addend("stem", 7, 7, 4, 1, stride=2),
    "first of sums": Addend("stem", 7, 7, 4, 16, stride=2, averages=False),
    "first of bits": Addend("stem", 7, 7, 4, 1, stride=2, averages=False),
    "first of nine": Addend("stem", 7, 7, 4, 16, stride=3, averages=False),
}


def shortcut(addend: Addend) -> Network:
    """Add four channels to twelve, of a map with a row and a column that no square takes."""
    chance = np.random.default_rng(3)
    spec = residual().binary_input
    side = 7 // addend.stride
    stem = grid(7, 2, 4, planes=4, sum_bits=16 if addend.bits > 1 else 0)
    body = grid(7, 4, 12, kernel=7 - addend.stride * (side - 1), stride=addend.stride, addend=addend)
    layers = [layer(chance, "stem", stem), layer(chance, "body", body)]
    layers[0] = replace(layers[0], input_offset=spec.offset)
    return with_scores(Network("shortcut", spec, (7, 7, 2), tuple(layers), ()))


@pytest.mark.parametrize("addend", SHORTCUTS.values(), ids=SHORTCUTS)
def test_shortcuts_with_a_stride(tmp_path: Path, addend: Addend) -> None:
    network = shortcut(addend)
    check(network, tmp_path / "model.onnx", images(network, 6))


def test_an_average_of_nine_is_refused(tmp_path: Path) -> None:
    addend = replace(SHORTCUTS["first of nine"], averages=True)
    with pytest.raises(InputError, match="layer body adds averages of 9 values"):
        export_qonnx(shortcut(addend), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def dense_sums() -> Network:
    """Dense layers that add a map of one position, and one another's sums; one of no bits read."""
    chance = np.random.default_rng(4)
    spec = residual().binary_input
    flat = Geometry("dense", 1, 1, 6, 6, sum_bits=16)
    shapes = {
        "whole": grid(3, 2, 6, kernel=3, planes=4, sum_bits=16),
        "one": replace(flat, sum_bits=0, addend=Addend("whole", 1, 1, 6, 16)),
        "side": replace(flat, source="whole"),
        "two": replace(flat, source="one", sum_bits=0, addend=Addend("side", 1, 1, 6, 16)),
        "back": grid(1, 6, 6, source="whole", addend=Addend("two", 1, 1, 6, 1)),
    }
    layers: list[Layer] = [layer(chance, name, shape) for name, shape in shapes.items()]
    layers[0] = replace(layers[0], input_offset=spec.offset)
    return with_scores(Network("dense", spec, (3, 3, 2), tuple(layers), ()))


def test_dense_layers_add(tmp_path: Path) -> None:
    network = dense_sums()
    check(network, tmp_path / "model.onnx", images(network, 20))


def again(network: Network, folder: Path) -> Network:
    """Export and import."""
    export_qonnx(network, folder / "model.onnx")
    topology, _ = import_onnx(folder / "model.onnx", network.name).write(folder / "again")
    return load_network(load_workload(topology))


GRAPHS = {
    **{f"residual {seed}": with_scores(residual(seed)) for seed in range(3)},
    "double": scaled(with_scores(residual(3)), 5_000),
    **{name: shortcut(addend) for name, addend in SHORTCUTS.items()},
    "dense": dense_sums(),
}


@pytest.mark.parametrize("network", GRAPHS.values(), ids=GRAPHS)
def test_an_import_finds_the_same_function_of_the_same_layers(tmp_path: Path, network: Network) -> None:
    found = again(network, tmp_path)
    for wanted, each in zip(network.layers, found.layers, strict=True):
        assert wanted.name == each.name
        assert (wanted.geometry.sum_bits > 0) == (each.geometry.sum_bits > 0)
        assert (wanted.geometry.addend is None) == (each.geometry.addend is None)
    for image in images(network, 6):
        one, other = infer(network, image), infer(found, image)
        for each, bits, same in zip(network.layers, one.bits, other.bits, strict=True):
            if each.name in sources_of(network.layers):  # of others thresholds are not exported
                np.testing.assert_array_equal(bits, same)
        np.testing.assert_array_equal(one.scores, other.scores)


@pytest.mark.parametrize("name", ["fashion-residual", "fashion-residual-pairs"])
def test_the_shipped_networks(tmp_path: Path, name: str) -> None:
    files = load_workload(name)
    network = load_network(files)
    found = again(network, tmp_path)
    model = onnx.load(tmp_path / "model.onnx")
    for image in workload_images(files, network, count=2).x:
        x = image.reshape(network.input_shape).astype("f4").transpose(2, 0, 1)[None]
        wanted = infer(network, image)
        np.testing.assert_array_equal(infer(found, image).scores, wanted.scores)
        np.testing.assert_allclose(scores(model, x)[0], wanted.scores, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("side", [2, 4])
@pytest.mark.parametrize("bits", [1, 16])
def test_an_average_over_the_whole_map_of_a_shortcut(tmp_path: Path, side: int, bits: int) -> None:
    chance = np.random.default_rng(6)
    spec = residual().binary_input
    stem = grid(side + 1, 2, 4, kernel=2, planes=4, sum_bits=16 if bits > 1 else 0)
    body = grid(side, 4, 4, kernel=side, addend=Addend("stem", side, side, 4, bits, stride=side))
    layers = (replace(layer(chance, "stem", stem), input_offset=spec.offset), layer(chance, "body", body))
    network = with_scores(Network("whole", spec, (side + 1, side + 1, 2), layers, ()))
    check(network, tmp_path / "checked.onnx", images(network, 6))
    found = again(network, tmp_path)
    for image in images(network, 20):
        np.testing.assert_array_equal(infer(found, image).scores, infer(network, image).scores)
