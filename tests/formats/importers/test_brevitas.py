"""The 1-bit networks of Brevitas' examples, exported by Brevitas: classes equal to PyTorch's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="needs the extra onnx")
pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("brevitas", reason="needs the packages brevitas and onnxoptimizer")
pytest.importorskip("onnxoptimizer", reason="needs the packages brevitas and onnxoptimizer")

from o3sim.formats.importers.qonnx.walk import import_onnx
from o3sim.network.infer import infer
from o3sim.network.load import load_network, load_workload

SCRIPT = """
import sys, warnings

warnings.filterwarnings("ignore")
import numpy as np
import torch
from brevitas.export import export_qonnx
from brevitas_examples.bnn_pynq.models import model_with_cfg

name = sys.argv[1]
torch.manual_seed(1)
net, _ = model_with_cfg(name, pretrained=False)
for module in net.modules():
    if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
        module.running_mean.normal_(std=3)
        module.running_var.uniform_(1, 9)
net.eval()
shape = (3, 32, 32) if name.startswith("cnv") else (1, 28, 28)
export_qonnx(net, torch.rand(1, *shape), export_path="model.onnx")
images = np.random.default_rng(1).integers(0, 256, (20, *shape), np.uint8)
with torch.no_grad():
    classes = net.double()(torch.from_numpy(images / 255)).argmax(1).numpy()
np.savez("answers.npz", images=images.transpose(0, 2, 3, 1), classes=classes)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tfc_1w1a", "sfc_1w1a", "lfc_1w1a", "cnv_1w1a"])
def test_classes_are_those_of_pytorch(tmp_path: Path, name: str) -> None:
    (tmp_path / "export.py").write_text(SCRIPT)
    subprocess.run([sys.executable, "export.py", name], cwd=tmp_path, check=True, timeout=300)
    topology, _ = import_onnx(tmp_path / "model.onnx", name).write(tmp_path / name)
    network = load_network(load_workload(topology))
    answers = np.load(tmp_path / "answers.npz")
    found = [infer(network, image).predicted for image in answers["images"]]
    np.testing.assert_array_equal(found, answers["classes"])
    assert len(set(found)) > 3
