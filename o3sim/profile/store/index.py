"""The index of a folder of profiles: what it was made from, and hashes of what it holds."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from o3sim.errors import InputError
from o3sim.files.inputs import read_json
from o3sim.network.images import Images
from o3sim.network.network import EDGE_ORDER

LAYOUT = 4
"""Of the folder; goes up when its files change their meaning."""

INDEX = "index.json"

MOST_INDEX_BYTES = 2**28
"""Of an index: that of 60,000 images and 60 arrays has that much."""


@dataclass(frozen=True)
class Index:
    """What a folder was made from, and what is in it.

    Attributes
    ----------
    network : str
        SHA-256 of the network's function, bounds included.
    images : tuple of str
        SHA-256 of each image's pixels.
    speculative : bool
        Whether outcomes are called by the network's bounds.
    exact_classes : tuple of (int or None)
        Class of each image by functional inference; None of a network without classes.
    arrays : dict of str to tuple of str
        For each array the SHA-256 of each image's part.
    layout : int
    edge_order : str
    """

    network: str
    images: tuple[str, ...]
    speculative: bool
    exact_classes: tuple[int | None, ...]
    arrays: dict[str, tuple[str, ...]]
    layout: int = LAYOUT
    edge_order: str = EDGE_ORDER

    @property
    def checksum(self) -> str:
        """SHA-256 of all of it."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def to_json(self) -> str:
        """Write it as one line of text, with its checksum."""
        return json.dumps({**asdict(self), "checksum": self.checksum}) + "\n"


def read_index(folder: Path) -> Index:
    """Read a folder's index.

    Raises
    ------
    InputError
        If there is none, or it is not as it was written.
    """
    path = folder / INDEX
    try:
        values = read_json(path, MOST_INDEX_BYTES)
        if values["layout"] != LAYOUT or values["edge_order"] != EDGE_ORDER:
            raise ValueError("made by another version")
        checksum = values.pop("checksum")
        index = Index(**{name: _frozen(value) for name, value in values.items()})
        if index.checksum != checksum:
            raise ValueError("is damaged")
    except InputError as error:
        raise InputError(f"{error}; {way_out(folder)}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = str(error) if isinstance(error, ValueError) else "is no index of profiles"
        raise InputError(f"{path}: {what}; {way_out(folder)}") from None
    return index


def way_out(folder: Path) -> str:
    """Say what to do about a folder that cannot be used."""
    return f"remove {folder} to make it again"


def _frozen(value: Any) -> Any:
    """Turn lists into tuples."""
    if isinstance(value, list):
        return tuple(value)
    return {name: tuple(part) for name, part in value.items()} if isinstance(value, dict) else value


def image_digests(images: Images) -> list[str]:
    """Return the SHA-256, in hexadecimal, of each image's pixels."""
    return [hashlib.sha256(np.ascontiguousarray(pixels).data).hexdigest() for pixels in images.x]
