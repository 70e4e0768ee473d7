"""Ways to dispatch: which keys a machine has under each, and which sizes cannot be together.

``scheduler.dispatch`` says how work comes to PEs: as ops out of one issue queue (``central``) or a
queue in banks (``banked``), or as windows that counters hand to their contexts. A machine without a queue has
no keys of one. Such keys are dropped where they come from a file that is extended, and are an error in the
file itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from o3sim.config.marks import Conflict, Document, KeyPath

CENTRAL, BANKED, CAROUSEL = "central", "banked", "carousel"
QUEUED = CENTRAL, BANKED
"""Ways to dispatch ops out of an issue queue."""
_DISPATCH = ("scheduler", "dispatch")
_QUEUE = (
    ("issue_queue",),
    ("scheduler", "policy"),
    ("scheduler", "window_in_flight_ops"),
    ("sequencer", "width_ops"),
    ("sequencer", "order"),
    ("sequencer", "group_windows"),
    ("pruning", "squash_latency_cycles"),
)
_COUNTERS = (("scheduler", "windows_per_cycle"), ("scheduler", "bundle_positions"), ("pe", "pick"))
_GROUPS = (("scheduler", "groups"), ("scheduler", "assignment"))
_PATCH = ("activation_buffer", "patch_kbit")
_BROADCAST = ("activation_buffer", "broadcast_words"), ("activation_buffer", "share_patch_reads")
_TILES = ("scheduler", "tiles"), ("scheduler", "take_from_neighbour")
_OPEN = ("scheduler", "open_channels")
_ARGMAX = ("pruning", "argmax")
_SELECT = ("scheduler", "select_cycles")
_LINE_BUFFER = ("activation_buffer", "line_buffer")
_RESIDENT = ("weight_buffer", "resident_kbit")
_OFF: dict[KeyPath, Any] = {_ARGMAX: False, _SELECT: 0, _LINE_BUFFER: False, _RESIDENT: 0}
"""Values of keys that are as good as none."""
_WIDTH = ("scheduler", "issue_width_ops")
_BANKS = ("scheduler", "banks")


class _Keys(NamedTuple):
    """Keys that a way to dispatch has beside those that all machines have: that it needs, that it takes."""

    needs: tuple[KeyPath, ...]
    takes: tuple[KeyPath, ...]


_KEYS = {
    CENTRAL: _Keys((*_QUEUE, _WIDTH), (_ARGMAX, _SELECT, _LINE_BUFFER)),
    BANKED: _Keys((*_QUEUE, _BANKS), (_ARGMAX, _SELECT, _LINE_BUFFER)),
    "window": _Keys((("scheduler", "counters"), *_COUNTERS), (_PATCH, _LINE_BUFFER)),
    "group": _Keys((*_GROUPS, *_COUNTERS), (_PATCH, _LINE_BUFFER)),
    CAROUSEL: _Keys(
        (("scheduler", "groups"), ("scheduler", "windows_per_cycle"), _OPEN, *_TILES, _PATCH, *_BROADCAST), ()
    ),
}
_SOME_HAVE = tuple(dict.fromkeys(path for keys in _KEYS.values() for path in (*keys.needs, *keys.takes)))
"""Keys that not every machine has."""


def drop_strangers(document: Document) -> None:
    """Drop what a document inherits of units that its machine has not."""
    data = document.data
    lacking = _lacking(data)
    if isinstance(data, Mapping) and data.get("organization") == "layer_pipelined":
        lacking += (_RESIDENT,)
    for path in lacking:
        if not _stands(data, path):
            continue
        if len(path) == 1 and isinstance(data[path[0]], dict):
            for key in list(data[path[0]]):
                _drop(document, (*path, key))
            if data[path[0]]:
                continue
        _drop(document, path)


def _drop(document: Document, path: KeyPath) -> None:
    """Take a key out of a document, unless the file itself states it."""
    if document.file_of(path) == document.files[0]:
        return
    inner = document.data
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]


def dispatch_conflicts(data: Mapping[str, Any], pipelined: bool) -> Iterator[Conflict]:
    """Yield keys of units that a machine has not, keys that are absent, and sizes that cannot be."""
    if pipelined and _stands(data, _RESIDENT):
        what = "each stage of a pipeline keeps all its weights, so there is no such part: 0, or leave it out"
        yield Conflict((_RESIDENT, ("organization",)), what)
    dispatch = dispatch_of(data)
    if not isinstance(dispatch, str) or dispatch not in _KEYS:
        return
    for path in _lacking(data):
        if _stands(data, path):
            yield Conflict((path, _DISPATCH), _belongs(path, dispatch))
    for path in _KEYS[dispatch].needs:
        if not _stands(data, path) and (len(path) == 1 or isinstance(data.get(str(path[0])), Mapping)):
            yield Conflict((path, _DISPATCH), f"required, but absent: scheduler.dispatch is `{dispatch}`")
    if dispatch == CENTRAL:
        return
    if pipelined:
        what = f"`{dispatch}` is of organization layer_sequential; stages of a pipeline take `{CENTRAL}`"
        yield Conflict((_DISPATCH, ("organization",)), what)
    yield from _banked(data) if dispatch == BANKED else _queueless(data)


def dispatch_of(data: Mapping[str, Any]) -> Any:
    """Return how plain values of a machine dispatch; ``central`` where they do not say."""
    section = data.get("scheduler")
    return section.get("dispatch", CENTRAL) if isinstance(section, Mapping) else CENTRAL


def _banked(data: Mapping[str, Any]) -> Iterator[Conflict]:
    """Yield what a queue in banks cannot be."""
    policy = ("scheduler", "policy")
    if _at(data, policy) == "lockstep":
        what = f"banks select for themselves, a lockstep group starts as a whole: dispatch by `{CENTRAL}`"
        yield Conflict((policy, _DISPATCH), what)
    yield from _divides(data, _BANKS, ("pe", "count"), "each of the banks has as many PEs")
    yield from _divides(data, _BANKS, ("issue_queue", "depth_ops"), "each of the banks has as many ops")


def _queueless(data: Mapping[str, Any]) -> Iterator[Conflict]:
    """Yield what a machine without a queue cannot be."""
    if isinstance(_at(data, ("pe", "unit")), str) and _at(data, ("pe", "unit")) != "standard":
        what = f"a PE of your own takes ops from a queue: `standard`, or scheduler.dispatch `{CENTRAL}`"
        yield Conflict((("pe", "unit"), _DISPATCH), what)
    yield from _sizes(data)
    if dispatch_of(data) == CAROUSEL:
        yield from _carousel(data)


def _sizes(data: Mapping[str, Any]) -> Iterator[Conflict]:
    """Yield sizes of a machine without a queue that do not go together."""
    for key in ("counters", "groups"):
        path = ("scheduler", key)
        yield from _divides(data, path, ("pe", "count"), f"each of the {key} has as many PEs")
    banks = ("weight_buffer", "banks")
    yield from _divides(data, ("scheduler", "groups"), banks, "each of the groups has as many weight banks")
    outermost = ("sequencer", "outermost")
    if dispatch_of(data) != CAROUSEL and _stands(data, _PATCH) and _at(data, outermost) == "channel":
        what = "`channel` would fill the patches anew for every channel: with a patch, `position`"
        yield Conflict((outermost, _PATCH), what)
    if dispatch_of(data) != CAROUSEL and _stands(data, _PATCH) and _stands(data, _LINE_BUFFER):
        what = "PEs read their patches, so nobody reads a line buffer: `false`, or leave the patches out"
        yield Conflict((_LINE_BUFFER, _PATCH), what)


def _carousel(data: Mapping[str, Any]) -> Iterator[Conflict]:
    """Yield what weight words that go round do not allow."""
    speculate, called = ("pe", "speculate"), ("pruning", "speculative")
    if _at(data, speculate) is False:
        what = "words that go round wait for nobody, so contexts go on until verdicts are known: `true`"
        yield Conflict((speculate, _DISPATCH), what)
    if _at(data, called) is True:
        what = f"outcomes are called by the words that come first, and a carousel has no first: `{CENTRAL}`"
        yield Conflict((called, _DISPATCH), what)
    tiles, taken = (_at(data, path) for path in _TILES)
    if tiles == "shared" and type(taken) is int and taken > 0:
        what = "tiles are `shared`, so that no neighbour has windows of its own: 0, or `columns`"
        yield Conflict((_TILES[1], _TILES[0]), what)
    opened, groups = _at(data, _OPEN), _at(data, ("scheduler", "groups"))
    banks = _at(data, ("weight_buffer", "banks"))
    if type(opened) is type(groups) is type(banks) is int and groups <= banks < groups * opened:
        what = (
            f"each has a weight bank of its own, a group has {banks // groups}: give {groups * opened} banks"
        )
        yield Conflict((_OPEN, ("weight_buffer", "banks"), ("scheduler", "groups")), what)


def _divides(data: Mapping[str, Any], path: KeyPath, whole: KeyPath, why: str) -> Iterator[Conflict]:
    """Yield if a number does not divide another, which it has to because ..."""
    part, number = _at(data, path), _at(data, whole)
    if type(part) is not int or type(number) is not int or part < 1:
        return
    name = ".".join(map(str, whole))
    if part > number:
        yield Conflict((path, whole), f"{part} are more than {name}, {number}: give at most {number}")
    elif number % part:
        nearest = max(size for size in range(1, part) if number % size == 0)
        yield Conflict((path, whole), f"{part} do not divide {name}, {number}, and {why}: {nearest} would")


def _belongs(path: KeyPath, dispatch: str) -> str:
    """Say whose a key is that this machine has not."""
    owners = [name for name, keys in _KEYS.items() if path in (*keys.needs, *keys.takes)]
    listed = ", ".join(f"`{name}`" for name in owners)
    return f"scheduler.dispatch `{dispatch}` has no such thing: leave it out, or dispatch by {listed}"


def _lacking(data: Any) -> tuple[KeyPath, ...]:
    """List the keys that a machine of these values has not."""
    dispatch = dispatch_of(data) if isinstance(data, Mapping) else None
    if not isinstance(dispatch, str) or dispatch not in _KEYS:
        return ()
    has = _KEYS[dispatch]
    return tuple(path for path in _SOME_HAVE if path not in (*has.needs, *has.takes))


def _stands(data: Mapping[str, Any], path: KeyPath) -> bool:
    """Return whether there is a value at a path; one that says no is as good as none."""
    inner: Any = data
    for key in path:
        if not isinstance(inner, Mapping) or key not in inner:
            return False
        inner = inner[key]
    return path not in _OFF or inner != _OFF[path]


def _at(data: Mapping[str, Any], path: KeyPath) -> Any:
    """Return the value at a path, or None where there is no such thing."""
    inner: Any = data
    for key in path:
        inner = inner.get(key) if isinstance(inner, Mapping) else None
    return inner
