"""Which layers are sampled, and what keeps the others from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from o3sim.compiled.fast.choice import prunes_windows, why_general
from o3sim.config.dispatch import CENTRAL
from o3sim.contract.plan import plan_groups
from o3sim.contract.program_order import window_members
from o3sim.contract.reach import waits_for_no_weights
from o3sim.contract.sections import parts_of
from o3sim.errors import InputError
from o3sim.runs.engines import DEFAULT_ENGINE, engine_name
from o3sim.runs.estimate.bounds import ops_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from o3sim.config.architecture import Architecture
    from o3sim.contract.weight_groups import WeightGroup
    from o3sim.network.layer import Sized

_TOO_FEW = "ops"


class SamplingChoice(NamedTuple):
    """What is sampled of a network on a machine.

    Attributes
    ----------
    layers : frozenset of int
        Numbers of the layers.
    ops_share : float
        Share of the ops of all layers that are run, 0..1.
    others : tuple of (str, str)
        Name of each other layer, and the key, or what of it, that keeps it from being sampled.
    """

    layers: frozenset[int]
    ops_share: float
    others: tuple[tuple[str, str], ...]


def choose_layers(architecture: Architecture, layers: Sequence[Sized], engine: str | None) -> SamplingChoice:
    """Choose the layers of a network that are sampled.

    Raises
    ------
    InputError
        If there are none, naming the key that is the reason.
    """
    if architecture.is_pipelined:
        raise _refused(architecture, "organization", "stages of a pipeline wait for each other's rows")
    if architecture.scheduler.dispatch != CENTRAL:
        raise _refused(architecture, "scheduler.dispatch", "stretches follow the order of one queue")
    if engine_name(architecture, engine) != DEFAULT_ENGINE:
        raise InputError(f"--sample: {architecture.name}: only the compiled engine runs stretches of layers")
    cuts = plan_groups(architecture, layers)
    why = [_why_whole(architecture, layer, cut) for layer, cut in zip(layers, cuts, strict=True)]
    chosen = frozenset(number for number, reason in enumerate(why) if reason is None)
    if not chosen:
        raise _none_gains(architecture, layers, why)
    sizes = [parts_of(architecture, layer.geometry) for layer in layers]
    run = sum(parts.simulated_ops if number in chosen else parts.ops for number, parts in enumerate(sizes))
    others = tuple(
        (layer.name, reason) for layer, reason in zip(layers, why, strict=True) if reason is not None
    )
    return SamplingChoice(chosen, run / sum(parts.ops for parts in sizes), others)


def _why_whole(architecture: Architecture, layer: Sized, groups: list[WeightGroup]) -> str | None:
    """Say what keeps a layer from being sampled; None if nothing does."""
    a, geometry = architecture, layer.geometry
    reason = why_general(a, geometry, scores=layer.scores, races=layer.scores and a.pruning.argmax)
    if reason is not None:
        return reason
    if not waits_for_no_weights(a, groups):
        return "dram.bits_per_cycle"
    if len(groups) > 1:
        return "weight_buffer.size_kbit"
    members = window_members(geometry)
    if members.windows_of.shape[1] > 1 or (members.owned < 0).any():
        return "windows that overlap"
    if prunes_windows(a, geometry, layer.scores) and a.scheduler.window_in_flight_ops != 1:
        return "scheduler.window_in_flight_ops"
    parts = parts_of(a, geometry)
    return None if parts.ops >= parts.least_ops else _TOO_FEW


def _refused(architecture: Architecture, key: str, why: str) -> InputError:
    return InputError(f"--sample: {architecture.name} cannot be sampled ({key}): {why}; run it without")


def _none_gains(architecture: Architecture, layers: Sequence[Sized], why: Sequence[str | None]) -> InputError:
    """Say why no layer is sampled: what keeps the largest from it."""
    sizes = [ops_of(layer.geometry) for layer in layers]
    largest = sizes.index(max(sizes))
    name, ops, reason = layers[largest].name, sizes[largest], why[largest]
    if reason != _TOO_FEW:
        return _refused(architecture, str(reason), f"stretches of {name} cannot be run by themselves")
    least_ops = parts_of(architecture, layers[largest].geometry).least_ops
    return InputError(
        f"--sample: no layer is large enough to gain on {architecture.name}: the largest, {name}, has"
        f" {ops:,} ops, and {least_ops:,} are needed (pe.count); run it without"
    )
