"""The shipped residual networks: PyTorch, on integers, finds the classes that the simulator finds."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from o3sim.config.catalog import folder
from o3sim.network.bits.packing import unpack_bits
from o3sim.network.images import Images
from o3sim.network.infer import infer
from o3sim.network.layer import Layer
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.network.network import Network

IMAGES = 25


def classes(network: Network, images: Images) -> list[int]:
    """Evaluate a network layer by layer in PyTorch, from its arrays alone."""
    codes = torch.from_numpy(images.x.astype(np.float64)).permute(0, 3, 1, 2)
    bits: dict[str, Tensor] = {}
    sums: dict[str, Tensor] = {}
    x, pad = codes, 0.0
    for layer in network.layers:
        dots = _dots(layer, x, pad)
        if layer.scores:
            scale, bias = (torch.tensor(v).double() for v in (layer.score_scale, layer.score_bias))
            return [int(each) for each in (dots.flatten(1) * scale + bias).argmax(1)]
        theta = _columns(layer.theta)
        if layer.sums is not None:
            dots = _columns(layer.sums.scale) * dots + _columns(layer.sums.shift)
            addend = layer.geometry.addend
            if addend is not None:
                there = sums[addend.layer] if addend.bits > 1 else bits[addend.layer]
                if addend.stride > 1:
                    there = functional.avg_pool2d(there, addend.stride).floor()
                repeats = layer.geometry.out_channels // addend.channels
                dots = dots + _columns(layer.sums.add_scale) * there.repeat(1, repeats, 1, 1)
            sums[layer.name] = dots
        x = bits[layer.name] = torch.where(dots >= theta, 1.0, -1.0).double()
        pad = -1.0
    raise AssertionError("the last layer gives scores")


def _columns(values: object) -> Tensor:
    return torch.tensor(np.asarray(values)).double().view(1, -1, 1, 1)


def _dots(layer: Layer, x: Tensor, pad: float) -> Tensor:
    g = layer.geometry
    signs = torch.tensor(2 * unpack_bits(layer.weights, g.fan_in).astype(np.float64) - 1)
    if g.kind == "dense":
        return x.permute(0, 2, 3, 1).reshape(len(x), -1) @ signs.T
    kernel = signs.reshape(-1, g.kernel_height, g.kernel_width, g.in_channels).permute(0, 3, 1, 2)
    padded = functional.pad(x, (g.padding_pixels,) * 4, value=pad)
    return functional.conv2d(padded, kernel, stride=g.stride)


@pytest.mark.parametrize("name", ["fashion-residual", "fashion-residual-pairs", "fashion-plain"])
def test_pytorch_finds_the_same_classes(name: str) -> None:
    files = load_workload(name)
    network = load_network(files)
    images = workload_images(files, network, count=IMAGES)
    found = [infer(network, image).predicted for image in images.x]
    assert found == classes(network, images)


@pytest.mark.parametrize("name", ["fashion-residual", "fashion-residual-pairs", "fashion-plain"])
def test_the_workload_is_that_of_its_log(name: str) -> None:
    path = folder("workload") / "training" / "residual" / f"{name}.jsonl"
    accuracy = json.loads(path.read_text().splitlines()[-1])["accuracy"]
    assert load_workload(name).workload.accuracy == f"{100 * accuracy:.2f} % of 10,000 test images"


def test_the_residual_network_has_eight_blocks_and_more() -> None:
    layers = load_network(load_workload("fashion-residual")).layers
    adding = [layer.geometry.addend for layer in layers if layer.geometry.addend is not None]
    assert len(adding) >= 8
    assert [addend.stride for addend in adding].count(2) == 2
