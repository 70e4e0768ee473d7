"""What a trace writer is: the contract that every file in ``o3sim/trace/writers`` keeps.

Such a file is named after its format and has one function ``make_writer(stream, layer)`` that
returns a :class:`Writer`. Nothing else has to know of it: :mod:`o3sim.trace.registry` finds it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, Protocol

from o3sim.contract.events import Event, EventWindow

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.program import LayerProgram


class Writer(Protocol):
    """An observer that writes a file as it goes, keeping no more than what is under way."""

    def see(self, event: Event) -> None:
        """Take one event; they come in canonical order."""

    def close(self) -> None:
        """Write what is left, after the last event; the stream stays open."""


@dataclass(frozen=True)
class TracedLayer:
    """What a writer may want to know of the layer that is traced.

    Attributes
    ----------
    architecture : Architecture
    workload, name : str
        Names of the network and of the layer.
    number : int
        Place of the layer in the network, from 0.
    window : EventWindow
        Which of its events are traced; cycles count from the layer's first.
    build : callable
        Lays out the layer's program.
    """

    architecture: Architecture
    workload: str
    name: str
    number: int
    window: EventWindow
    build: Callable[[], LayerProgram]

    @cached_property
    def program(self) -> LayerProgram:
        """The layer's ops; laid out when first asked for."""
        return self.build()


MakeWriter = Callable[[BinaryIO, TracedLayer], Writer]


def text_on(stream: BinaryIO) -> io.TextIOWrapper:
    """Wrap a stream to write UTF-8 text to; ``detach`` it to leave the stream open."""
    return io.TextIOWrapper(stream, encoding="utf-8", newline="\n")
