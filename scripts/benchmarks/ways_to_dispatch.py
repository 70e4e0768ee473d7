"""All ways to dispatch, as machines of the same PEs, and what is varied of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from o3sim.config.architecture import Architecture
from o3sim.config.flat import flattened
from o3sim.config.load import load_architecture


@dataclass(frozen=True)
class Way:
    """A way to dispatch.

    Attributes
    ----------
    machine : str
        Shipped machine of that way.
    changes : mapping of str to value
        By dotted key, what differs from it.
    """

    machine: str
    changes: dict[str, Any] = field(default_factory=dict)


BALANCED = "group + patch, balanced"
"""Runs on workloads that `o3sim balance` wrote, and is left out on others."""

CAROUSEL = "carousel"
CAROUSELS = CAROUSEL, "carousel, columns", "carousel, columns of 16"

COLUMNS = {"scheduler.tiles": "columns", "scheduler.take_from_neighbour": 4}
"""A carousel whose PEs each hold columns of their own."""

PATCH = {"activation_buffer.banks": 2, "activation_buffer.patch_kbit": 16}

WAYS: dict[str, Way] = {
    "dense": Way("dense-64pe"),
    "central, out of order": Way("o3bnn-64pe"),
    "central, in order": Way(
        "o3bnn-64pe", {"scheduler.policy": "in_order", "sequencer.order": "member_major"}
    ),
    "queue in banks": Way("banked-64pe"),
    "window": Way("window-64pe"),
    "window + patch": Way("window-64pe", PATCH),
    "group + patch": Way("group-64pe"),
    BALANCED: Way("group-64pe", {"scheduler.assignment": "channel_balanced"}),
    CAROUSEL: Way("carousel-64pe"),
    CAROUSELS[1]: Way("carousel-64pe", {"scheduler.groups": 8, "scheduler.open_channels": 4, **COLUMNS}),
    CAROUSELS[2]: Way(
        "carousel-64pe",
        {
            "scheduler.groups": 4,
            "scheduler.open_channels": 8,
            **COLUMNS,
            "activation_buffer.patch_kbit": 16,
        },
    ),
}
"""By what tables call them; the first is what the others are compared with."""

DENSE = next(iter(WAYS))
BANKED = (DENSE, "central, out of order", "central, in order", "queue in banks", "window")
"""Machines that read activations from the banks of the buffer."""
PATCHED = ("window + patch", "group + patch", BALANCED)
"""Machines that read them from memories of their PEs, as windows ask for them."""


class Sizes(NamedTuple):
    """What all ways are sized by; as shipped where nothing is said."""

    pes: int = 64
    width: int = 32
    latency: int = 3
    contexts: int = 3


SHIPPED_SIZES = Sizes()


@dataclass(frozen=True)
class Setting:
    """Some ways, with other sizes or other values of some keys."""

    table: str
    label: str
    ways: tuple[str, ...]
    sizes: Sizes = SHIPPED_SIZES
    changes: dict[str, Any] = field(default_factory=dict)


def settings() -> Iterator[Setting]:
    """Yield what is varied, one thing at a time."""
    every = tuple(WAYS)
    for latency, contexts in ((2, 2), (4, 4), (3, 2), (3, 4), (4, 3)):
        sizes = Sizes(latency=latency, contexts=contexts)
        yield Setting("latency and contexts", f"L {latency}, C {contexts}", every, sizes)
    for pes, width in ((128, 16), (32, 64)):
        yield Setting("PEs x width", f"{pes} x {width}", every, Sizes(pes, width))
    for banks in (64, 256):
        weights = {"weight_buffer.banks": banks}
        yield Setting("banks", f"{banks}", BANKED, changes={"activation_buffer.banks": banks, **weights})
        yield Setting("banks", f"{banks}", PATCHED, changes=weights)
    for banks in (1, 4, 16):
        broadcast = {"activation_buffer.banks": banks}
        yield Setting("broadcast", f"{32 * banks} bits", PATCHED, changes=broadcast)
        lanes = {"activation_buffer.broadcast_words": banks}
        yield Setting("broadcast", f"{32 * banks} bits", CAROUSELS, changes=lanes)
    for label, kbit in (("half", 8), ("twice", 32)):
        yield Setting("own memory", label, PATCHED, changes={"activation_buffer.patch_kbit": kbit})
        halves = {"activation_buffer.patch_kbit": 2 * kbit}
        yield Setting("own memory", label, (CAROUSEL,), changes=halves)
    for counters in (1, 4, 64):
        counted = {"scheduler.counters": counters}
        yield Setting("counters", f"{counters}", ("window", "window + patch"), changes=counted)
    for groups in (4, 16):
        bound = {"scheduler.groups": groups}
        yield Setting("groups", f"{groups}", ("group + patch", BALANCED), changes=bound)
    yield from _of_carousels()


def _of_carousels() -> Iterator[Setting]:
    """Yield what is varied of carousels alone."""
    for banks in (2, 8, 31, 128):
        written = {"activation_buffer.banks": banks}
        yield Setting("banks that outputs are written to", f"{banks}", (CAROUSEL,), changes=written)
    for groups, channels in ((2, 8), (2, 16), (1, 24), (4, 16)):
        streams = {"scheduler.groups": groups, "scheduler.open_channels": channels}
        yield Setting("groups x open channels", f"{groups} x {channels}", (CAROUSEL,), changes=streams)
    for sharing in ("chance", "aligned"):
        shared = {"activation_buffer.share_patch_reads": sharing}
        yield Setting("reads of the own memory", sharing, CAROUSELS, changes=shared)
    for windows in (0, 1, 2):
        taken = {"scheduler.take_from_neighbour": windows}
        yield Setting("windows of the neighbour", f"{windows}", CAROUSELS[1:], changes=taken)


def machine_of(
    name: str, sizes: Sizes = SHIPPED_SIZES, changes: dict[str, Any] | None = None
) -> Architecture:
    """Size a way: all that feeds the PEs grows with them, and the queue with the latency."""
    way = WAYS[name]
    base = load_architecture(way.machine)
    shipped = flattened(base.model_dump(mode="json"))
    sized = {key: value for key, value in _sized(name, sizes, shipped).items() if key in shipped}
    own = {key: _share(value, sizes) if key in PES_SHARE else value for key, value in way.changes.items()}
    return base.with_({**sized, **own, **_broadcast(way, sizes, base), **(changes or {})})


def _sized(name: str, sizes: Sizes, shipped: Mapping[str, Any]) -> dict[str, Any]:
    ops = sizes.pes * sizes.contexts if name == DENSE else sizes.pes // 2
    queue = max(2**sizes.latency * sizes.pes, sizes.pes * sizes.contexts)
    return {
        "pe.count": sizes.pes,
        "pe.width_edges": sizes.width,
        "pe.latency_cycles": sizes.latency,
        "pe.contexts": sizes.contexts,
        # With fewer contexts than cycles of latency taking turns wastes less.
        "pe.pick": "oldest" if sizes.contexts >= sizes.latency else "barrel",
        "sequencer.width_ops": ops,
        "sequencer.group_windows": queue,
        "issue_queue.depth_ops": queue,
        "scheduler.issue_width_ops": ops,
        "output_buffer.write_width_ops": ops,
        "activation_buffer.banks": 2 * sizes.pes,
        **{key: _share(shipped.get(key, 0), sizes) for key in PES_SHARE},
    }


PES_SHARE = ("scheduler.counters", "scheduler.groups", "scheduler.banks", "weight_buffer.banks")
"""What there is of a kind for so many PEs each."""


def _share(shipped: int, sizes: Sizes) -> int:
    """Return how many there are for so many PEs."""
    return shipped * sizes.pes // SHIPPED_SIZES.pes


def _broadcast(way: Way, sizes: Sizes, base: Architecture) -> dict[str, Any]:
    """Return as many banks as broadcast 64 bits a cycle, of a machine that does."""
    lanes = max(1, 64 // sizes.width)
    if base.activation_buffer.broadcast_words is not None:
        banks = {"activation_buffer.banks": base.activation_buffer.banks}
        return {**banks, "activation_buffer.broadcast_words": lanes}
    has_patch = base.activation_buffer.patch_kbit or "activation_buffer.patch_kbit" in way.changes
    return {"activation_buffer.banks": lanes} if has_patch else {}


SHIPPED = Setting("as shipped", "64 x 32, L 3, C 3", tuple(WAYS))
