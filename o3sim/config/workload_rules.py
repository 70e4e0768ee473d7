"""What must hold between the keys of a workload.

The rules take plain values that may be incomplete or of wrong types: what is wrong with a single
key is the model's to say, and everything that depends on such a key is passed over.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from math import prod
from typing import Any

from o3sim.config.host_ops import FIRST, followed, host_conflicts, host_ops, writes_sums
from o3sim.config.marks import Conflict, KeyPath
from o3sim.config.workload_graph import Map, addend_conflict, graph_conflicts, source_of

Shape = tuple[int, int]

GREATEST_SUM = 2**31 - 1
"""Weighted matches are counted in 32 bits, which is twice as fast as in 64."""

MOST_WEIGHTS = 2**33
"""Of a layer: a gigabyte of bits, eighty times the largest of VGG-16."""

MOST_IMAGE_VALUES = 2**25
"""Of an image: rows times columns times channels."""

MOST_MAP_VALUES = 2**27
"""Of what a layer gives, before its pool, and of an input of its own."""


def conflicts(data: Mapping[str, Any]) -> Iterator[Conflict]:
    """Yield every conflict between keys of a workload.

    Parameters
    ----------
    data : mapping
        The plain values of the file.
    """
    data = _mapping(data)
    yield from _range_rule(data)
    yield from host_conflicts(data)
    listed = data.get("layers")
    layers = listed if isinstance(listed, list) else []
    yield from _unique_names(layers)
    yield from graph_conflicts(layers, bool(host_ops(data, "last")), writes_sums(data))
    yield from _layer_order(layers, data.get("classes") is not None, bool(host_ops(data, "last")))
    yield from _map_sizes(data, layers)
    yield from _class_count(data, layers)
    yield from _layers_with_ones(data, layers)


def _range_rule(data: Mapping[str, Any]) -> Iterator[Conflict]:
    encoding = _mapping(_mapping(data.get("input")).get("encoding"))
    limits = encoding.get("range")
    if isinstance(limits, list) and len(limits) == 2 and all(_is_number(limit) for limit in limits):
        low, high = limits
        if low >= high:
            yield Conflict((("input", "encoding", "range"),), f"{low} is not below {high}")
        if max(abs(low), abs(high)) > 1e9:
            yield Conflict((("input", "encoding", "range"),), "limits beyond +-1e9 are surely a slip")


def _unique_names(layers: list[Any]) -> Iterator[Conflict]:
    seen: set[str] = set()
    for index, layer in enumerate(layers):
        name = _mapping(layer).get("name")
        if isinstance(name, str):
            if name in seen:
                yield Conflict((("layers", index, "name"),), f"a layer `{name}` stands above already")
            seen.add(name)


def _flat_maps(layers: list[Any]) -> Iterator[Conflict]:
    """Yield convolutions of what a dense layer made flat."""
    flat: set[str | None] = set()
    above = None
    for index, layer in enumerate(map(_mapping, layers)):
        from_flat = source_of(layer, above) in flat
        if layer.get("type") == "conv" and from_flat:
            yield Conflict((("layers", index, "type"),), "a conv layer cannot come after a dense one")
        above = layer.get("name") if isinstance(layer.get("name"), str) else f"layer {index}"
        if layer.get("type") == "dense" or from_flat:
            flat.add(above)


def _layer_order(layers: list[Any], has_classes: bool, has_host: bool) -> Iterator[Conflict]:
    yield from _flat_maps(layers)
    for index, entry in enumerate(layers):
        layer = _mapping(entry)
        last = index == len(layers) - 1
        if has_host:
            if layer.get("scores") is True:
                yield Conflict((("layers", index, "scores"),), "with `last: host` the host gives the scores")
            continue
        if layer.get("scores") is True and not last:
            yield Conflict((("layers", index, "scores"),), "only the last layer gives scores")
        if last and not has_classes:
            if layer.get("scores") is True:
                yield Conflict(
                    (("layers", index, "scores"),), "scores are of classes, and `classes` is absent"
                )
            return
        if last and layer.get("type") == "conv":
            yield Conflict((("layers", index, "type"),), "the last layer must be dense, with `scores: true`")
        if last and layer.get("type") == "dense" and layer.get("scores", False) is False:
            yield Conflict((("layers", index, "scores"),), "the last layer must say `scores: true`")


def _map_sizes(data: Mapping[str, Any], layers: list[Any]) -> Iterator[Conflict]:
    """Follow the map from layer to layer as far as all sizes are known."""
    made = yield from _before(data)
    if made is None:
        return
    (shape, channels), planes = made, _planes(_mapping(data.get("input")))
    maps: dict[str, Map] = {FIRST: made} if writes_sums(data) else {}
    for index, entry in enumerate(layers):
        layer, path = _mapping(entry), ("layers", index)
        if layer.get("input") is not None:
            taken = yield from _taken(layer["input"], path, maps)
            if taken is None:
                return
            (shape, channels), planes = taken, 1
        if layer.get("type") == "dense":
            if _is_size(channels):
                yield from _too_wide(layer, prod(shape) * channels, planes, path)
            shape, channels, planes = (1, 1), layer.get("features"), 1
            yield from _addend(layer, path, (shape, channels), maps)
            continue
        if layer.get("type") != "conv" or not _sizes_known(layer):
            return
        problem = _misfit(layer, shape, path)
        if problem is not None:
            yield problem
            return
        if _is_size(channels):
            yield from _too_wide(layer, _taps(layer["kernel"], channels), planes, path)
        yield from _too_large(_convolved(layer, shape), layer.get("channels"), MOST_MAP_VALUES, path)
        neurons = _convolved(layer, shape), layer.get("channels")
        shape, channels, planes = output_shape(layer, shape), layer.get("channels"), 1
        yield from _addend(layer, path, neurons, maps, (shape, channels))
    yield from _behind(data, shape, channels)


def _taken(source: Any, path: KeyPath, maps: Mapping[str, Map]) -> Generator[Conflict, None, Map | None]:
    """Return the map that a layer takes that says which: another layer's, or its own; None if unknown."""
    if isinstance(source, str):
        return maps.get(source)
    own = _mapping(source)
    if not (_is_size(own.get("height")) and _is_size(own.get("width"))):
        return None
    shape, channels = (own["height"], own["width"]), own.get("channels")
    yield from _too_large(shape, channels, MOST_MAP_VALUES, (*path, "input"))
    return shape, channels


def _addend(
    layer: Mapping[str, Any], path: KeyPath, neurons: Map, maps: dict[str, Map], gives: Map | None = None
) -> Iterator[Conflict]:
    """Yield if what a layer adds does not fit, and note what it gives: its neurons, unless pooled."""
    conflict = addend_conflict(layer, path, neurons, maps)
    if conflict is not None:
        yield conflict
    if isinstance(name := layer.get("name"), str):
        maps[name] = gives or neurons


def _before(data: Mapping[str, Any]) -> Generator[Conflict, None, tuple[Shape, Any] | None]:
    """Return the map that the first layer takes, by the host's layers if any are before; None if unknown."""
    image = _mapping(data.get("input"))
    if not (_is_size(image.get("height")) and _is_size(image.get("width"))):
        return None
    shape, channels = (image["height"], image["width"]), image.get("channels")
    yield from _too_large(shape, channels, MOST_IMAGE_VALUES, ("input",))
    if not host_ops(data, "first"):
        return shape, channels
    made, conflict = followed(data, "first", (*shape, channels)) if _is_size(channels) else (None, None)
    if conflict is not None:
        yield conflict
    return None if made is None else (made[:2], made[2])


def _behind(data: Mapping[str, Any], shape: Shape, channels: Any) -> Iterator[Conflict]:
    """Follow the map through the host's last layers, to as many scores as there are classes."""
    if not host_ops(data, "last") or not _is_size(channels):
        return
    made, conflict = followed(data, "last", (*shape, channels))
    if conflict is not None:
        yield conflict
    classes = data.get("classes")
    count = len(classes) if isinstance(classes, list) else classes
    if made is not None and _is_size(count) and prod(made) != count:
        yield Conflict((("classes",), ("last",)), f"{count} classes for the {prod(made)} scores of the host")


def _too_large(shape: Shape, channels: Any, most: int, path: KeyPath) -> Iterator[Conflict]:
    if _is_size(channels) and (count := prod(shape) * channels) > most:
        what = f"{shape[0]}x{shape[1]}x{channels}"
        yield Conflict((path,), f"a map of {what} has {count:,} values; {most:,} at most")


def _planes(image: Mapping[str, Any]) -> int:
    bits = _mapping(image.get("encoding")).get("bits", 1)
    return bits if _is_size(bits) else 1


def _too_wide(layer: Mapping[str, Any], inputs: int, planes: int, path: KeyPath) -> Iterator[Conflict]:
    """Yield if a neuron's sum does not fit, or the weights of a layer are beyond any memory."""
    if inputs * (2 ** min(planes, 64) - 1) > GREATEST_SUM:
        name = layer.get("name")
        yield Conflict((path,), f"layer {name}: {inputs} inputs of {planes} bits exceed 32-bit sums")
    neurons: Any = layer.get("features" if layer.get("type") == "dense" else "channels")
    if _is_size(neurons) and inputs * neurons > MOST_WEIGHTS:
        yield Conflict((path,), f"has {inputs * neurons:,} weights; a layer may have {MOST_WEIGHTS:,}")


def _misfit(layer: Mapping[str, Any], shape: Shape, path: KeyPath) -> Conflict | None:
    sides, pad = _sides(layer["kernel"]), layer.get("padding_pixels", 0)
    if pad >= min(sides) and layer.get("padding") in (
        None,
        "exclude",
    ):  # -1 and +1 are edges: no neuron lacks any
        return Conflict(((*path, "padding_pixels"),), f"{pad} is not below the kernel's {min(sides)}")
    if pad > 0 and layer.get("padding") is None:
        return Conflict((path,), "padding_pixels needs `padding: exclude`, -1 or +1")
    if any(length + 2 * pad < side for length, side in zip(shape, sides, strict=True)):
        found = sides[0] if sides[0] == sides[1] else f"{sides[0]}x{sides[1]}"
        return Conflict(((*path, "kernel"),), f"{found} does not fit the padded map: {_padded(shape, pad)}")
    pool = _mapping(layer.get("pool"))
    convolved = _convolved(layer, shape)
    if pool and min(convolved) < pool["size"]:
        found = f"{convolved[0]}x{convolved[1]}"
        return Conflict(((*path, "pool"),), f"a window of {pool['size']} does not fit the map: {found}")
    if pool and pool["stride"] > pool["size"]:
        return Conflict(((*path, "pool", "stride"),), f"{pool['stride']} leaves gaps between windows")
    return None


def output_shape(layer: Mapping[str, Any], shape: Shape) -> Shape:
    """Return rows and columns after a conv layer and its pooling."""
    height, width = _convolved(layer, shape)
    pool = _mapping(layer.get("pool"))
    if not pool:
        return height, width
    size, stride = pool["size"], pool["stride"]
    return (height - size) // stride + 1, (width - size) // stride + 1


def _convolved(layer: Mapping[str, Any], shape: Shape) -> Shape:
    padding, stride = 2 * layer.get("padding_pixels", 0), layer.get("stride", 1)
    rows, columns = _sides(layer["kernel"])
    return (shape[0] + padding - rows) // stride + 1, (shape[1] + padding - columns) // stride + 1


def _padded(shape: Shape, pad: int) -> str:
    return f"{shape[0] + 2 * pad}x{shape[1] + 2 * pad}"


def _class_count(data: Mapping[str, Any], layers: list[Any]) -> Iterator[Conflict]:
    if host_ops(data, "last"):
        return
    classes = data.get("classes")
    features = _mapping(layers[-1]).get("features") if layers else None
    count = len(classes) if isinstance(classes, list) else classes
    if _is_size(count) and _is_size(features) and count != features:
        yield Conflict(
            (("classes",), ("layers", len(layers) - 1, "features")),
            f"{count} names for the {features} features of the last layer",
        )


def _layers_with_ones(data: Mapping[str, Any], layers: list[Any]) -> Iterator[Conflict]:
    """Synthetic parameters: shares of ones are for layers that have thresholds."""
    recipe = _mapping(_mapping(data.get("parameters")).get("synthetic"))
    named = {name: layer for layer in map(_mapping, layers) if isinstance(name := layer.get("name"), str)}
    for name in _mapping(recipe.get("ones_of")):
        path = ("parameters", "synthetic", "ones_of", name)
        if name not in named:
            yield Conflict((path,), f"there is no layer `{name}`")
        elif named[name].get("scores") is True:
            yield Conflict((path,), "the scores layer has no thresholds, and so no share of ones")


def _sizes_known(layer: Mapping[str, Any]) -> bool:
    pool = layer.get("pool", "none")
    pool_known = pool == "none" or (
        isinstance(pool, Mapping) and _is_size(pool.get("size")) and _is_size(pool.get("stride"))
    )
    pad = layer.get("padding_pixels", 0)
    return (
        _is_kernel(layer.get("kernel"))
        and _is_size(layer.get("stride", 1))
        and (pad == 0 or _is_size(pad))
        and pool_known
    )


def _sides(kernel: Any) -> Shape:
    """Return rows and columns of a kernel, which may be given as one number."""
    rows, columns = kernel if isinstance(kernel, list) else (kernel, kernel)
    return rows, columns


def _taps(kernel: Any, channels: Any) -> int:
    rows, columns = _sides(kernel)
    taps: int = rows * columns * channels
    return taps


def _is_kernel(value: Any) -> bool:
    return _is_size(value) or (isinstance(value, list) and len(value) == 2 and all(map(_is_size, value)))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_size(value: Any) -> bool:
    return type(value) is int and value >= 1


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)
