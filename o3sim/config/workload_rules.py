"""What must hold between the keys of a workload.

The rules take plain values that may be incomplete or of wrong types: what is wrong with a single
key is the model's to say, and everything that depends on such a key is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

from o3sim.config.marks import Conflict, KeyPath

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
    listed = data.get("layers")
    layers = listed if isinstance(listed, list) else []
    yield from _unique_names(layers)
    yield from _layer_order(layers, data.get("classes") is not None)
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


def _layer_order(layers: list[Any], has_classes: bool) -> Iterator[Conflict]:
    dense_above = False
    for index, entry in enumerate(layers):
        layer = _mapping(entry)
        if layer.get("type") == "conv" and dense_above and not _begins_anew(layer):
            yield Conflict((("layers", index, "type"),), "a conv layer cannot come after a dense one")
        dense_above = layer.get("type") == "dense" or (dense_above and not _begins_anew(layer))
        last = index == len(layers) - 1
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
    image = _mapping(data.get("input"))
    if not (_is_size(image.get("height")) and _is_size(image.get("width"))):
        return
    shape, channels, planes = (image["height"], image["width"]), image.get("channels"), _planes(image)
    yield from _too_large(shape, channels, MOST_IMAGE_VALUES, ("input",))
    for index, entry in enumerate(layers):
        layer, path = _mapping(entry), ("layers", index)
        if _begins_anew(layer):
            own = _mapping(layer["input"])
            if not (_is_size(own.get("height")) and _is_size(own.get("width"))):
                return
            shape, channels, planes = (own["height"], own["width"]), own.get("channels"), 1
            yield from _too_large(shape, channels, MOST_MAP_VALUES, (*path, "input"))
        if layer.get("type") == "dense":
            if _is_size(channels):
                yield from _too_wide(layer, prod(shape) * channels, planes, path)
            shape, channels, planes = (1, 1), layer.get("features"), 1
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
        shape, channels, planes = output_shape(layer, shape), layer.get("channels"), 1


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


def _begins_anew(layer: Mapping[str, Any]) -> bool:
    """Return whether a layer has an input of its own."""
    return layer.get("input") is not None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_size(value: Any) -> bool:
    return type(value) is int and value >= 1


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)
