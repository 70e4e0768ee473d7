"""Windows of convolutions and pools: strides, and padding however it is written."""

from __future__ import annotations

from collections.abc import Sequence

from o3sim.formats.importers.folding.maps import Shape, Sides
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.qonnx.graph import Node
from o3sim.formats.importers.qonnx.operands import symmetric

MOST_STRIDE, MOST_PADDING = 64, 63


def stride_of(node: Node) -> int:
    """Return the one stride of rows and columns."""
    stride = symmetric(node, "strides", 1)
    if not 1 <= stride <= MOST_STRIDE:
        raise CannotRunError(f"has a stride of {stride}; 1 to {MOST_STRIDE} can be run")
    return stride


def sides_of(node: Node, shape: Shape, sizes: Sequence[int], stride: int) -> Sides:
    """Return the padding of the four sides, worked out where the node leaves that to ``auto_pad``.

    Parameters
    ----------
    sizes : sequence of int
        Rows and columns of a window.
    """
    word = node.word("auto_pad", "NOTSET") or "NOTSET"
    if word not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise CannotRunError(f"has `auto_pad` `{word[:20]}`, which is not known here")
    if word == "VALID":
        return (0, 0, 0, 0)
    if word == "NOTSET":
        top, left, bottom, right = _given(node)
        return top, left, bottom, right
    (top, bottom), (left, right) = (
        _same(length, size, stride, word) for length, size in zip(shape[:2], sizes, strict=True)
    )
    return top, left, bottom, right


def _given(node: Node) -> list[int]:
    pads = node.integers("pads") or [0] * 4
    if len(pads) != 4 or not (min(pads) >= 0 and max(pads) <= MOST_PADDING):
        raise CannotRunError(f"has `pads` {pads[:8]}; four numbers from 0 to {MOST_PADDING} can be run")
    return pads


def _same(length: int, size: int, stride: int, word: str) -> tuple[int, int]:
    """Pad so that the output is the input's length over the stride, rounded up."""
    total = max(0, (-(-length // stride) - 1) * stride + size - length)
    less, more = total // 2, total - total // 2
    return (less, more) if word == "SAME_UPPER" else (more, less)
