"""What `torch.onnx.export` writes, by both exporters, imports as it is: classes equal to PyTorch's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="needs the extra onnx")
pytest.importorskip("torch", reason="needs the extra train")

from o3sim.formats.importers.qonnx.walk import import_onnx
from o3sim.network.infer import infer
from o3sim.network.load import load_network, load_workload

SCRIPT = """
import copy, sys, warnings
import numpy as np
import torch
from torch import nn
from torch.nn.functional import conv2d, linear, max_pool2d

warnings.filterwarnings("ignore")


class Through(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        return torch.sign(x)


FORMS = {
    "sign": torch.sign,
    "where": lambda x: torch.where(x >= 0, torch.ones_like(x), -torch.ones_like(x)),
    "times": lambda x: (x >= 0) * 2 - torch.ones((), dtype=x.dtype),
    "type": lambda x: x.ge(0).to(x.dtype).mul(2).sub(1),
    "function": Through.apply,
    "detach": lambda x: x + (torch.sign(x) - x).detach(),
}


class Net(nn.Module):
    def __init__(self, binary):
        super().__init__()
        self.binary = binary
        self.first = nn.Conv2d(3, 6, 3, bias=False)
        self.second = nn.Conv2d(6, 8, 3, padding=1, bias=False)
        self.last = nn.Linear(8 * 5 * 5, 10, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(6), nn.BatchNorm2d(8), nn.BatchNorm1d(10)])
        for norm in self.norms:
            nn.init.normal_(norm.weight)
            nn.init.normal_(norm.bias)
            norm.running_mean.normal_(std=3)
            norm.running_var.uniform_(1, 9)
        nn.init.uniform_(self.norms[2].weight, 0.5, 1.0)

    def forward(self, x):
        x = self.binary(self.norms[0](conv2d(x, self.binary(self.first.weight))))
        x = conv2d(x, self.binary(self.second.weight), padding=1)
        x = torch.flatten(self.binary(self.norms[1](max_pool2d(x, 2))), 1)
        return self.norms[2](linear(x, self.binary(self.last.weight)))


images = np.random.default_rng(3).integers(0, 256, (40, 12, 12, 3), np.uint8)
answers = {"images": images}
exporter, *forms = sys.argv[1:]
for form in forms:
    torch.manual_seed(1)
    net = Net(FORMS[form]).eval()
    path = f"{form}-{exporter}.onnx"
    torch.onnx.export(net, (torch.rand(2, 3, 12, 12),), path, dynamo=exporter == "dynamo", verbose=False)
    with torch.no_grad():
        exact = copy.deepcopy(net).double()
        answers[form] = exact(torch.from_numpy(images.transpose(0, 3, 1, 2) / 255)).argmax(1).numpy()
np.savez("answers.npz", **answers)
"""


def check_exports(folder: Path, exporter: str, *forms: str) -> None:
    (folder / "export.py").write_text(SCRIPT)
    subprocess.run([sys.executable, "export.py", exporter, *forms], cwd=folder, check=True, timeout=300)
    answers = np.load(folder / "answers.npz")
    for form in forms:
        topology, _ = import_onnx(folder / f"{form}-{exporter}.onnx", "net").write(folder / "net")
        network = load_network(load_workload(topology))
        assert [layer.name for layer in network.layers] == ["conv1", "conv2", "scores"]
        found = [infer(network, image).predicted for image in answers["images"]]
        np.testing.assert_array_equal(found, answers[form], err_msg=form)
        assert len(set(found)) > 1


def test_the_exporter_by_tracing(tmp_path: Path) -> None:
    check_exports(tmp_path, "torchscript", "sign", "where", "times", "type", "function", "detach")


@pytest.mark.slow
def test_the_exporter_by_dynamo(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript", reason="needs the package onnxscript")
    check_exports(tmp_path, "dynamo", "sign", "where", "times", "detach")
    assert (tmp_path / "sign-dynamo.onnx.data").is_file()
