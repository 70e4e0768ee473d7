"""The machines of ``docs/studies/worth-its-area.md``: what values of the space size, and memories."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from o3sim.area.machine import taken_by
from o3sim.area.memories import memory
from o3sim.area.parts import parts
from o3sim.config.load import load_architecture
from o3sim.errors import InputError
from o3sim.runs.sizes import check_fit

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.network import Network

SPACE = Path(__file__).parents[1] / "studies" / "worth-its-area" / "space.yaml"

SHIPPED = "shipped"
"""The label of the shipped machine of a way."""

MOST_WEIGHTS_KBIT = 15_360
"""More than all weights of any network of the study."""

HALVES_KBIT = 1_000
"""Of the weight buffer, for layers that stream."""
CAROUSEL_HALVES_KBIT = 1_600

LONGEST_BROADCAST_BITS = 512


class Level(NamedTuple):
    """How much of a chip a machine may take."""

    name: str
    lut: int
    bram36: float


class Point(NamedTuple):
    """A machine of the space, and what it takes for the network that asks for most."""

    way: str
    label: str
    machine: Architecture
    lut: int
    bram36: float


Values = Mapping[str, Any]


def load_space(file: Path = SPACE) -> dict[str, Any]:
    """Read the space."""
    return dict(yaml.safe_load(file.read_text()))


def levels_of(space: Values) -> list[Level]:
    """Return the levels, the smallest first."""
    share, known = space["chips"]["share"], parts()
    found = [
        Level(name, int(share * level["of"] * known[level["part"]].lut), known[level["part"]].bram36)
        for name, level in space["chips"]["levels"].items()
    ]
    return sorted(found, key=lambda level: level.lut)


def points_of(space: Values, way: str, networks: Sequence[Network]) -> Iterator[Point]:
    """Yield the machines of a way that fit the largest level, the shipped one last."""
    levels = levels_of(space)
    machine = space["ways"][way]["machine"]
    for values in combinations(space, way):
        try:
            point = _with_memories(machine, way, values, networks, levels)
        except InputError:
            continue  # no machine: groups that do not divide the PEs, more banks than words, ...
        if point:
            yield point
    shipped = load_architecture(machine).with_({"fits": None})
    yield _point(way, SHIPPED, shipped, networks)


def combinations(space: Values, way: str) -> Iterator[dict[str, Any]]:
    """Yield every combination of the values of a way."""
    axes = {"width": space["width_edges"], "contexts": space["contexts"], **space["ways"][way]}
    names = [name for name in axes if name != "machine"]
    for values in itertools.product(*(axes[name] for name in names)):
        yield dict(zip(names, values, strict=True))


def keys_of(way: str, of: Values) -> dict[str, Any] | None:
    """Return the keys of a machine, all but its memories; None of values that do not go together."""
    pes, banks = of["pes"], of.get("activation_banks", 0)
    ops = max(1, round(of.get("ops_a_cycle", 0) * pes))
    keys: dict[str, Any] = {
        "fits": None,
        "pe.count": pes,
        "pe.width_edges": of["width"],
        "pe.contexts": of["contexts"],
        "output_buffer.write_width_ops": ops,
    }
    if way == "dense":
        return {**keys, **_dense(pes * of["contexts"], of["begun_a_cycle"]), "activation_buffer.banks": banks}
    if way == "group":
        return {
            **keys,
            "scheduler.groups": of["groups"],
            "weight_buffer.banks": of["weight_banks"],
        }
    if way == "carousel":
        return {
            **keys,
            "scheduler.groups": of["groups"],
            "scheduler.open_channels": of["open_channels"],
            "weight_buffer.banks": of["groups"] * of["open_channels"],
            "activation_buffer.broadcast_words": min(8, LONGEST_BROADCAST_BITS // of["width"]),
        }
    if not pes / 2 <= banks <= max(8, 2 * pes):
        return None
    keys |= {"activation_buffer.banks": banks, "weight_buffer.banks": 2 * banks}
    if way == "window":
        return {**keys, "scheduler.counters": ops, **_patch(of["patch_kbit"], banks)}
    return {**keys, **_queue(way, of, ops)}


def _dense(group: int, share: float) -> dict[str, Any]:
    return {
        "sequencer.width_ops": max(1, int(share * group)),
        "sequencer.group_windows": 2 * group,
        "issue_queue.depth_ops": 2 * group,
        "scheduler.issue_width_ops": group,
        "output_buffer.write_width_ops": group,
    }


def _patch(kbit: int, banks: int) -> dict[str, Any]:
    """Return a window machine's patch; with it, a broadcast of 8 banks is as much as is tried."""
    if not kbit:
        return {}
    broadcast = {"activation_buffer.banks": min(8, banks), "activation_buffer.line_buffer": False}
    return {"activation_buffer.patch_kbit": kbit, **broadcast}


def _queue(way: str, of: Values, ops: int) -> dict[str, Any]:
    depth = of["queue_ops"] * of["pes"]
    keys = {
        "issue_queue.depth_ops": depth,
        "sequencer.width_ops": ops,
        "sequencer.group_windows": depth,
    }
    if way == "queue in banks":
        return {**keys, "scheduler.banks": of["pes"]}
    return {**keys, "scheduler.issue_width_ops": ops}


@cache
def _shipped(machine: str) -> Architecture:
    return load_architecture(machine)


def _with_memories(
    machine: str, way: str, of: Values, networks: Sequence[Network], levels: Sequence[Level]
) -> Point | None:
    """Give a machine the largest weight buffer for which its chip has blocks; None if it is too large."""
    keys = keys_of(way, of)
    if keys is None:
        return None
    few = {"weight_buffer.size_kbit": 2 * HALVES_KBIT, "weight_buffer.resident_kbit": 0}
    trial = _shipped(machine).with_({**keys, **few})
    taken = taken_by(trial, networks[-1].layers)
    level = next((level for level in levels if taken.lut <= level.lut), None)
    if level is None:
        return None
    banks = trial.weight_buffer.banks if isinstance(trial.weight_buffer.banks, int) else trial.pe.count
    width = trial.pe.width_edges
    left = level.bram36 - taken.bram36 + blocks_of(2 * HALVES_KBIT, banks, width)
    kbit = largest_kbit(left, banks, width)
    halves = CAROUSEL_HALVES_KBIT if way == "carousel" else HALVES_KBIT
    sized = {"weight_buffer.size_kbit": kbit, "weight_buffer.resident_kbit": max(0, kbit - halves)}
    label = ", ".join(f"{name} {value}" for name, value in of.items())
    point = _point(way, label, trial.with_(sized), networks)
    fits = point.lut <= levels[-1].lut and point.bram36 <= level.bram36
    return point if fits else None


def largest_kbit(blocks: float, banks: int, width: int) -> int:
    """Return the size of the largest buffer that so many blocks hold.

    >>> largest_kbit(64, 32, 128)
    2048
    """
    low, high = 0, MOST_WEIGHTS_KBIT
    while low < high:
        middle = (low + high + 1) // 2
        if blocks_of(middle, banks, width) <= blocks:
            low = middle
        else:
            high = middle - 1
    return low


def blocks_of(kbit: int, banks: int, width: int) -> float:
    """Return the blocks of a buffer whose banks are memories of their own.

    >>> blocks_of(2048, 32, 128), blocks_of(2049, 32, 128)
    (64.0, 96.0)
    """
    return banks * memory(-(-kbit * 1024 // (banks * width)), width).bram36


def _point(way: str, label: str, machine: Architecture, networks: Sequence[Network]) -> Point:
    """Count what a machine takes for the network that asks for most.

    Raises
    ------
    InputError
        If one of the networks does not fit it.
    """
    for network in networks:
        check_fit(machine, network.name, network.layers)
    taken = [taken_by(machine, network.layers) for network in networks]
    return Point(way, label, machine, max(t.lut for t in taken), max(t.bram36 for t in taken))
