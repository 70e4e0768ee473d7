"""Files of other projects, given where they do not belong: which command takes them."""

from __future__ import annotations

from pathlib import Path

_PAGE = "docs/importing.md has the lines that save its kernels and batch norms"

_KINDS = {
    ".onnx": ("onnx", "an ONNX model"),
    ".npz": ("npz", "NumPy arrays; kernels and batch norms by name are a network's"),
    ".csv": ("scalesim", "a table; a SCALE-Sim topology is one"),
}
"""By suffix: the import, and what a file is."""

_FRAMEWORKS = {
    ".ckpt": "a checkpoint of PyTorch; export it by `torch.onnx.export`",
    ".h5": "a model of Keras",
    ".hdf5": "a model of Keras",
    ".keras": "a model of Keras",
    ".pt": "a checkpoint of PyTorch; export it by `torch.onnx.export`",
    ".pth": "a checkpoint of PyTorch; export it by `torch.onnx.export`",
    ".tflite": "a model of TensorFlow Lite",
}
"""By suffix: what cannot be read as it is."""


def foreign(path: Path, wanted: str = "") -> str:
    """Say what a file of another project is and which command takes it; nothing of other files.

    Parameters
    ----------
    wanted : str, optional
        The import that it was given to.

    Examples
    --------
    >>> foreign(Path("net.onnx"))
    'an ONNX model: `o3sim import onnx FILE -o NAME` makes a workload of it'
    >>> foreign(Path("net.onnx"), "onnx")
    ''
    """
    suffix = path.suffix.lower()
    if suffix in _FRAMEWORKS:
        return f"{_FRAMEWORKS[suffix]}, or save its arrays: {_PAGE}"
    kind, what = _KINDS.get(suffix, ("", ""))
    if not kind and path.is_dir() and (path / "0-0-weights.bin").is_file():
        kind, what = "bnn-pynq", "a folder of BNN-PYNQ's parameter files"
    if not kind or kind == wanted:
        return ""
    given = "DIR --net cnv|lfc" if kind == "bnn-pynq" else "FILE"
    return f"{what}: `o3sim import {kind} {given} -o NAME` makes a workload of it"
