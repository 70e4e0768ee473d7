"""Weights in a file beside the model: read from its folder, of the size they say, and from nowhere else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs the extra onnx")

from o3sim.errors import InputError  # noqa: E402 - onnx first, or skip
from o3sim.formats.importers.qonnx.walk import import_onnx  # noqa: E402 - as above
from tests.formats.importers.qonnx_models import Builder, bits, tail  # noqa: E402 - as above


def model() -> Any:
    random = np.random.default_rng(1)
    built = Builder([1, 3, 6, 6])
    return tail(built.add("Conv", 2.0 * bits(random, 4, 3, 3, 3) - 1, name="conv"), random, 64)


def saved(folder: Path, **entries: str | None) -> Path:
    """Save a model with its first tensor, 432 bytes, elsewhere; return its path."""
    built = model()
    tensor = built.graph.initializer[0]
    assert len(tensor.raw_data) == 432
    if not (folder / "weights.bin").exists():
        (folder / "weights.bin").write_bytes(bytes(64) + tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": "weights.bin", "offset": "64", "length": "432", **entries}.items():
        if value is not None:
            tensor.external_data.add(key=key, value=value)
    path = folder / "model.onnx"
    path.write_bytes(built.SerializeToString())
    return path


def test_a_file_beside_is_read(tmp_path: Path) -> None:
    (tmp_path / "whole.onnx").write_bytes(model().SerializeToString())
    whole = import_onnx(tmp_path / "whole.onnx", "net")
    found = import_onnx(saved(tmp_path), "net")
    assert found.arrays.keys() == whole.arrays.keys()
    for name, array in whole.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array)


def test_a_file_of_one_tensor_needs_no_offset(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "one.bin").write_bytes(model().graph.initializer[0].raw_data)
    path = saved(tmp_path, location="sub/one.bin", offset=None, length=None)
    assert import_onnx(path, "net").keys["classes"] == 3


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"location": "/etc/passwd"}, "outside the model's folder, which is not opened"),
        ({"location": "../secret.bin"}, "outside the model's folder, which is not opened"),
        ({"location": "link.bin"}, "outside the model's folder, which is not opened"),
        ({"location": "loop.bin"}, "outside the model's folder, which is not opened"),
        ({"location": None}, "outside the model's folder, which is not opened"),
        ({"location": "a\0b"}, "outside the model's folder, which is not opened"),
        ({"location": "absent.bin"}, "in `absent.bin`, which cannot be read; it belongs beside the model"),
        ({"location": "pipe"}, "in `pipe`, which cannot be read"),
        ({"location": "."}, "outside the model's folder, which is not opened"),
        ({"location": "a\x1b[31m\nb"}, "outside the model's folder, which is not opened"),
        ({"offset": "65"}, "its values would end at byte 497 of `weights.bin`, which has 496"),
        ({"offset": "-1"}, "has `offset` `-1`, which is no number of bytes"),
        ({"offset": "9" * 30}, "has `offset`"),
        ({"length": "431"}, "says that its values take 431 bytes; its shape takes 432"),
        ({"offset": None, "length": None}, "would end at byte 432 of `weights.bin`, which has 496"),
    ],
)
def test_no_other_file_is_read(tmp_path: Path, entries: dict[str, str | None], message: str) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(496))
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    (folder / "loop.bin").symlink_to(folder / "loop.bin")
    os.mkfifo(folder / "pipe")
    path = saved(folder, **entries)
    with pytest.raises(InputError) as caught:
        import_onnx(path, "net")
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}: tensor `c0`: ")
    assert len(str(caught.value).splitlines()) == 1


def test_one_files_bytes_are_not_taken_again_and_again(tmp_path: Path) -> None:
    """A thousand tensors of the same megabyte would be a gigabyte."""
    path = saved(tmp_path)
    built = onnx.load(path, load_external_data=False)
    for number in range(4):
        tensor = built.graph.initializer.add()
        tensor.CopyFrom(built.graph.initializer[0])
        tensor.name = f"again{number}"
        built.graph.node.append(
            onnx.helper.make_node("Add", [built.graph.output[0].name, tensor.name], [f"o{number}"])
        )
        built.graph.output[0].name = f"o{number}"
    path.write_bytes(built.SerializeToString())
    with pytest.raises(InputError, match=r"takes bytes of `weights\.bin` that others have taken already"):
        import_onnx(path, "net")


def test_an_attribute_elsewhere_is_not_read(tmp_path: Path) -> None:
    built = model()
    node = built.graph.node.add(op_type="Constant", output=["k"], name="k")
    node.attribute.add(name="value", type=onnx.AttributeProto.TENSOR)
    node.attribute[0].t.CopyFrom(onnx.load(saved(tmp_path), load_external_data=False).graph.initializer[0])
    (tmp_path / "model.onnx").write_bytes(built.SerializeToString())
    with pytest.raises(InputError, match="`value` tensor `c0`: its values are in another file"):
        import_onnx(tmp_path / "model.onnx", "net")
