"""Small data sets in each of the standard formats, byte for byte as their publishers lay them out."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from o3sim.formats.datasets.split import Split

Part = tuple[NDArray[np.uint8], NDArray[np.int64]]
TRAIN, TEST = 10, 3
"""Images of a split; CIFAR-10's five training files have two each."""


def colour(split: Split) -> Part:
    """Images [N, 32, 32, 3] and labels."""
    random = np.random.default_rng(1 if split == "train" else 2)
    count = TRAIN if split == "train" else TEST
    return random.integers(0, 256, (count, 32, 32, 3), np.uint8), random.integers(0, 10, count)


def grey(split: Split) -> Part:
    """Images [N, 28, 28, 1] and labels."""
    images, labels = colour(split)
    return np.ascontiguousarray(images[:, :28, :28, :1]), labels


def batches(split: Split) -> dict[str, Part]:
    """Colour images spread over the files of CIFAR-10, without suffix."""
    images, labels = colour(split)
    if split == "test":
        return {"test_batch": (images, labels)}
    return {
        f"data_batch_{at + 1}": (images[2 * at : 2 * at + 2], labels[2 * at : 2 * at + 2]) for at in range(5)
    }


def planes(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Rows of 3,072: all reds, all greens, all blues."""
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2)).reshape(len(images), 3072)


def cifar_binary() -> dict[str, bytes]:
    files = {}
    for split in ("train", "test"):
        for name, (images, labels) in batches(split).items():
            records = np.concatenate([labels[:, None].astype(np.uint8), planes(images)], axis=1)
            files[f"{name}.bin"] = records.tobytes()
    return files


def python2_pickle(rows: NDArray[np.uint8], labels: list[int]) -> bytes:
    """A batch as the published ones are: protocol 2 out of Python 2, text as bytes, flags as numbers."""

    def text(content: bytes) -> bytes:
        if len(content) < 256:
            return b"U" + bytes((len(content),)) + content
        return b"T" + struct.pack("<i", len(content)) + content

    count, width = (b"M" + struct.pack("<H", length) for length in rows.shape)
    dtype = b"cnumpy\ndtype\n" + text(b"u1") + b"K\x00K\x01\x87R(K\x03" + text(b"|") + b"NNN"
    dtype += b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text(b"b") + b"\x87R"
    array += b"(K\x01" + count + width + b"\x86" + dtype + b"\x89" + text(rows.tobytes()) + b"tb"
    numbers = b"](" + b"".join(b"K" + bytes((label,)) for label in labels) + b"e"
    return b"\x80\x02}(" + text(b"data") + array + text(b"labels") + numbers + b"u."


def cifar_python() -> dict[str, bytes]:
    files = {}
    for split in ("train", "test"):
        for name, (images, labels) in batches(split).items():
            files[name] = python2_pickle(planes(images), labels.tolist())
    return files


def png_strips() -> dict[str, bytes]:
    files = {}
    for split in ("train", "test"):
        for name, (images, _) in batches(split).items():
            stream = io.BytesIO()
            Image.fromarray(images.reshape(len(images), 1024, 3)).save(stream, "PNG")
            files[f"{name}.png"] = stream.getvalue()
        files[f"{split}_lables.json"] = json.dumps(colour(split)[1].tolist()).encode()
    return files


def idx_bytes(array: NDArray[np.uint8]) -> bytes:
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def idx() -> dict[str, bytes]:
    files = {}
    for split, prefix in (("train", "train"), ("test", "t10k")):
        images, labels = grey("train" if split == "train" else "test")
        files[f"{prefix}-images-idx3-ubyte"] = idx_bytes(images[..., 0])
        files[f"{prefix}-labels-idx1-ubyte"] = idx_bytes(labels.astype(np.uint8))
    return files


def npy(array: NDArray[np.generic]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def arrays() -> dict[str, bytes]:
    files = {}
    for split in ("train", "test"):
        images, labels = grey("train" if split == "train" else "test")
        files[f"x_{split}.npy"] = npy(images)
        files[f"y_{split}.npy"] = npy(labels)
    return files


FORMATS: dict[str, tuple[Callable[[], dict[str, bytes]], Callable[[Split], Part]]] = {
    "cifar_binary": (cifar_binary, colour),
    "cifar_python": (cifar_python, colour),
    "png_strips": (png_strips, colour),
    "idx": (idx, grey),
    "arrays": (arrays, grey),
}
"""The files of each format, and what is in them."""


def write_folder(folder: Path, files: dict[str, bytes], zipped: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / (f"{name}.gz" if zipped else name)
        path.write_bytes(gzip.compress(content) if zipped else content)
    return folder


def write_archive(path: Path, files: dict[str, bytes], mode: str = "w:gz") -> Path:
    """Write a tar archive with everything in a folder, as package clients leave it."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(f"package/data/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path
