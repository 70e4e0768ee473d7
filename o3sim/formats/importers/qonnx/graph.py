"""An ONNX graph as plain Python: nodes in order, constants as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.qonnx.tensors import plain, printable


@dataclass(frozen=True, eq=False)
class Node:
    """An operation.

    Attributes
    ----------
    inputs : tuple of str
        Names of tensors; "" for an optional input left out.
    """

    op: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]

    @property
    def label(self) -> str:
        """How messages call it."""
        name = self.name or f"that gives {self.outputs[0] if self.outputs else 'nothing'}"
        return f"node {plain(name)} ({printable(self.op)})"

    def integer(self, key: str, default: int) -> int:
        """Return an integer attribute."""
        value = self.attributes.get(key, default)
        if type(value) is not int:
            raise CannotRunError(f"has an attribute `{key}` that is no integer")
        return value

    def number(self, key: str, default: float) -> float:
        """Return a finite float attribute."""
        value = self.attributes.get(key, default)
        if type(value) not in (int, float) or not np.isfinite(value):
            raise CannotRunError(f"has an attribute `{key}` that is no finite number")
        return float(value)

    def word(self, key: str, default: str) -> str:
        """Return a text attribute."""
        value = self.attributes.get(key, default)
        if not isinstance(value, str):
            raise CannotRunError(f"has an attribute `{key}` that is no text")
        return value

    def integers(self, key: str) -> list[int] | None:
        """Return a list of integers, None if it is absent."""
        value = self.attributes.get(key)
        if value is not None and not (isinstance(value, list) and all(type(item) is int for item in value)):
            raise CannotRunError(f"has an attribute `{key}` that is no list of integers")
        return value


@dataclass(frozen=True, eq=False)
class Graph:
    """What a file holds that matters here.

    Attributes
    ----------
    nodes : tuple of Node
        Those that the output depends on, each after those that it takes from.
    constants : dict of str to ndarray
        Initializers that they use.
    shape : tuple of int
        Shape of the input, a batch of 1 first.
    batch : int
        What the file has in its place; 1 if that is any number.
    pixel_input : bool
        The input says of itself that it takes whole pixel values: its type is UINT8.
    classes : list of str or None
    file_bytes : int
        With what was read of files beside it.
    """

    nodes: tuple[Node, ...]
    constants: dict[str, NDArray[Any]]
    input: str
    shape: tuple[int, ...]
    batch: int
    pixel_input: bool
    output: str
    classes: list[str] | None
    file_bytes: int
