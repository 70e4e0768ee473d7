"""Which change suits which file, by its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

from scripts.fuzzing import texts
from scripts.fuzzing.arrays import npy_file, npz_file
from scripts.fuzzing.packed import onnx_file, pickle_file, tar_file, zipped
from scripts.fuzzing.places import misplace

Change = Callable[[bytes, Random], bytes]

CHANGES: dict[str, Change] = {
    ".yaml": texts.yaml_file,
    ".json": texts.json_file,
    ".jsonl": texts.json_lines,
    ".csv": texts.table,
    ".journal": texts.json_lines,
    ".trace": texts.trace,
    ".txt": texts.trace,
    ".trace.gz": zipped(texts.trace),
    ".txt.gz": zipped(texts.trace),
    ".gz": zipped(texts.any_bytes),
    ".npy": npy_file,
    ".npz": npz_file,
    ".onnx": onnx_file,
    ".tgz": tar_file,
    "_batch": pickle_file,
}
"""By the end of a file's name; all others are changed as bytes."""


def damage(path: Path, random: Random) -> str:
    """Change a file in place; return a word for what was done."""
    if path.is_dir() or random.random() < 0.04:
        return misplace(path, random)
    raw = path.read_bytes()
    change = texts.any_bytes if random.random() < 0.08 or not raw else _change_for(path.name)
    path.write_bytes(change(raw, random))
    return "changed"


def _change_for(name: str) -> Change:
    fits = [end for end in CHANGES if name.endswith(end)]
    return CHANGES[max(fits, key=len)] if fits else texts.any_bytes
