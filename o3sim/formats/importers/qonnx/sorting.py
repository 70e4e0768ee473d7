"""The nodes that an output depends on, each after those that it takes from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.qonnx.graph import Node
from o3sim.formats.importers.qonnx.tensors import plain


def needed(nodes: Sequence[Node], outputs: Sequence[str], given: Iterable[str]) -> tuple[Node, ...]:
    """Keep what the output depends on, and put it in order; nodes that are in order stay as they are.

    Parameters
    ----------
    outputs : sequence of str
        Of the graph; all of one node.
    given : iterable of str
        Inputs and constants of the graph.

    Raises
    ------
    CannotRunError
        If a tensor is made twice or never, or nodes take from each other in a circle.
    """
    known = set(given)
    makers = _makers(nodes, known)
    if not outputs:
        raise CannotRunError("its graph has no output")
    if len({makers.get(name) for name in outputs}) > 1:
        raise CannotRunError(
            f"has several outputs: {', '.join(map(plain, outputs[:4]))}; export one with the scores"
        )
    straight = _straight_through(nodes, makers)
    wanted: dict[int, set[int]] = {}
    waiting = [makers[name] for name in outputs[:1] if name in makers]
    while waiting:
        place = waiting.pop()
        if place in wanted:
            continue
        taken = [name for name in straight[place].inputs if name]
        missing = [name for name in taken if name not in makers and name not in known]
        if missing:
            raise CannotRunError(
                f"{nodes[place].label} takes {plain(missing[0])}, which nothing gives: the graph is not whole"
            )
        wanted[place] = {makers[name] for name in taken if name in makers}
        waiting.extend(wanted[place])
    return tuple(straight[place] for place in _in_order(nodes, wanted))


def _makers(nodes: Sequence[Node], known: set[str]) -> dict[str, int]:
    """Find the node that makes each tensor."""
    makers: dict[str, int] = {}
    for place, node in enumerate(nodes):
        for name in filter(None, node.outputs):
            other = nodes[makers[name]].label if name in makers else "the graph"
            if name in makers or name in known:
                raise CannotRunError(f"{node.label} gives {plain(name)}, which {other} gives too")
            makers[name] = place
    return makers


def _in_order(nodes: Sequence[Node], wanted: dict[int, set[int]]) -> list[int]:
    if all(place > before for place, befores in wanted.items() for before in befores):
        return sorted(wanted)
    try:
        return list(TopologicalSorter(wanted).static_order())
    except CycleError as error:
        names = " and ".join(nodes[place].label for place in error.args[1][:2])
        raise CannotRunError(f"{names} take from each other: the graph is cyclic") from None


def _straight_through(nodes: Sequence[Node], makers: dict[str, int]) -> list[Node]:
    """Write ``(a - b) + b`` and ``b - (b - a)`` as ``a``, which is what they are but for rounding.

    So binarizers are exported whose gradient is to be that of b: ``x + (sign(x) - x).detach()``.
    """
    result = []
    for node in nodes:
        through = None
        if node.op in ("Add", "Sub") and len(node.inputs) == 2:
            first, second = node.inputs
            if node.op == "Add":
                through = _left(first, second, nodes, makers) or _left(second, first, nodes, makers)
            else:
                through = _right(second, first, nodes, makers)
        result.append(node if through is None else replace(node, op="Identity", inputs=(through,)))
    return result


def _difference(name: str, nodes: Sequence[Node], makers: dict[str, int]) -> tuple[str, str] | None:
    node = nodes[makers[name]] if name in makers else None
    if node is None or node.op != "Sub" or len(node.inputs) != 2:
        return None
    return node.inputs[0], node.inputs[1]


def _left(name: str, other: str, nodes: Sequence[Node], makers: dict[str, int]) -> str | None:
    """Return a where the tensor is ``a - other``."""
    found = _difference(name, nodes, makers)
    return found[0] if found is not None and found[1] == other else None


def _right(name: str, other: str, nodes: Sequence[Node], makers: dict[str, int]) -> str | None:
    """Return a where the tensor is ``other - a``."""
    found = _difference(name, nodes, makers)
    return found[1] if found is not None and found[0] == other else None
