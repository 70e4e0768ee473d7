"""What must hold between the layers of a workload that name one another: a network is a graph.

Layers stand in the order in which they run, so each takes from layers above it, and there are no cycles.
The rules take plain values that may be incomplete or of wrong types, as those of
:mod:`o3sim.config.workload_rules` do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from o3sim.config.catalog import suggest
from o3sim.config.host_ops import FIRST
from o3sim.config.marks import Conflict, KeyPath

Shape = tuple[int, int]
Map = tuple[Shape, Any]
"""Rows and columns, and channels, which may be unknown."""


def graph_conflicts(layers: list[Any], has_host: bool, host_sums: bool) -> Iterator[Conflict]:
    """Yield names that lead nowhere, outputs that nobody takes, and sums where there can be none.

    Parameters
    ----------
    layers : list
        The plain values of the layers.
    has_host : bool
        Whether float layers of the host take the outputs of the last one.
    host_sums : bool
        Whether those before the first one write sums.
    """
    names = [_name(layer) for layer in layers]
    for index, layer in enumerate(map(_mapping, layers)):
        for key, path in _references(layer, index):
            if not (host_sums and key == FIRST and "add" in path):
                yield from _name_problems(key, path, index, names)
        yield from _sum_problems(layer, index)
    yield from _unused_outputs(layers, names)
    yield from _unused_sums(layers, names, has_host, host_sums)


def source_of(layer: Mapping[str, Any], above: str | None) -> str | None:
    """Return the name of the layer whose outputs a layer takes; None of one that takes none."""
    given = layer.get("input")
    if given is None:
        return above
    return given if isinstance(given, str) else None


def addend_conflict(
    layer: Mapping[str, Any], path: KeyPath, neurons: Map, made: Mapping[str, Map]
) -> Conflict | None:
    """Return what keeps an addend from having a value for each neuron.

    Parameters
    ----------
    neurons : Map
        Rows, columns and channels of the layer before its pool.
    made : mapping of str to Map
        What layers above give.
    """
    add = layer.get("add")
    keys: Mapping[str, Any] = add if isinstance(add, Mapping) else {"layer": add}
    source, stride, (shape, channels) = keys.get("layer"), keys.get("stride", 1), neurons
    if not isinstance(source, str) or source not in made or not _is_size(stride) or not _is_size(channels):
        return None
    (height, width), theirs = made[source]
    if not _is_size(theirs):
        return None
    found = (height // stride, width // stride)
    if found == shape and channels % theirs == 0:
        return None
    every = f", every {stride} rows and columns" if stride > 1 else ""
    return Conflict(
        ((*path, "add"),),
        f"`{source}` gives {height}x{width}x{theirs}{every}, and `{layer.get('name')}` adds"
        f" {shape[0]}x{shape[1]}x{channels}: rows and columns must be equal, and channels a multiple",
    )


def _references(layer: Mapping[str, Any], index: int) -> Iterator[tuple[str, KeyPath]]:
    source, add = layer.get("input"), layer.get("add")
    if isinstance(source, str):
        yield source, ("layers", index, "input")
    if isinstance(add, str):
        yield add, ("layers", index, "add")
    elif isinstance(named := _mapping(add).get("layer"), str):
        yield named, ("layers", index, "add", "layer")


def _name_problems(name: str, path: KeyPath, index: int, names: list[str | None]) -> Iterator[Conflict]:
    above = [each for each in names[:index] if each is not None]
    if name in above:
        return
    if name == names[index]:
        yield Conflict((path,), f"layer `{name}` cannot take from itself")
    elif name in names:
        yield Conflict(
            (path,),
            f"layer `{name}` stands below; layers stand in the order in which they run, without cycles",
        )
    else:
        there = f"; above are {', '.join(above)}" if above else "; no layer stands above"
        yield Conflict((path,), f"there is no layer `{name}`{suggest(name, above)}{there}")


def _sum_problems(layer: Mapping[str, Any], index: int) -> Iterator[Conflict]:
    for key in ("add", "sum_bits"):
        if layer.get(key) is None:
            continue
        if layer.get("scores") is True:
            yield Conflict(
                (("layers", index, key),), "the layer of the scores adds nothing, and nobody adds its scores"
            )
        elif key == "sum_bits" and isinstance(layer.get("pool"), Mapping):
            yield Conflict(
                (("layers", index, key),),
                "sums are not pooled; leave out `pool`, and let the layer that adds them take a `stride`",
            )


def _unused_outputs(layers: list[Any], names: list[str | None]) -> Iterator[Conflict]:
    """Yield layers above the last of which nobody takes anything."""
    taken = set()
    for index, layer in enumerate(map(_mapping, layers)):
        taken |= {name for name, _ in _references(layer, index)}
        above = names[index - 1] if index else None
        if layer.get("input") is None and above is not None:
            taken.add(above)
    for index, name in enumerate(names[:-1]):
        source = _mapping(layers[index + 1]).get("input")
        begins_anew = source is not None and not isinstance(source, str)
        if name is not None and name not in taken and not begins_anew:
            yield Conflict((("layers", index),), f"no layer takes the outputs of `{name}`")


def _unused_sums(
    layers: list[Any], names: list[str | None], has_host: bool, host_sums: bool
) -> Iterator[Conflict]:
    """Yield layers that write sums which nobody adds."""
    added = {
        name
        for index, layer in enumerate(map(_mapping, layers))
        for name, path in _references(layer, index)
        if "add" in path
    }
    if host_sums and FIRST not in added:
        yield Conflict((("first", "sum_bits"),), "no layer adds the sums of `first`; leave the key out")
    for index, (name, layer) in enumerate(zip(names, map(_mapping, layers), strict=True)):
        for_host = has_host and index == len(layers) - 1
        if layer.get("sum_bits") is not None and name is not None and name not in added and not for_host:
            yield Conflict(
                (("layers", index, "sum_bits"),), f"no layer adds the sums of `{name}`; leave the key out"
            )


def _name(layer: Any) -> str | None:
    name = _mapping(layer).get("name")
    return name if isinstance(name, str) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_size(value: Any) -> bool:
    return type(value) is int and value >= 1
