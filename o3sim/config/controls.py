"""Controls: what a machine is fairly compared with, derived from that machine itself.

A control has the same PEs, memories and clock, so a speed-up over it is that of the policy, and not that
of a larger array. A new control is an entry of :data:`CONTROLS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from o3sim.config.catalog import suggest
from o3sim.config.changes import ChangeError
from o3sim.config.flat import flattened
from o3sim.config.overrides import laid_over
from o3sim.errors import ConfigError, InputError

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture

Sizes = Mapping[str, Any]
"""The given machine, or one of its stages, by dotted key."""

Scalar = bool | int | str
Value = Scalar | Callable[[Sizes], Scalar | None]
"""What a key becomes: always the same, or worked out from the given machine, which may lack it (None)."""


@dataclass(frozen=True)
class Control:
    """What a control changes in the machine that it is derived from.

    Attributes
    ----------
    description : str
    units : dict of str to Value
        By dotted key; of a pipeline in every stage, from that stage's own sizes.
    machine : dict of str to Value
        Keys that a machine has once, whatever its stages.
    """

    description: str
    units: dict[str, Value]
    machine: dict[str, Value] = field(default_factory=dict)


def _group_ops(sizes: Sizes) -> int:
    """Return the ops of a lock-step group: as many as there are contexts."""
    return int(sizes["pe.count"] * sizes["pe.contexts"])


def _for_a_group(key: str) -> Callable[[Sizes], int]:
    """Widen what was sized for another policy until a whole group fits."""
    return lambda sizes: max(int(sizes.get(key, 0)), _group_ops(sizes))


def _queue_ops(sizes: Sizes) -> int:
    """Return the depth of the queue; of a machine without one that which keeps its PEs fed."""
    if "issue_queue.depth_ops" in sizes:
        return int(sizes["issue_queue.depth_ops"])
    # Four ops a PE at a latency of 2 cycles, measured; 3 and 4 cycles take two and four times as many.
    enough = 4 * sizes["pe.count"] * 2 ** min(max(sizes["pe.latency_cycles"] - 2, 0), 2)
    return max(int(enough), _group_ops(sizes))


def _given(key: str, otherwise: Scalar) -> Callable[[Sizes], Scalar]:
    """Leave a key as it is; give it to a machine that has none."""
    return lambda sizes: sizes.get(key, otherwise)


def _half_the_pes(key: str) -> Callable[[Sizes], int]:
    """Leave a width as it is; a machine without a queue gets what o3bnn has, half an op a PE."""
    return lambda sizes: int(sizes.get(key, max(1, sizes["pe.count"] // 2)))


def _issue_width(sizes: Sizes) -> int:
    """Leave the issue width as it is; a queue in banks gets one as wide as all of them."""
    return int(sizes.get("scheduler.banks") or _half_the_pes("scheduler.issue_width_ops")(sizes))


def _fed(buffer: str) -> Callable[[Sizes], Scalar]:
    """Leave banks as they are; where operands were broadcast give two a PE, as in o3bnn-64pe."""

    def banks(sizes: Sizes) -> Scalar:
        given: Scalar = sizes[f"{buffer}.banks"]
        has_queue = "issue_queue.depth_ops" in sizes or isinstance(given, str)
        return given if has_queue else max(int(given), int(2 * sizes["pe.count"]))

    return banks


def _where_there(key: str, value: Scalar) -> Callable[[Sizes], Scalar | None]:
    """Change a key of the machines that have it."""
    return lambda sizes: value if key in sizes else None


_CENTRAL: dict[str, Value] = {"scheduler.dispatch": "central"}

_QUEUE: dict[str, Value] = {
    # As the given machine has them; one that dispatches without a queue gets those of o3bnn-64pe, PE for PE.
    "sequencer.width_ops": _half_the_pes("sequencer.width_ops"),
    "sequencer.order": _given("sequencer.order", "window_major"),
    "sequencer.group_windows": lambda sizes: int(sizes.get("sequencer.group_windows", _queue_ops(sizes))),
    "issue_queue.depth_ops": _queue_ops,
    "scheduler.issue_width_ops": _issue_width,
    "activation_buffer.banks": _fed("activation_buffer"),
    "weight_buffer.banks": _fed("weight_buffer"),
    "pruning.squash_latency_cycles": _given("pruning.squash_latency_cycles", 1),
}

_PRUNES: dict[str, Value] = {"output_buffer.release": "when_final"}
"""Time depends on data where something is pruned, so no machine that prunes can hide it."""

_BOTH_PRUNINGS: dict[str, Value] = {**_PRUNES, "pruning.threshold": True, "pruning.pooling": True}

_LOCKSTEP: dict[str, Value] = {
    **_QUEUE,
    # A group starts and ends in one cycle, so it is never starved by the widths of the given machine.
    "sequencer.width_ops": _for_a_group("sequencer.width_ops"),
    "issue_queue.depth_ops": lambda sizes: max(_queue_ops(sizes), _group_ops(sizes)),
    "scheduler.policy": "lockstep",
    "scheduler.issue_width_ops": _for_a_group("scheduler.issue_width_ops"),
    "scheduler.window_in_flight_ops": "unlimited",
    "output_buffer.write_width_ops": _for_a_group("output_buffer.write_width_ops"),
}

CONTROLS: dict[str, Control] = {
    "dense": Control(
        "lock-step, nothing pruned",
        {**_LOCKSTEP, "pruning.threshold": False, "pruning.pooling": False, "pruning.argmax": False},
        {**_CENTRAL, "pruning.speculative": False},
    ),
    "lockstep-pruned": Control(
        "both prunings in lock-step, all members of a window at once",
        {**_LOCKSTEP, **_BOTH_PRUNINGS},
        _CENTRAL,
    ),
    "in-order": Control(
        "both prunings, in order, window after window",
        {
            **_QUEUE,
            **_BOTH_PRUNINGS,
            "sequencer.order": "window_major",
            "scheduler.policy": "in_order",
            "scheduler.window_in_flight_ops": 1,
        },
        _CENTRAL,
    ),
    "in-order-interleaved": Control(
        "both prunings, in order, members of as many windows interleaved as the queue holds ops",
        {
            **_QUEUE,
            **_BOTH_PRUNINGS,
            "sequencer.order": "member_major",
            "sequencer.group_windows": _queue_ops,
            "scheduler.policy": "in_order",
            "scheduler.window_in_flight_ops": 1,
        },
        _CENTRAL,
    ),
    "out-of-order": Control(
        "both prunings, out of order, one member of a window in flight",
        {
            **_QUEUE,
            **_BOTH_PRUNINGS,
            "scheduler.policy": "out_of_order",
            "scheduler.window_in_flight_ops": 1,
        },
        _CENTRAL,
    ),
    "threshold-only": Control(
        "threshold pruning alone",
        # Members of a window have no reason to wait for one another.
        {
            **_PRUNES,
            "pruning.threshold": True,
            "pruning.pooling": False,
            "scheduler.window_in_flight_ops": _where_there("scheduler.window_in_flight_ops", "unlimited"),
        },
    ),
    "pooling-only": Control(
        "pooling pruning alone", {**_PRUNES, "pruning.threshold": False, "pruning.pooling": True}
    ),
    "ideal": Control(
        "unlimited operand, weight and write supply: what memories cost",
        {
            "activation_buffer.banks": "ideal",
            "weight_buffer.banks": "ideal",
            "output_buffer.write_width_ops": _for_a_group("output_buffer.write_width_ops"),
        },
        {"dram.bits_per_cycle": "ideal", "dram.latency_cycles": 0},
    ),
}
"""By name."""


def control_of(architecture: Architecture, name: str) -> Architecture:
    """Derive a control from a machine.

    Parameters
    ----------
    architecture : Architecture
    name : str
        A key of :data:`CONTROLS`.

    Returns
    -------
    Architecture
        Called ``ARCHITECTURE-CONTROL``.

    Raises
    ------
    InputError
        If there is no such control, or the machine has none: what would have to change does not fit it.

    Examples
    --------
    >>> from o3sim.config.load import load_architecture
    >>> dense = control_of(load_architecture("o3bnn-r"), "dense")
    >>> dense.name, dense.pe.count, dense.scheduler.policy, dense.pruning.pooling
    ('o3bnn-r-dense', 256, 'lockstep', False)
    """
    called = name_of(architecture, name)
    control = CONTROLS[name]
    changes = {
        "name": called,
        "description": f"{name} of {architecture.name}: {control.description}",
        "note": "",  # it is about the given machine
        "fits": None,
        **dict(_changes(architecture, control)),
    }
    try:
        return architecture.with_(changes)
    except ChangeError as error:
        raise ConfigError([f"control {name}: {problem}" for problem in error.problems]) from None


def name_of(architecture: Architecture, name: str) -> str:
    """Return what a control of a machine is called.

    Raises
    ------
    InputError
        If there is none of that name, with those that there are.

    Examples
    --------
    >>> from o3sim.config.load import load_architecture
    >>> name_of(load_architecture("o3bnn-r"), "dense")
    'o3bnn-r-dense'
    """
    if name not in CONTROLS:
        raise InputError(f"no control `{name}`{suggest(name, CONTROLS)}; there are {', '.join(CONTROLS)}")
    return f"{architecture.name}-{name}"


def _changes(architecture: Architecture, control: Control) -> Iterator[tuple[str, Any]]:
    values = architecture.model_dump(mode="json")
    stages = values.pop("stages", ())
    whole = flattened(values)
    yield from _worked_out({**control.machine, **control.units}, whole)
    for number, stage in enumerate(stages):
        yield from _worked_out(control.units, flattened(laid_over(values, stage)), f"stages.{number}.")


def _worked_out(keys: Mapping[str, Value], sizes: Sizes, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in keys.items():
        now = value(sizes) if callable(value) else value
        if now is not None:
            yield f"{prefix}{key}", now
