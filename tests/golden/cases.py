"""Small layers under machines that differ in what matters to timing, one golden trace each.

Outcomes and decisions are made by integer arithmetic, so that no library's random numbers are
part of a golden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from o3sim.network.layer import Geometry, Pool
from o3sim.profile.profile import LayerProfile
from o3sim.trace.canonical import CanonicalTrace
from tests.machine.harness import architecture, conv, dense, profile, run

FOLDER = Path(__file__).parent

POOLED = conv(6, 6, 4, 3, pool=Pool(2, 2))
"""Four windows of four neurons, of 36 edges each, in three channels."""


class Golden(NamedTuple):
    """Layers and the architecture's differences from the bench's own."""

    layers: Callable[[], tuple[LayerProfile, ...]]
    changes: dict[str, Any]
    operands: bool = True


def made_up(geometry: Geometry, salt: int, ones_in_ten: int = 3) -> LayerProfile:
    """Make decisions anywhere in the last third of the edges, a few early, some constant, and outcomes."""
    shape = geometry.out_height, geometry.out_width, geometry.out_channels
    mixed = (np.arange(np.prod(shape), dtype=np.int64).reshape(shape) + salt) * 7919 % 10_007
    n_edges = geometry.n_edges_map()[:, :, None]
    early = np.where(mixed % 5 == 0, n_edges // 3, 0)
    decision = np.where(mixed % 17 == 0, 0, n_edges - mixed % (n_edges // 3 + 1) - early)
    return profile(geometry, decision, mixed // 7 % 10 < ones_in_ten)


def pooled() -> tuple[LayerProfile, ...]:
    """Make one layer before a 2x2 pool."""
    return (made_up(POOLED, 1),)


def overlapping() -> tuple[LayerProfile, ...]:
    """Make one layer before a 3x3/2 pool, with excluded padding: neurons of 16, 24 and 36 edges."""
    return (made_up(conv(5, 5, 4, 2, padding_pixels=1, padding="exclude", pool=Pool(3, 2)), 2),)


def network() -> tuple[LayerProfile, ...]:
    """Make a fixed-point layer before a pool, a dense one, and scores."""
    return (
        made_up(conv(4, 4, 3, 4, pool=Pool(2, 2), planes=2), 3),
        made_up(dense(130, 6), 4),  # three weight groups where a half holds 512 bits
        profile(dense(6, 4), scores=True),
    )


BANKED = {"activation_buffer__banks": 2, "weight_buffer__banks": 2}
DEEP = {"pe__latency_cycles": 3, "scheduler__issue_latency_cycles": 1, "pruning__squash_latency_cycles": 2}
NARROW = {"sequencer__width_ops": 2, "scheduler__issue_width_ops": 2, "output_buffer__write_width_ops": 1}
INTERLEAVED = {"sequencer__order": "member_major", "sequencer__group_windows": 4}
STREAMED = {"weight_buffer__size_kbit": 1, "dram__bits_per_cycle": 4, "dram__latency_cycles": 10}
IN_BANKS = {"scheduler__dispatch": "banked", "scheduler__banks": 2, "scheduler__issue_width_ops": None}
UNPRUNED = {"pruning__threshold": False, "pruning__pooling": False}


def policy(name: str, **changes: Any) -> dict[str, Any]:
    """Name a policy and what else differs."""
    return {"scheduler__policy": name, **changes}


GOLDENS: dict[str, Golden] = {
    "out-of-order": Golden(pooled, policy("out_of_order")),
    "out-of-order-banked": Golden(pooled, policy("out_of_order", **BANKED, **DEEP, pe__contexts=2)),
    "out-of-order-line-buffer": Golden(
        pooled, policy("out_of_order", **BANKED, activation_buffer__line_buffer=True)
    ),
    "out-of-order-narrow": Golden(pooled, policy("out_of_order", **NARROW, issue_queue__depth_ops=3)),
    "out-of-order-unlimited": Golden(
        pooled, policy("out_of_order", **DEEP, scheduler__window_in_flight_ops="unlimited")
    ),
    "out-of-order-overlapping": Golden(overlapping, policy("out_of_order", pe__speculate=False, **DEEP)),
    "out-of-order-network": Golden(network, policy("out_of_order", pe__width_edges=64, **STREAMED)),
    "in-order": Golden(pooled, policy("in_order", sequencer__outermost="position")),
    "in-order-interleaved": Golden(pooled, policy("in_order", **INTERLEAVED, **BANKED)),
    "in-order-overlapping": Golden(overlapping, policy("in_order", **INTERLEAVED, pe__contexts=2)),
    "in-order-network": Golden(network, policy("in_order", **DEEP, **BANKED), operands=False),
    "queue-in-banks": Golden(pooled, {**IN_BANKS, **BANKED, **DEEP, "pe__contexts": 2}),
    "queue-in-banks-overlapping": Golden(overlapping, policy("in_order", **IN_BANKS, **INTERLEAVED)),
    "lockstep": Golden(pooled, policy("lockstep", **UNPRUNED)),
    "lockstep-pruned": Golden(
        pooled, policy("lockstep", **BANKED, scheduler__window_in_flight_ops="unlimited")
    ),
    "lockstep-network": Golden(network, policy("lockstep", **NARROW, **STREAMED, pe__width_edges=32)),
}


def path_of(name: str) -> Path:
    """Where a golden is kept."""
    return FOLDER / f"{name}.txt"


def text_of(golden: Golden) -> str:
    """Run a golden's machine and return its trace."""
    file = StringIO()
    arch = architecture(**golden.changes)
    run(arch, *golden.layers(), observers=(CanonicalTrace(file, golden.operands),))
    return file.getvalue()


def stale_files() -> Iterator[Path]:
    """List kept traces that belong to no golden."""
    yield from sorted(set(FOLDER.glob("*.txt")) - {path_of(name) for name in GOLDENS})
