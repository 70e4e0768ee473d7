"""Inference against independent NumPy, on a tiny net and on real ones."""

from pathlib import Path

import numpy as np
import pytest

from o3sim.network.bits import reference
from o3sim.network.infer import accuracy, infer
from o3sim.network.layer import Geometry, Layer, Pool
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.network.network import Network
from o3sim.network.preprocess import BinaryInput, InputSpec
from o3sim.profile.profile import profile_layers
from tests.network.samples import DecodedNet, tiny_images, write_tiny
from tests.shared_data import data_folder


def test_a_tiny_net_by_the_reference(tmp_path: Path) -> None:
    network = load_network(load_workload(write_tiny(tmp_path)))
    conv, dense, scores = network.layers
    for image in tiny_images()["x"]:
        first = reference.pooled(conv.geometry, reference.thresholded(conv, network.encode(image)))
        second = reference.thresholded(dense, first)
        found = infer(network, image)
        np.testing.assert_array_equal(found.bits[0], first)
        np.testing.assert_array_equal(found.bits[1], second)
        np.testing.assert_array_equal(found.scores, reference.dots(scores, second).reshape(-1))
        assert found.predicted == int(np.argmax(found.scores))
        for (_, bits), wanted in zip(profile_layers(network, image), found.bits, strict=True):
            np.testing.assert_array_equal(bits, wanted)


def test_scale_and_bias_enter_the_scores(tmp_path: Path) -> None:
    scale, bias = np.array([1, -2, 0.5], np.float32), np.array([0, 10, -1], np.float32)
    plain = load_network(load_workload(write_tiny(tmp_path)))
    scaled = load_network(
        load_workload(write_tiny(tmp_path, scores_score_scale=scale, scores_score_bias=bias))
    )
    image = tiny_images()["x"][0]
    np.testing.assert_allclose(infer(scaled, image).scores, infer(plain, image).scores * scale + bias)


def test_accuracy_counts_labels(tmp_path: Path) -> None:
    network = load_network(load_workload(write_tiny(tmp_path)))
    x = tiny_images()["x"]
    labels = [infer(network, image).predicted for image in x]
    assert accuracy(network, x, labels) == 1
    labels[0] = (labels[0] + 1) % 3
    assert accuracy(network, x, labels) == 0.75


def network_of(net: DecodedNet, spec: InputSpec, shape: tuple[int, int, int]) -> Network:
    """Build a net of the ``decoded`` layout whose input is binary."""
    layers = []
    height, width, channels = shape
    for number, about in enumerate(net.meta["layers"]):
        weights, size = net.arrays[f"L{number}_w"], [int(n) for n in net.arrays[f"L{number}_shape"]]
        if len(size) == 4:
            pool = Pool(2, 2) if about["pool2x2_after"] else None
            geometry = Geometry("conv", height, width, channels, size[0], size[2], size[3], pool=pool)
        else:
            geometry = Geometry("dense", 1, 1, size[1], size[0])
        height, width, channels = geometry.pooled_height, geometry.pooled_width, geometry.out_channels
        last = number == len(net.meta["layers"]) - 1
        theta = None if last else 2 * net.arrays[f"L{number}_t"].astype(np.int64) - geometry.fan_in
        scale, bias = (net.arrays.get(f"out_{key}") if last else None for key in ("scale", "bias"))
        layers.append(Layer(f"layer{number}", geometry, weights, theta, last, scale, bias))
    return Network("decoded", spec, shape, tuple(layers), tuple("0123456789"))


@pytest.mark.parametrize(("name", "threshold"), [("px3_cnn_s_mnist", 33), ("tfc_w1a1_mnist", 128)])
def test_decoded_nets_image_by_image(name: str, threshold: int) -> None:
    data = data_folder()
    net = DecodedNet(data / "decoded" / f"{name}.npz")
    with np.load(data / "images" / "mnist_test1000.npz") as archive:
        pixels, labels = archive["x"][:200, :, :, None], archive["y"][:200]
    network = network_of(net, BinaryInput(threshold), (28, 28, 1))
    values = np.where(pixels >= threshold, np.float32(1), np.float32(-1))
    found = np.array([infer(network, image).predicted for image in pixels])
    np.testing.assert_array_equal(found, net.classes(values))
    assert (found == labels).mean() > 0.9


def test_fashion_vgg_is_the_trained_net() -> None:
    data = data_folder()
    net = DecodedNet(data / "trained" / "fmnist_w1.npz")
    files = load_workload("fashion-vgg")
    network = load_network(files)
    images = workload_images(files, network)
    found = np.array([infer(network, image).predicted for image in images.x])
    np.testing.assert_array_equal(found, net.classes(images.x.astype(np.float32)))


def test_fashion_vgg_accuracy_on_its_own_images() -> None:
    files = load_workload("fashion-vgg")
    network = load_network(files)
    images = workload_images(files, network)
    assert images.y is not None
    assert len(images) == 256
    assert accuracy(network, images.x, images.y) == pytest.approx(230 / 256)
