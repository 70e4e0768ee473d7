"""Refuse FIFOs with which stages would wait for each other for ever, before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from o3sim.errors import InputError
from o3sim.runs.pipeline.connected import Limit
from o3sim.runs.pipeline.deadlock import Waits

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Sized


def check_no_deadlock(machines: Sequence[Architecture], layers: Sequence[Sized]) -> None:
    """Refuse depths that end in a deadlock, with the stages and the least depths that end it.

    A depth that would do so whatever the others are is named alone; else it takes several of them, and those
    are named that have to grow.

    Raises
    ------
    InputError
    """
    waits = Waits(layers, machines)
    stated = waits.limits()
    if not waits.never_end(stated):
        return
    named = _Named(machines[0].name, waits, [layer.name for layer in layers])
    for limit in stated:
        least = waits.least(limit.link, limit.unit)
        if limit.depth < least:
            key, what = named.key(limit), named.what(limit)
            raise InputError(
                f"{key}: with {limit.depth} {what} wait for each other for ever: give {least} or more"
            )
    grown = [
        (before, after)
        for before, after in zip(stated, waits.grown(stated), strict=True)
        if after.depth > before.depth
    ]
    first = grown[0][0]
    others = "".join(f" and {after.depth} in {named.key_alone(before)}" for before, after in grown[1:])
    give = f"{grown[0][1].depth}{others}"
    raise InputError(
        f"{named.key(first)}: with {first.depth} {named.what(first)} wait for each other for ever, as deep as"
        f" the other FIFOs are: give {give} or more"
    )


class _Named:
    """The names that a message calls stages and FIFOs by."""

    def __init__(self, architecture: str, waits: Waits, layers: Sequence[str]) -> None:
        self._architecture, self._waits, self._layers = architecture, waits, layers

    def key(self, limit: Limit) -> str:
        """Name the key of a depth, with the architecture that it is of."""
        return f"architecture {self._architecture}: {self.key_alone(limit)}"

    def key_alone(self, limit: Limit) -> str:
        """Name the key of a depth."""
        link = self._waits.links[limit.link]
        return f"stages[{link.reader}].{link.fifo}.depth_{limit.unit}"

    def what(self, limit: Limit) -> str:
        """Name what a FIFO holds, and the stages that wait for each other if it is too small."""
        link, names = self._waits.links[limit.link], self._layers
        if not link.adds:
            return f"{limit.unit} between them {names[link.writer]} and {names[link.reader]}"
        between = self._waits.between(link.writer, link.reader)
        listed = ", ".join(names[stage] for stage in between)
        what = "sums" if link.value_bits > 1 else "bits"
        last = names[link.reader]
        return f"{limit.unit} of the {what} of {names[link.writer]} before {last}, {listed} and {last}"
