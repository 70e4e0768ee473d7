"""What can be written as SystemVerilog; all else is refused by the key that asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from o3sim.config.custom_code import is_custom
from o3sim.config.dispatch import CAROUSEL
from o3sim.contract.plan import plan_groups
from o3sim.errors import InputError
from o3sim.network.flow import source_numbers

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry
    from o3sim.network.network import Network

LEAST_LATENCY_CYCLES = 2


def check_scope(architecture: Architecture, network: Network, numbers: range) -> None:
    """Refuse a machine or layers that cannot be written.

    Parameters
    ----------
    architecture : Architecture
    network : Network
    numbers : range
        Of the layers, from 0.

    Raises
    ------
    InputError
        With the key or the layer's property that is outside, and the way out.
    """
    for problem in _problems(architecture, network, numbers):
        raise InputError(f"architecture {architecture.name}: {problem}")


def check_machine(architecture: Architecture) -> None:
    """Refuse a machine that cannot be written, whatever the layer; errors as for :func:`check_scope`."""
    for problem in _machine_problems(architecture):
        raise InputError(f"architecture {architecture.name}: {problem}")


def _problems(architecture: Architecture, network: Network, numbers: range) -> Iterator[str]:
    yield from _machine_problems(architecture)
    for number in numbers:
        layer = network.layers[number]
        where = f"layer {layer.name}"
        if layer.scores:
            yield f"pruning.argmax: {where} gives scores, of which no RTL is written; name another --layer"
        yield from _geometry_problems(where, layer.geometry)
        if layer.geometry.planes > 1:
            yield from _plane_problems(where, architecture, layer.geometry)
        yield from _weight_problems(where, architecture, network, number)
    yield from _row_problems(network, numbers)


def _row_problems(network: Network, numbers: range) -> Iterator[str]:
    """Say which layers of a row do not take what the one before them gives."""
    sources = source_numbers(network.layers)
    for number in numbers[1:]:
        layer, before = network.layers[number], network.layers[number - 1]
        if layer.geometry.own_input or sources[number] != number - 1:
            yield (
                f"layer {layer.name} does not take the output of layer {before.name}, so no RTL runs one"
                " behind the other; give one --layer"
            )


def _machine_problems(architecture: Architecture) -> Iterator[str]:
    a = architecture
    if a.is_pipelined:
        yield "organization: `layer_pipelined` has no RTL; take `layer_sequential`"
    if is_custom(a.pe.unit) or is_custom(a.scheduler.policy or ""):
        key = "pe.unit" if is_custom(a.pe.unit) else "scheduler.policy"
        yield f"{key}: a class of yours has no RTL; take a shipped one"
    if a.pe.latency_cycles < LEAST_LATENCY_CYCLES:
        yield (
            f"pe.latency_cycles: {a.pe.latency_cycles} would need memories that are read within a cycle;"
            f" give at least {LEAST_LATENCY_CYCLES}"
        )
    if a.scheduler.tiles == "columns":
        yield "scheduler.tiles: `columns` has no RTL; take `shared`"
    if a.activation_buffer.share_patch_reads == "aligned":
        yield "activation_buffer.share_patch_reads: `aligned` has no RTL; take `none` or `chance`"
    if a.pruning.argmax:
        yield "pruning.argmax: compares by precomputed ranks, which is no hardware; take `false`"
    if a.pruning.speculative:
        yield "pruning.speculative: has no RTL; take `false`"


def _geometry_problems(where: str, geometry: Geometry) -> Iterator[str]:
    if geometry.makes_sums:
        yield f"{where} makes sums of more than its dots, of which no RTL is written; name another --layer"
    if geometry.edge_order is not None:
        yield f"{where} has an edge order, of which no RTL is written; take the workload without it"
    if geometry.member_order:
        yield f"{where} has a member order, of which no RTL is written; take the workload without it"
    if geometry.padding == "exclude" and geometry.padding_pixels:
        yield f"{where} has padding `exclude`, of which no RTL is written; name a layer with -1 or +1"
    pool = geometry.pool
    if pool is not None and pool.size != pool.stride:
        yield (
            f"{where} has a pool of {pool.size} every {pool.stride}; RTL is written where windows lie side"
            " by side; name another --layer"
        )


def _plane_problems(where: str, architecture: Architecture, geometry: Geometry) -> Iterator[str]:
    """Say where words of a fixed-point input would take more than one word of weights each."""
    if architecture.scheduler.dispatch == CAROUSEL:
        return
    width, taps = architecture.pe.width_edges, geometry.fan_in
    if taps > width and taps % width:
        yield (
            f"pe.width_edges: words of {width} edges begin elsewhere in each bit plane of the {taps} taps of"
            f" {where}, of which no RTL is written; give {taps} or more, or name a later --layer"
        )


def _weight_problems(where: str, architecture: Architecture, network: Network, number: int) -> Iterator[str]:
    groups = plan_groups(architecture, network.layers)
    if len(groups[number]) > 1:
        yield (
            f"weight_buffer.size_kbit: weights of {where} come in {len(groups[number])} groups, and RTL is"
            " written where they fit one half; give more, or weight_buffer.resident_kbit for all layers"
        )
    streams = any(not group.stays for cut in groups for group in cut)
    if streams and architecture.dram.bits_per_cycle != "ideal":
        yield (
            "dram.bits_per_cycle: streaming has no RTL; take `ideal`, or weight_buffer.resident_kbit for"
            " the weights of all layers"
        )
