"""From the last layer's sums to a workload."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from o3sim.config.complaints import first_complaint
from o3sim.config.host_ops import FIRST
from o3sim.config.workload import Workload
from o3sim.formats.importers.folding.connecting import MOST_BITS, bits_for, connected
from o3sim.formats.importers.folding.inputs import RAW
from o3sim.formats.importers.folding.maps import (
    AnyMap,
    Before,
    Floats,
    FoldedLayer,
    HostSpec,
    HostStep,
    Levels,
    Map,
    Sums,
    Taken,
)
from o3sim.formats.importers.folding.numbers import to_float32
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.folding.rounding import rounded_sums
from o3sim.formats.importers.folding.steps import Affine
from o3sim.formats.importers.written import ImportedWorkload
from o3sim.network.bits.packing import pack_bits
from o3sim.network.host_ranges import ends_after
from o3sim.network.load import layer_shapes
from o3sim.network.preprocess import BinaryInput, InputSpec


def finished(
    data: AnyMap, name: str, description: str, source: str, classes: Sequence[str] | None = None
) -> ImportedWorkload:
    """Make a workload of a network that ends in class scores.

    Parameters
    ----------
    data : Map
        What the network gives.
    classes : sequence of str, optional
        Names, used if there is one for each output.

    Raises
    ------
    CannotRunError
        If it does not end in the sums of a dense layer, or a limit of workloads is exceeded.
    """
    if isinstance(data, Floats):
        return _with_last(data, name, description, source, classes)
    if not isinstance(data, Sums):
        raise CannotRunError(f"ends in {_words(data)}, not in the scores of a layer without threshold")
    layers = _named([*data.before.layers, _scores_layer(data)], _host_reach(data.before))
    outputs = len(data.layer.bits)
    keys = {
        "description": description,
        "source": source,
        "classes": list(classes) if classes is not None and len(classes) == outputs else outputs,
        **_first(data.before),
        "layers": [layer.key for layer in layers],
    }
    _check(name, keys)
    arrays = {**_arrays(data, layers), **_host_arrays(_first_steps(data.before))}
    return ImportedWorkload(name, keys, arrays, _notes(layers, data.before))


def _with_last(
    data: Floats, name: str, description: str, source: str, classes: Sequence[str] | None
) -> ImportedWorkload:
    """Make a workload whose last layers are the host's."""
    if data.start is not None:
        raise CannotRunError("has no sign: all of it would be the host's")
    layers, outputs = _named(list(data.before.layers), _host_reach(data.before)), data.places.size
    keys = {
        "description": description,
        "source": source,
        "classes": list(classes) if classes is not None and len(classes) == outputs else outputs,
        **_first(data.before),
        "layers": [layer.key for layer in layers],
        "last": {"host": [step.key for step in data.steps]},
    }
    _check(name, keys)
    arrays = {**_layer_arrays(layers), **_host_arrays((*_first_steps(data.before), *data.steps))}
    return ImportedWorkload(name, keys, arrays, _notes(layers, data.before))


def _first(before: Before) -> dict[str, Any]:
    """Return the keys of the input, and of the host's first layers if there are any."""
    rows, columns, channels = before.shape
    image = {"height": rows, "width": columns, "channels": channels}
    if isinstance(before.spec, HostSpec):
        encoding: dict[str, Any] = {"type": "real", "range": [before.spec.low, before.spec.high]}
        first: dict[str, Any] = {"host": [s.key for s in before.spec.steps]}
        reach = _host_reach(before)
        if reach is not None:
            first |= {"sum_bits": bits_for(reach), "fraction_bits": before.spec.sum_fraction_bits}
        return {"input": {**image, "encoding": encoding}, "first": first}
    return {"input": {**image, "encoding": _encoding(before.spec or RAW)}}


def _host_reach(before: Before) -> int | None:
    """Return what no sum of the host's first layers exceeds; None if nobody adds them."""
    spec = before.spec
    if not isinstance(spec, HostSpec) or spec.sum_fraction_bits is None:
        return None
    ends = ends_after(((s.key, s.arrays) for s in spec.steps), spec.low, spec.high, before.shape[2])
    reach = float(np.abs(ends).max()) * 2.0**spec.sum_fraction_bits + 1
    if not reach < 2.0 ** (MOST_BITS - 1):
        raise CannotRunError(
            f"adds values of the host's first layers up to {reach:,.0f}, beyond {MOST_BITS} bits; give fewer "
            "--fraction-bits"
        )
    return int(reach)


def _first_steps(before: Before) -> tuple[HostStep, ...]:
    return before.spec.steps if isinstance(before.spec, HostSpec) else ()


def _host_arrays(steps: Sequence[HostStep]) -> dict[str, NDArray[Any]]:
    return {f"{s.key['name']}_host_{word}": array for s in steps for word, array in s.arrays.items()}


def _notes(layers: Sequence[FoldedLayer], before: Before) -> tuple[str, ...]:
    weights = tuple(
        f"{layer.key['name']}: weights differ from one magnitude by up to {layer.rounded:.1e} of it, as "
        "`w + (sign(w) - w)` does in floats: taken for that magnitude"
        for layer in layers
        if layer.rounded
    )
    reach = _host_reach(before)
    sums = tuple(f"{layer.key['name']}: {words}" for layer, words in rounded_sums(layers, reach))
    if before.fraction_bits is not None and not sums:
        sums = ("--fraction-bits: without effect, no sums are added",)
    return (*weights, *sums)


def _arrays(data: Sums, layers: Sequence[FoldedLayer]) -> dict[str, NDArray[Any]]:
    arrays = _layer_arrays(layers)
    if data.steps:
        scale, bias = _scores_scale(data)
        arrays[f"{layers[-1].key['name']}_score_scale"] = to_float32(scale)
        arrays[f"{layers[-1].key['name']}_score_bias"] = to_float32(bias)
    return arrays


def _layer_arrays(layers: Sequence[FoldedLayer]) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for layer in layers:
        arrays[f"{layer.key['name']}_weights"] = pack_bits(layer.bits)
        if layer.theta is not None:
            arrays[f"{layer.key['name']}_theta"] = layer.theta
        arrays |= {f"{layer.key['name']}_{word}": values for word, values in layer.rule.items()}
    return arrays


def _words(data: Map) -> str:
    if isinstance(data, Taken):
        return "what goes to be added"
    if not isinstance(data, Levels):
        return "the input"
    if not data.before.layers:
        return "bits"
    return "bits (if its last operation is a sign, export it without: the class is the highest sum before it)"


def _scores_layer(sums: Sums) -> FoldedLayer:
    """Check the last layer; a convolution that sees its whole map is a dense layer."""
    if sums.added is not None:
        raise CannotRunError("adds to its scores, which the layer of the scores cannot")
    if sums.places.size != len(sums.layer.bits):
        raise CannotRunError(f"ends in a map of shape {list(sums.places.shape)}, not in one score per class")
    if "pool" in sums.layer.key or sums.layer.key.get("padding_pixels"):
        raise CannotRunError("ends in a convolution that is padded or pooled")
    name = sums.layer.key["name"]
    key = {"name": name, "type": "dense", "features": len(sums.layer.bits), "scores": True}
    return replace(sums.layer, key=key)


def _scores_scale(sums: Sums) -> tuple[list[Fraction], list[Fraction]]:
    outputs = len(sums.layer.bits)
    scale, bias = [Fraction(1)] * outputs, [Fraction(0)] * outputs
    for step in sums.steps:
        if not isinstance(step, Affine):
            raise CannotRunError("clips or pools the class scores")
        scale = [a * b for a, b in zip(scale, step.scale, strict=True)]
        bias = [a * b + c for a, b, c in zip(bias, step.scale, step.shift, strict=True)]
    return scale, bias


def _named(layers: list[FoldedLayer], host_reach: int | None) -> list[FoldedLayer]:
    """Keep names that are fit and differ; number the others; then name what layers take from."""
    taken: set[str] = {FIRST} if host_reach is not None else set()
    named = []
    counts = {"conv": 0, "dense": 0}
    for layer in layers:
        key = dict(layer.key)
        counts[key["type"]] += 1
        numbered = "scores" if key.get("scores") else f"{key['type']}{counts[key['type']]}"
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,63}", key["name"]) or key["name"] in taken:
            key["name"] = numbered
        while key["name"] in taken:
            key["name"] += "_"
        taken.add(key["name"])
        named.append(replace(layer, key=key))
    return connected(named, host_reach)


def _encoding(spec: InputSpec) -> dict[str, Any]:
    if isinstance(spec, BinaryInput):
        return {"type": "binary", "threshold": spec.threshold}
    return {
        "type": "fixed",
        "bits": spec.bits,
        "signed": spec.signed,
        "fraction_bits": spec.fraction_bits,
        "range": [spec.low, spec.high],
    }


def _check(name: str, keys: dict[str, Any]) -> None:
    try:
        workload = Workload.model_validate({"name": name, **keys, "parameters": "parameters.npz"})
    except ValidationError as error:
        raise CannotRunError(f"exceeds what a workload can hold: {first_complaint(error, keys)}") from None
    layer_shapes(workload)
