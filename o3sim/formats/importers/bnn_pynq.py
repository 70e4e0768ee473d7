"""Import the parameter files of BNN-PYNQ (Xilinx, FINN's folded layout): CNV and LFC, one bit weights.

PE ``P`` of layer ``L`` has ``L-P-weights.bin``, little-endian uint64 ``word[f*SF + s]`` with
``SF = columns/SIMD``: bit ``i`` is edge ``s*SIMD + i``, in ``(ky, kx, c)`` order, of neuron
``n = f*PE + P``; and ``L-P-thres.bin``, int64, output ``popcount > T``. Rows and columns are padded
to multiples of the folding; padded columns never match. How many rows the last layer has is said by the
size of its files: 64 for CIFAR-10, 12 for street-view numbers, 44 for road signs, whatever the classes are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.config.catalog import suggest
from o3sim.errors import InputError
from o3sim.files.inputs import read_input
from o3sim.formats.importers.written import ImportedWorkload
from o3sim.network.bits.packing import pack_bits

MOST_CLASSES_BYTES = 1_000_000
"""Of ``classes.txt``."""

_FARTHEST = 2**40
"""Thresholds are clipped here: far beyond any sum, and safe to double."""


@dataclass(frozen=True)
class FoldedLayer:
    """How BNN-PYNQ folds a layer's weight matrix onto its array.

    Attributes
    ----------
    key : dict
        The layer in the workload's YAML.
    rows, columns : int
        Sizes of the matrix as stored, padding included.
    pe, simd : int
        Rows and columns that are processed at a time.
    real_rows, real_columns : int
        Without padding.
    fixed_point : bool
        First layer on fixed-point input: thresholds carry 8 fraction bits against the input's 7.
    """

    key: dict[str, Any]
    rows: int
    columns: int
    pe: int
    simd: int
    real_rows: int
    real_columns: int
    fixed_point: bool = False

    @property
    def name(self) -> str:
        """The layer's name in the workload."""
        return str(self.key["name"])

    @property
    def scores(self) -> bool:
        """Whether it is the last layer."""
        return bool(self.key.get("scores", False))


@dataclass(frozen=True)
class FoldedNet:
    """A network of BNN-PYNQ."""

    title: str
    input: dict[str, Any]
    layers: tuple[FoldedLayer, ...]


def _conv(name: str, inputs: int, channels: int, folding: tuple[int, int], pool: bool = False) -> FoldedLayer:
    key: dict[str, Any] = {"name": name, "type": "conv", "channels": channels, "kernel": 3}
    if pool:
        key["pool"] = {"size": 2, "stride": 2}
    columns = 9 * inputs
    return FoldedLayer(key, channels, columns, *folding, channels, columns, fixed_point=inputs == 3)


def _dense(name: str, inputs: int, features: int, folding: tuple[int, int], padded: int = 0) -> FoldedLayer:
    key = {"name": name, "type": "dense", "features": features}
    return FoldedLayer(key, features, padded or inputs, *folding, features, inputs)


def _scores(inputs: int, folding: tuple[int, int]) -> FoldedLayer:
    """Return a last layer whose rows and classes are in the files."""
    key = {"name": "scores", "type": "dense", "features": 0, "scores": True}
    return FoldedLayer(key, 0, inputs, *folding, 0, inputs)


NETS = {
    "cnv": FoldedNet(
        "CNV-W1A1",
        {
            "height": 32,
            "width": 32,
            "channels": 3,
            "encoding": {
                "type": "fixed",
                "bits": 8,
                "signed": True,
                "fraction_bits": 7,
                "range": [-1.0, 1.0],
            },
        },
        (
            _conv("conv1", 3, 64, (16, 3)),
            _conv("conv2", 64, 64, (32, 32), pool=True),
            _conv("conv3", 64, 128, (16, 32)),
            _conv("conv4", 128, 128, (16, 32), pool=True),
            _conv("conv5", 128, 256, (4, 32)),
            _conv("conv6", 256, 256, (1, 32)),
            _dense("dense1", 256, 512, (1, 4)),
            _dense("dense2", 512, 512, (1, 8)),
            _scores(512, (4, 1)),
        ),
    ),
    "lfc": FoldedNet(
        "LFC-W1A1",
        {"height": 28, "width": 28, "channels": 1, "encoding": {"type": "binary", "threshold": 128}},
        (
            _dense("dense1", 784, 1024, (32, 64), padded=832),
            _dense("dense2", 1024, 1024, (64, 32)),
            _dense("dense3", 1024, 1024, (32, 64)),
            _scores(1024, (16, 8)),
        ),
    ),
}
"""Foldings as in BNN-PYNQ's ``config.h`` of cnvW1A1 and lfcW1A1."""

TWO_BITS = ("cnvW1A2", "cnvW2A2", "lfcW1A2")
"""Networks of BNN-PYNQ whose activations have two bits."""

MOST_CLASSES = 65_536
"""Rows of a last layer."""


def import_bnn_pynq(folder: Path, net: str, name: str) -> ImportedWorkload:
    """Read a folder of BNN-PYNQ parameter files.

    The class is the highest integer score. For LFC, BNN-PYNQ itself thresholds the last layer too
    and takes the highest class whose bit is set: the two rules differ on a few images in a
    thousand (98.34 % against 98.40 % of the MNIST test images right).

    Parameters
    ----------
    folder : Path
        Holds ``L-P-weights.bin``, ``L-P-thres.bin`` and ``classes.txt``.
    net : {"cnv", "lfc"}
        Or, in full, "cnvW1A1", "lfcW1A1".
    name : str
        Name of the workload.

    Raises
    ------
    InputError
        If the network is unknown or has activations of two bits, or files are missing, too many, of a
        wrong size or have bits beyond the SIMD width; all such files are named.
    """
    folded = _net(net)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    folded = _with_rows(folder, folded)
    _check_files(folder, folded)
    classes = _classes(folder, folded)
    folded = _with_classes(folded, len(classes))
    arrays: dict[str, NDArray[Any]] = {}
    for number, layer in enumerate(folded.layers):
        arrays[f"{layer.name}_weights"] = _weights(folder, number, layer)
        if not layer.scores:
            arrays[f"{layer.name}_theta"] = _theta(folder, number, layer)
    keys = {
        "description": f"{folded.title} of BNN-PYNQ",
        "source": "BNN-PYNQ parameter files",
        "classes": classes,
        "input": folded.input,
        "layers": [layer.key for layer in folded.layers],
    }
    return ImportedWorkload(name, keys, arrays)


def _net(net: str) -> FoldedNet:
    word = net.lower()
    if word in map(str.lower, TWO_BITS):
        raise InputError(
            f"--net {net}: has activations of two bits; only single bits can be run, as of cnvW1A1, lfcW1A1"
        )
    folded = NETS.get(word.removesuffix("w1a1"))
    if folded is None:
        known = ", ".join(f"`{known}`" for known in NETS)
        raise InputError(f"--net {net}: unknown network{suggest(net, NETS)}; there are {known}")
    return folded


def _with_rows(folder: Path, net: FoldedNet) -> FoldedNet:
    """Take the rows of the last layer from its first file."""
    *layers, last = net.layers
    path = folder / f"{len(layers)}-0-weights.bin"
    each_bytes = 8 * (last.columns // last.simd)
    size = path.stat().st_size if path.is_file() else each_bytes
    if size % each_bytes or not 0 < size // each_bytes * last.pe <= MOST_CLASSES:
        raise InputError(
            f"{path}: expected {each_bytes} bytes for each of its rows (the last layer of {net.title} has "
            f"{last.pe}, {2 * last.pe}, ... of them), found {size} bytes"
        )
    rows = last.pe * (size // each_bytes)
    return replace(net, layers=(*layers, replace(last, rows=rows, real_rows=rows)))


def _with_classes(net: FoldedNet, classes: int) -> FoldedNet:
    """Drop the last rows, which are no class."""
    *layers, last = net.layers
    return replace(
        net, layers=(*layers, replace(last, real_rows=classes, key={**last.key, "features": classes}))
    )


def _expected_files(net: FoldedNet) -> dict[str, int]:
    """Name every file with its size in bytes."""
    sizes: dict[str, int] = {}
    for number, layer in enumerate(net.layers):
        fold = layer.rows // layer.pe
        for pe in range(layer.pe):
            sizes[f"{number}-{pe}-weights.bin"] = 8 * fold * (layer.columns // layer.simd)
            if not layer.scores:
                sizes[f"{number}-{pe}-thres.bin"] = 8 * fold
    return sizes


def _check_files(folder: Path, net: FoldedNet) -> None:
    expected = _expected_files(net)
    last = len(net.layers) - 1
    problems = []
    for name, size in {**expected, "classes.txt": -1}.items():
        path = folder / name
        if not path.is_file():
            problems.append(f"{path}: missing")
        elif size >= 0 and path.stat().st_size != size:
            problems.append(f"{path}: expected {size} bytes, found {path.stat().st_size}")
    for path in sorted(folder.glob("*-*.bin")):
        # LFC has thresholds for its last layer, which integer scores do not need.
        if path.name not in expected and not path.match(f"{last}-*-thres.bin"):
            problems.append(f"{path}: no such file in {net.title}")
    if problems:
        shown = problems[:20]
        more = [f"... and {len(problems) - 20} more"] if len(problems) > 20 else []
        end = f"{folder} does not hold the parameters of {net.title}{_two_bits(folder, expected)}"
        raise InputError("\n".join([*shown, *more, end]))


def _two_bits(folder: Path, expected: dict[str, int]) -> str:
    """Say so where a folder is of a network that has activations of two bits."""
    named = any(word.lower() in (folder.name.lower(), folder.resolve().name.lower()) for word in TWO_BITS)
    thresholds = [folder / name for name in expected if name.endswith("thres.bin")]
    found = [path.stat().st_size / expected[path.name] for path in thresholds if path.is_file()]
    if named or (found and set(found) == {3.0}):
        return ", but of a network whose activations have two bits, which cannot be run"
    return ""


def _weights(folder: Path, number: int, layer: FoldedLayer) -> NDArray[np.uint64]:
    """Unfold the weight matrix of a layer and pack it."""
    steps = layer.columns // layer.simd
    bits = np.zeros((layer.rows, layer.columns), np.uint8)
    for pe in range(layer.pe):
        path = folder / f"{number}-{pe}-weights.bin"
        words = _read(path, "<u8")
        if layer.simd < 64 and (words >> np.uint64(layer.simd)).any():
            at = int(np.flatnonzero(words >> np.uint64(layer.simd))[0])
            raise InputError(f"{path}: word {at}: bits are set beyond the SIMD width of {layer.simd}")
        places = np.arange(layer.simd, dtype=np.uint64)
        lanes = (words.reshape(-1, steps, 1) >> places) & np.uint64(1)
        bits[pe :: layer.pe] = lanes.reshape(-1, layer.columns)
    return pack_bits(bits[: layer.real_rows, : layer.real_columns])


def _theta(folder: Path, number: int, layer: FoldedLayer) -> NDArray[np.int64]:
    """Turn ``popcount > T`` (or, on fixed-point input, ``2*sum > T``) into ``dot >= theta``."""
    thresholds = np.zeros(layer.rows, np.int64)
    for pe in range(layer.pe):
        thresholds[pe :: layer.pe] = _read(folder / f"{number}-{pe}-thres.bin", "<i8")
    thresholds = np.clip(thresholds[: layer.real_rows], -_FARTHEST, _FARTHEST)
    if layer.fixed_point:
        return thresholds // 2 + 1
    return 2 * (thresholds + 1) - layer.real_columns


def _classes(folder: Path, net: FoldedNet) -> list[str]:
    path = folder / "classes.txt"
    try:
        text = read_input(path, MOST_CLASSES_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    names = [line.strip() for line in text.splitlines() if line.strip()]
    rows = net.layers[-1].rows
    if not 2 <= len(names) <= rows:
        raise InputError(
            f"{path}: expected 2 to {rows} class names, one a line, no more than the last layer has rows, "
            f"found {len(names)}"
        )
    return names


def _read(path: Path, dtype: str) -> NDArray[Any]:
    raw = read_input(path, path.stat().st_size)  # which was checked before
    return np.frombuffer(raw, dtype).astype(dtype.replace("<", "="))
