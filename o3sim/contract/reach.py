"""Which keys of an architecture reach what happens in which cycle: on the machine, and in one layer.

Two points of a sweep that agree in these have the same counts: each is simulated once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.weight_groups import WeightGroup
    from o3sim.network.layer import Geometry

_NOT_SEEN: dict[str, Any] = {
    "name": True,
    "description": True,
    "note": True,
    "clock_mhz": True,
    "energy": True,
    "activation_buffer": {"size_kbit"},
}
"""Keys that no engine reads: figures depend on them, what happens in which cycle does not."""

_NOT_SEEN_OF_STAGES: dict[str, Any] = {
    **_NOT_SEEN,
    "dram": True,
    "weight_buffer": {"size_kbit", "resident_kbit"},
    "stages": {"__all__": {"activation_buffer": {"size_kbit"}, "weight_buffer": {"size_kbit"}}},
}
"""The same of a pipeline, whose weights are on the chip."""

_Keys = Mapping[str, tuple[str, ...]]

_OF_STREAMED_WEIGHTS: _Keys = {"dram": ("bits_per_cycle", "latency_cycles")}
"""Keys that reach layers whose weights come from DRAM."""

_OF_WEIGHT_GROUPS: _Keys = {"weight_buffer": ("size_kbit", "resident_kbit")}
"""Keys that decide which weights are there together; a layer that stays has all of them."""

_OF_WINDOWS: _Keys = {
    "scheduler": ("window_in_flight_ops",),
    "pruning": ("pooling",),
    "output_buffer": ("release",),
}
"""Keys that reach windows of several members."""

_OF_SETTLED_WINDOWS: _Keys = {"pruning": ("squash_latency_cycles",)}
"""Keys that reach windows, and classes that can no longer come out highest."""

_OF_VERDICTS: _Keys = {"pruning": ("threshold",)}
"""Keys that reach ops that have an outcome."""

_OF_CLASSES: _Keys = {"pruning": ("argmax",)}
"""Keys that reach the scores."""


def timing_key(architecture: Architecture) -> str:
    """Return all of an architecture that its timing depends on.

    >>> from o3sim.config.load import load_architecture
    >>> "o3bnn" in timing_key(load_architecture("o3bnn"))
    False
    """
    return json.dumps(_seen(architecture))


def _seen(architecture: Architecture) -> dict[str, Any]:
    not_seen = _NOT_SEEN_OF_STAGES if architecture.is_pipelined else _NOT_SEEN
    seen = architecture.model_dump(mode="json", exclude=not_seen)
    if architecture.input_end is not None or architecture.output_end is not None:
        seen["clock_mhz"] = architecture.clock_mhz  # streams have clocks of their own
    if "stages" in seen:
        seen["stages"] = [{unit: keys for unit, keys in stage.items() if keys} for stage in seen["stages"]]
    return seen


def waits_for_no_weights(architecture: Architecture, groups: list[WeightGroup]) -> bool:
    """Return whether all weights of a layer are there when it begins, whatever ran before it.

    What it does, counted from its first cycle, then depends on no other layer.
    """
    return architecture.dram.bits_per_cycle == "ideal" or all(group.stays for group in groups)


def layer_timing_key(
    architecture: Architecture, geometry: Geometry, groups: list[WeightGroup], *, scores: bool
) -> str:
    """Return all of an architecture that the timing of a layer depends on which waits for no weights.

    Parameters
    ----------
    architecture : Architecture
        Of organization ``layer_sequential``.
    geometry : Geometry
    groups : list of WeightGroup
        The layer's own; :func:`waits_for_no_weights`.
    scores : bool
        Whether it is the layer of the scores.

    Examples
    --------
    >>> from o3sim.config.load import load_architecture
    >>> from o3sim.contract.plan import plan_groups
    >>> from o3sim.network.load import load_workload, layer_sizes
    >>> machine, layers = load_architecture("o3bnn"), layer_sizes(load_workload("fashion-vgg"))
    >>> slower = machine.with_({"pruning.squash_latency_cycles": 9})
    >>> groups = plan_groups(machine, layers)
    >>> def key(machine, number):
    ...     return layer_timing_key(machine, layers[number].geometry, groups[number], scores=False)
    >>> [(layer.name, key(machine, n) == key(slower, n)) for n, layer in enumerate(layers)][:3]
    [('conv1', True), ('conv2', False), ('conv3', True)]
    """
    seen = _seen(architecture)
    out_of_reach = [_OF_STREAMED_WEIGHTS]
    if all(group.stays for group in groups):
        out_of_reach += [_OF_WEIGHT_GROUPS]
    pools = geometry.pool is not None
    if not pools:
        out_of_reach += [_OF_WINDOWS]
    if not pools and not (scores and architecture.pruning.argmax):
        out_of_reach += [_OF_SETTLED_WINDOWS]
    out_of_reach += [_OF_VERDICTS] if scores else [_OF_CLASSES]
    for keys_of in out_of_reach:
        for unit, keys in keys_of.items():
            for key in keys:
                seen.get(unit, {}).pop(key, None)
    return json.dumps(seen)
