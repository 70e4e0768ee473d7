"""Changes of trees: what YAML and JSON files hold."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from scripts.fuzzing import odd

Holder = dict[Any, Any] | list[Any]


def mutated(tree: Any, random: Random) -> Any:
    """Change a tree in one place, in place; return it, or what takes its place."""
    spots = list(_spots(tree))
    if not spots or random.random() < 0.02:
        return odd.value(random)
    holder, key = random.choice(spots)
    random.choice(_CHANGES)(holder, key, random)
    return tree


def nudged(tree: Any, random: Random) -> Any:
    """Change one value to another that may well be allowed: what gets beyond the first checks."""
    spots = [(holder, key) for holder, key in _spots(tree) if not isinstance(holder[key], dict | list)]
    if not spots:
        return mutated(tree, random)
    holder, key = random.choice(spots)
    old = holder[key]
    if isinstance(old, bool) or old is None:
        holder[key] = not old
    elif isinstance(old, int | float):
        holder[key] = random.choice((*_near(old)[:6], random.randrange(1, 100), random.randrange(1, 5000)))
    else:
        holder[key] = (
            random.choice(odd.WORDS) if random.random() < 0.5 else random.choice((old, odd.string(random)))
        )
    return tree


def _spots(tree: Any) -> Iterator[tuple[Holder, Any]]:
    """Yield every place where something stands, as what holds it and where."""
    if isinstance(tree, dict | list):
        for key in list(tree) if isinstance(tree, dict) else range(len(tree)):
            yield tree, key
            yield from _spots(tree[key])


def _replace(holder: Holder, key: Any, random: Random) -> None:
    holder[key] = odd.value(random)


def _replace_scalar(holder: Holder, key: Any, random: Random) -> None:
    holder[key] = odd.scalar(random)


def _nudge(holder: Holder, key: Any, random: Random) -> None:
    """Change a number a little, or text in one character: what a checksum or a rule has to notice."""
    old = holder[key]
    if isinstance(old, bool) or old is None:
        holder[key] = not old
    elif isinstance(old, int | float):
        holder[key] = random.choice(_near(old))
    elif isinstance(old, str) and old:
        at = random.randrange(len(old))
        holder[key] = old[:at] + random.choice(("x", "", "\x1b", "\ud800", " ", ":")) + old[at + 1 :]
    else:
        holder[key] = odd.scalar(random)


def _near(old: int | float) -> tuple[Any, ...]:
    """Numbers that often pass for what is meant, and others that seldom do."""
    return (old + 1, old - 1, old * 2, old // 2, old * 3 + 1, 1, 0, -old, old * 1000, old + 0.5, str(old))


def _drop(holder: Holder, key: Any, _random: Random) -> None:
    del holder[key]


def _rename(holder: Holder, key: Any, random: Random) -> None:
    if isinstance(holder, dict):
        near = str(key)[:-1] if random.random() < 0.5 else odd.string(random)
        holder[near] = holder.pop(key)
    else:
        holder.insert(random.randrange(len(holder) + 1), holder[key])


def _add(holder: Holder, _key: Any, random: Random) -> None:
    if isinstance(holder, dict):
        holder[odd.string(random)] = odd.value(random)
    else:
        holder.append(odd.value(random))


def _swap(holder: Holder, key: Any, random: Random) -> None:
    other = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    holder[key], holder[other] = holder[other], holder[key]


def _wrap(holder: Holder, key: Any, random: Random) -> None:
    holder[key] = random.choice(([holder[key]], {"a": holder[key]}, [holder[key]] * 3))


_CHANGES = (_replace, _replace_scalar, _replace_scalar, *[_nudge] * 6, _drop, _rename, _add, _swap, _wrap)
