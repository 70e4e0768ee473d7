"""Trained networks that add: what is exported computes the same sums and bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from o3sim.errors import InputError
from o3sim.network.infer import infer
from o3sim.network.load import load_network, load_workload
from o3sim.train.data_set import encoded
from o3sim.train.export import to_network
from o3sim.train.loop import predictions
from o3sim.train.network import BinaryNetwork, input_values
from o3sim.train.run import run_training
from o3sim.train.task import Task, load_task
from tests.train.samples import topology, write_training


def residual(sum_bits: int = 32, by: str = "average") -> dict[str, Any]:
    """Return an identity, a shortcut of weights, one that adds bits, and one with four times the channels."""
    conv = {"type": "conv", "kernel": 3, "padding_pixels": 1, "padding": "exclude"}
    sums = {"sum_bits": sum_bits}
    shape = topology()
    shape["layers"] = [
        {"name": "stem", **conv, "channels": 4, **sums},
        {"name": "a", **conv, "channels": 4, "add": "stem", **sums},
        {"name": "short", "type": "conv", "kernel": 1, "channels": 8, "stride": 2, **sums},
        {"name": "b", **conv, "input": "a", "channels": 8, "stride": 2, "add": "short"},
        {"name": "c", **conv, "channels": 8, "stride": 2, "add": {"layer": "b", "stride": 2}},
        {
            "name": "d",
            **conv,
            "channels": 16,
            "input": "b",
            "stride": 2,
            "add": {"layer": "a", "stride": 4, "by": by},
            **sums,
        },
        {"name": "e", **conv, "input": "c", "channels": 16, "add": "d"},
        {"name": "scores", "type": "dense", "features": 3, "scores": True},
    ]
    shape["input"]["height"] = 8
    return shape


def task_of(folder: Path, shape: dict[str, Any], **changes: Any) -> Task:
    """Write a training on maps of even sides, and read it."""
    path = write_training(folder, shape, **changes)
    for name in ("train", "test"):
        file = folder / f"{name}.npz"
        with np.load(file) as arrays:
            x, y = arrays["x"][:, :8], arrays["y"]
        np.savez(file, x=x, y=y)
    return load_task(path)


@pytest.mark.parametrize(("sum_bits", "by"), [(16, "average"), (32, "first")])
def test_what_is_written_makes_the_same_sums_and_bits(tmp_path: Path, sum_bits: int, by: str) -> None:
    task = task_of(tmp_path, residual(sum_bits, by))
    exported = run_training(task, tmp_path / "out", resume=False)
    written = load_network(load_workload(tmp_path / "out.yaml"))
    assert written.digest() == exported.digest()


def test_every_layer_is_that_of_evaluation(tmp_path: Path) -> None:
    task = task_of(tmp_path, residual(16))
    torch.manual_seed(3)
    network = BinaryNetwork(task.topology.shapes, task.topology.spec, "bn_pool")
    for layer in network.binary_layers():
        layer.variance.fill_(40.0)
        layer.mean.copy_(torch.randn(layer.mean.shape) * 3)
        layer.gamma.data.copy_(torch.randn(layer.gamma.shape))  # negative scales too
        layer.beta.data.copy_(torch.randn(layer.beta.shape))
    exported = to_network("x", network, task.topology.shapes, task.topology.input_shape)
    data = encoded(task.test, task.topology.spec, "cpu")
    outputs = network.evaluate(input_values(task.topology.spec, data.codes))
    classes = predictions(network, data)
    for number, image in enumerate(task.test.x):
        found = infer(exported, image)
        assert found.predicted == classes[number]
        for bits, output in zip(found.bits[:-1], outputs[:-1], strict=True):
            np.testing.assert_array_equal(bits, (output[number].permute(1, 2, 0) > 0).numpy())


def test_fractions_are_as_fine_as_sums_have_bits_for(tmp_path: Path) -> None:
    found = []
    for bits in (16, 32):
        task = task_of(tmp_path, residual(bits))
        torch.manual_seed(0)
        found.append(BinaryNetwork(task.topology.shapes, task.topology.spec, "bn_pool").fraction_bits())
    assert found[0] < found[1] == 16


def test_sums_that_leave_no_bit_for_fractions_are_refused(tmp_path: Path) -> None:
    task = task_of(tmp_path, residual(16))
    network = BinaryNetwork(task.topology.shapes, task.topology.spec, "bn_pool")
    network.binary_layers()[0].variance.fill_(0.01)
    with pytest.raises(InputError, match=r"layer stem: sums may reach .* beyond 16 bits"):
        network.fraction_bits()


def test_a_width_that_parts_what_is_added_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"with width_factor 1.2: .*adds .*channels a multiple"):
        task_of(tmp_path, residual(), width_factor=1.2)
