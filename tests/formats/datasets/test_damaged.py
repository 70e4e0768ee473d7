"""Files that are not what their names say: refused by name, and never run."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from o3sim.errors import InputError
from o3sim.formats.datasets.read import read_data_set
from tests.formats.datasets.samples import (
    FORMATS,
    arrays,
    cifar_binary,
    cifar_python,
    colour,
    idx,
    idx_bytes,
    npy,
    planes,
    png_strips,
    python2_pickle,
    write_folder,
)

ROWS, LABELS = planes(colour("test")[0]), colour("test")[1].tolist()


class Runs:
    """A pickle of it makes a folder when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self.path),)


def picture(width: int, height: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height)).save(stream, "PNG")
    return stream.getvalue()


def declared_picture(width: int, height: int) -> bytes:
    """A PNG that says how large it is and then ends."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


def npy_header(shape: str, descr: str = "|u1") -> bytes:
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header


def zipped_arrays() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, x=np.zeros(3, np.uint8))
    return stream.getvalue()


def nested(depth: int) -> Any:
    """Lists that share one another: ``10 ** depth`` numbers in a few hundred bytes."""
    value: Any = 0
    for _ in range(depth):
        value = [value] * 10
    return value


DAMAGED: list[tuple[dict[str, bytes], str, bytes, str]] = [
    (idx(), "t10k-images-idx3-ubyte", b"", "not an IDX file of bytes in 3 dimensions"),
    (idx(), "t10k-images-idx3-ubyte", b"\x00\x00\x0d\x03" + bytes(100), "not an IDX file of bytes"),
    (idx(), "t10k-images-idx3-ubyte", b"\x1f\x00\x08\x03" + bytes(100), "not an IDX file of bytes"),
    (idx(), "t10k-images-idx3-ubyte", idx()["t10k-labels-idx1-ubyte"], "not an IDX file of bytes in 3"),
    (idx(), "t10k-labels-idx1-ubyte", idx()["t10k-images-idx3-ubyte"], "not an IDX file of bytes in 1"),
    (idx(), "t10k-images-idx3-ubyte", idx()["t10k-images-idx3-ubyte"][:-1], "2,351 there; cut short?"),
    (idx(), "t10k-images-idx3-ubyte", idx()["t10k-images-idx3-ubyte"] + b"x", "2,353 there"),
    (idx(), "t10k-images-idx3-ubyte", b"\x00\x00\x08\x03" + b"\xff" * 12, "4294967295] values declared"),
    (idx(), "t10k-labels-idx1-ubyte", idx_bytes(np.zeros(2, np.uint8)), "3 test images but 2 labels"),
    (cifar_binary(), "test_batch.bin", b"", "0 bytes are not records of 3,073"),
    (cifar_binary(), "test_batch.bin", cifar_binary()["test_batch.bin"][:-1], "not records of 3,073; cut"),
    (cifar_binary(), "test_batch.bin", b"\x0a" + bytes(3072), "label 10; the classes are 0 to 9"),
    (cifar_python(), "test_batch", b"", "not a CIFAR-10 batch"),
    (cifar_python(), "test_batch", cifar_python()["test_batch"][:-9], "not a CIFAR-10 batch"),
    (cifar_python(), "test_batch", b"\x80\x02]q\x00.", "not a CIFAR-10 batch"),
    (cifar_python(), "test_batch", python2_pickle(ROWS, LABELS[:2]), "for each of 2 labels"),
    (cifar_python(), "test_batch", python2_pickle(ROWS[:, :1024], LABELS), r"found uint8 [3, 1024]"),
    (cifar_python(), "test_batch", python2_pickle(ROWS, [1, 2, 10]), "label 10; the classes are 0 to 9"),
    (cifar_python(), "test_batch", pickle.dumps({b"data": nested(9), b"labels": [0]}), "`data` is no array"),
    (cifar_python(), "test_batch", pickle.dumps({b"data": ROWS, b"labels": nested(9)}), "whole numbers"),
    (cifar_python(), "test_batch", pickle.dumps({b"data": ROWS, b"labels": [0.5, 1, 2]}), "whole numbers"),
    (cifar_python(), "test_batch", pickle.dumps({b"data": ROWS.astype(float), b"labels": LABELS}), "float64"),
    (png_strips(), "test_batch.png", b"", "not a strip of images"),
    (png_strips(), "test_batch.png", png_strips()["test_batch.png"][:200], "not a strip of images"),
    (png_strips(), "test_batch.png", picture(1023, 3), "1023 x 3 pixels; an image is a row of 1024"),
    (png_strips(), "test_batch.png", declared_picture(1024, 2**31 - 1), "not a strip of images"),
    (png_strips(), "test_batch.png", declared_picture(1024, 100_000), "not a strip of images"),
    (png_strips(), "test_batch.png", picture(1024, 4), "expected 4 whole numbers, one for each image"),
    (png_strips(), "test_lables.json", b"[1, 2", "not JSON"),
    (png_strips(), "test_lables.json", b"\xff", "not JSON"),
    (png_strips(), "test_lables.json", b"[" * 100_000, "not JSON"),
    (png_strips(), "test_lables.json", b'{"a": 1}', "expected 3 whole numbers"),
    (png_strips(), "test_lables.json", b"[[1], [2], 3]", "expected 3 whole numbers"),
    (png_strips(), "test_lables.json", b"[true, true, false]", "expected 3 whole numbers"),
    (png_strips(), "test_lables.json", b"[1, 2, 3.5]", "expected 3 whole numbers"),
    (png_strips(), "test_lables.json", b"[1, 2, 99999999999999999999]", "expected 3 whole numbers"),
    (png_strips(), "test_lables.json", json.dumps([-1, 2, 3]).encode(), "label -1; the classes are 0 to 9"),
    (arrays(), "x_test.npy", b"", "not a plain NumPy array"),
    (arrays(), "x_test.npy", arrays()["x_test.npy"][:-1], "not a plain NumPy array"),
    (arrays(), "x_test.npy", npy_header("(10000000000000, 28, 28)"), "not a plain NumPy array"),
    (arrays(), "x_test.npy", npy_header("(1, " + "(" * 900), "not a plain NumPy array"),
    (arrays(), "x_test.npy", zipped_arrays(), "not a plain NumPy array"),
    (arrays(), "x_test.npy", npy(np.zeros((3, 4, 4), np.float32)), "found float32 [3, 4, 4]"),
    (arrays(), "x_test.npy", npy(np.zeros((3, 4), np.uint8)), "found uint8 [3, 4]"),
    (arrays(), "y_test.npy", npy(np.zeros(2, int)), "expected 3 integers, found int64 [2]"),
    (arrays(), "y_test.npy", npy(np.zeros(3)), "expected 3 integers, found float64"),
    (arrays(), "y_test.npy", npy(np.array([0, -1, 2])), "label -1; classes are counted from 0"),
    (arrays(), "y_test.npy", npy(np.array([0, 2**64 - 1, 2], np.uint64)), "classes are counted from 0"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "name", "content", "message"), DAMAGED, ids=lambda value: str(value)[:30])
def test_damaged_files(
    tmp_path: Path, files: dict[str, bytes], name: str, content: bytes, message: str
) -> None:
    write_folder(tmp_path, {**files, name: content})
    with pytest.raises(InputError) as caught:
        read_data_set(tmp_path, "test")
    text = str(caught.value)
    assert text.startswith(f"{tmp_path}: ")
    assert message in text
    assert "\n" not in text


@pytest.mark.parametrize("key", [b"data", b"labels", b"extra"])
@pytest.mark.parametrize("protocol", range(5))
def test_a_batch_that_would_run_code_does_not(tmp_path: Path, key: bytes, protocol: int) -> None:
    made = tmp_path / "made"
    batch = {b"data": ROWS, b"labels": LABELS, key: Runs(made)}
    write_folder(tmp_path, {**cifar_python(), "test_batch": pickle.dumps(batch, protocol)})
    with pytest.raises(InputError, match=r"test_batch: not a CIFAR-10 batch: it would load \w+\.mkdir"):
        read_data_set(tmp_path, "test")
    assert not made.exists()


@pytest.mark.parametrize(
    "name",
    ["os system", "builtins eval", "numpy load", "numpy.core.multiarray fromfile", "numpy f2py.compile",
     "_codecs lookup", "functools partial", "numpy ndarray.tofile"],
)  # fmt: skip
def test_no_other_name_is_let_in(tmp_path: Path, name: str) -> None:
    module, attribute = name.split()
    loads = (
        pickle.PROTO
        + b"\x04"
        + b"".join(
            pickle.SHORT_BINUNICODE + bytes((len(part),)) + part.encode() for part in (module, attribute)
        )
    )
    write_folder(tmp_path, {**cifar_python(), "test_batch": loads + pickle.STACK_GLOBAL + b"."})
    with pytest.raises(InputError, match=f"it would load {module}.{attribute}"):
        read_data_set(tmp_path, "test")


def test_batches_of_any_python_are_read(tmp_path: Path) -> None:
    for protocol in range(5):
        content = pickle.dumps({b"data": ROWS, b"labels": LABELS}, protocol)
        write_folder(tmp_path, {**cifar_python(), "test_batch": content})
        images, labels = read_data_set(tmp_path, "test")
        np.testing.assert_array_equal(planes(images), ROWS)
        np.testing.assert_array_equal(labels, LABELS)


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_bytes_are_read_or_refused(tmp_path: Path, form: str, data: st.DataObject) -> None:
    files = FORMATS[form][0]()
    name = data.draw(
        st.sampled_from(sorted(name for name in files if "train" not in name and "data_" not in name))
    )
    content = bytearray(files[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, min(len(content), 400) - 1))
        content[at] = data.draw(st.integers(0, 255))
    write_folder(tmp_path, {**files, name: bytes(content)})
    try:
        images, labels = read_data_set(tmp_path, "test")
    except InputError:
        return
    assert (images.dtype, images.ndim) == (np.uint8, 4)
    assert labels.shape == images.shape[:1]
    assert (labels >= 0).all()
