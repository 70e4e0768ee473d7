"""A workload with orders: the same network, whose edges and members come in another order."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.config.workload import ImageFile
from o3sim.errors import InputError
from o3sim.files import load_npz
from o3sim.formats.importers.written import ImportedWorkload
from o3sim.network.layer_names import layer_number
from o3sim.network.load import WorkloadFiles
from o3sim.network.network import Network
from o3sim.network.parameters import member_key, order_keys, speculation_keys
from o3sim.profile.ordering.calls import Calls
from o3sim.profile.ordering.choose import Chosen, Ordering, choose_order
from o3sim.profile.ordering.members import choose_members, members_evaluated
from o3sim.profile.ordering.samples import can_be_ordered, sample_layers

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class LayerOrders:
    """What was chosen for a layer; shares are of the calibration sample.

    Attributes
    ----------
    edges : Chosen or None
        None where edges were left alone.
    members : tuple of int
        Empty where members were left alone.
    evaluated_before, evaluated_after : float
        Share of window members evaluated, one after another.
    """

    name: str
    edges: Chosen | None
    members: tuple[int, ...]
    evaluated_before: float = 1.0
    evaluated_after: float = 1.0


def choose_orders(
    network: Network,
    images: Sequence[NDArray[np.uint8]],
    how: Ordering | None,
    members: bool,
    layers: Collection[str] | None = None,
    progress: Progress | None = None,
) -> Iterator[LayerOrders]:
    """Choose the orders of every layer that can have one.

    Parameters
    ----------
    how : Ordering or None
        None leaves edges as they are.
    members : bool
        Whether to order the members of windows.
    layers : collection of str, optional
        Whose edges are ordered, by name or number; all if not given.

    Raises
    ------
    InputError
        If there is no such layer, or an order of its edges can bring nothing.
    """
    named = _named(network, layers)
    for number, samples in enumerate(sample_layers(network, images)):
        if progress is not None:
            progress(samples.layer.name, number, len(network.layers))
        edges = choose_order(samples, how) if how is not None and samples.layer.name in named else None
        if not members or not len(samples.patterns):
            yield LayerOrders(samples.layer.name, edges, ())
            continue
        order = choose_members(samples.patterns)
        shares = [members_evaluated(samples.patterns, each) for each in (tuple(sorted(order)), order)]
        yield LayerOrders(samples.layer.name, edges, order, *shares)


def _named(network: Network, layers: Collection[str] | None) -> set[str]:
    """Return the names of the layers whose edges are to be ordered."""
    if layers is None:
        return {layer.name for layer in network.layers if can_be_ordered(layer)}
    names = [layer.name for layer in network.layers]
    found = [network.layers[layer_number(layer, names)] for layer in layers]
    for layer in found:
        if not can_be_ordered(layer):
            raise InputError(
                f"layer `{layer.name}` has no edges to order: only layers that decide bits from binary "
                "input have; name such"
            )
    return {layer.name for layer in found}


def reordered(network: Network, orders: Sequence[LayerOrders]) -> Network:
    """Return the network with these orders."""
    by_name = {order.name: order for order in orders}
    layers = []
    for layer in network.layers:
        order = by_name.get(layer.name)
        if order is not None:
            edges = layer.geometry.edge_order if order.edges is None else order.edges.order
            members = order.members or layer.geometry.member_order
            layer = replace(layer, geometry=replace(layer.geometry, edge_order=edges, member_order=members))  # noqa: PLW2901 - the layer goes on with its orders
        layers.append(layer)
    return replace(network, layers=tuple(layers))


def reordered_workload(files: WorkloadFiles, orders: Sequence[LayerOrders], target: Path) -> ImportedWorkload:
    """Return the workload with these orders, to be written as ``target``."""
    arrays: dict[str, NDArray[Any]] = {}
    for order in orders:
        if order.edges is not None:
            arrays.update(zip(order_keys(order.name), _arrays(order.edges), strict=True))
        if order.members:
            arrays[member_key(order.name)] = np.array(order.members, np.int32)
    return with_arrays(files, arrays, target)


def with_calls(files: WorkloadFiles, calls: Mapping[str, Calls], target: Path) -> ImportedWorkload:
    """Return the workload with bounds to call outcomes by, to be written as ``target``."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, each in calls.items():
        bound, check = speculation_keys(name)
        arrays[bound], arrays[check] = np.array(each.how.bound), np.array(each.how.check_edges)
    return with_arrays(files, arrays, target)


def with_arrays(files: WorkloadFiles, more: Mapping[str, NDArray[Any]], target: Path) -> ImportedWorkload:
    """Return a workload with more arrays among its parameters, to be written as ``target``.

    Raises
    ------
    InputError
        If its parameters are made up: there is no file to put them into.
    """
    if not isinstance(files.parameters, Path):
        raise InputError(f"{files.path}: has synthetic parameters; this is learnt from trained ones")
    arrays = {**load_npz(files.parameters), **more}
    keys = files.workload.model_dump(mode="json", exclude_defaults=True, exclude={"name", "parameters"})
    if isinstance(files.workload.images, ImageFile) and isinstance(files.images, Path):
        keys["images"]["file"] = os.path.relpath(files.images, target.parent)
    return ImportedWorkload(target.name, keys, arrays)


def _arrays(chosen: Chosen) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    order = chosen.order
    smallest = np.uint16 if order.granules.shape[1] <= 2**16 else np.int32
    return order.granules.astype(smallest), order.order_of.astype(np.int32), np.array(order.granule_edges)
