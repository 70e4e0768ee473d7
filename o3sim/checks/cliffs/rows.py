"""The cliffs: ``cliffs.yaml``, checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from o3sim.config.architecture import Architecture
from o3sim.config.load import load_model
from o3sim.config.model import StrictModel

CLIFFS_FILE = Path(__file__).with_name("cliffs.yaml")

Text = Annotated[str, Field(min_length=1)]
Size = Annotated[int, Field(ge=1)]


class Neuron(NamedTuple):
    """The edge that decides a neuron, counted from 1, and what it is; 0 where none is needed."""

    decided: Annotated[int, Field(ge=0)]
    outcome: Annotated[int, Field(ge=0, le=1)]


class DenseOps(StrictModel):
    """A dense layer, neuron by neuron."""

    edges: Size
    neurons: tuple[Neuron, ...]


class PooledOps(StrictModel):
    """A layer of kernel 1 whose pools lie side by side, position by position, the same in all channels.

    ``threshold`` is the matches that make a neuron 1: a 1 takes as many edges at least, a 0 so many
    mismatches that they are out of reach.
    """

    rows: Size
    columns: Size
    pool: Size
    edges: Size
    threshold: Size
    channels: Size = 1
    neurons: tuple[Neuron, ...]


class Cliff(StrictModel):
    """A machine and a layer that tell one reading from another.

    Attributes
    ----------
    reading : int
        Of docs/machine.md.
    test : str
        One that docs/machine.md names there.
    name : str
        Of its folder, behind the number.
    says : str
        What to look at.
    of : str
        The machine that it changes.
    machine : dict
        Changes, by dotted keys.
    shows : tuple of str
        Lines of the trace that would be others under another reading.
    """

    reading: Size
    test: Text
    name: Text
    says: Text
    of: Text = "central"
    machine: dict[str, Any] = Field(default_factory=dict)
    dense: DenseOps | None = None
    pooled: PooledOps | None = None
    shows: tuple[Text, ...] = Field(min_length=1)

    @property
    def folder(self) -> str:
        """Return the name of its folder."""
        return f"{self.reading:03d}-{self.name}"

    @property
    def ops(self) -> DenseOps | PooledOps:
        """Return what its layer is to do."""
        (stated,) = (each for each in (self.dense, self.pooled) if each is not None)
        return stated


class Cliffs(StrictModel):
    """All cliffs, the machines that they change, and readings that no trace of a layer shows.

    Attributes
    ----------
    machines : dict
    no_trace : dict
        Why no trace of one layer shows them, by ranges of readings, ``first-last`` or one number.
    cliffs : tuple of Cliff
    """

    machines: dict[str, dict[str, Any]]
    no_trace: dict[str, Text]
    cliffs: tuple[Cliff, ...]

    def machine_of(self, cliff: Cliff) -> Architecture:
        """Return the machine of a cliff."""
        base = {"name": cliff.folder, **self.machines[cliff.of]}
        return Architecture.model_validate(base).with_(dict(cliff.machine))

    def why_no_trace(self) -> dict[int, str]:
        """Return why no trace shows a reading, by its number."""
        reasons = {}
        for numbers, reason in self.no_trace.items():
            first, _, last = numbers.partition("-")
            reasons.update(dict.fromkeys(range(int(first), int(last or first) + 1), reason))
        return reasons


def load_cliffs() -> Cliffs:
    """Read and check the file."""
    return load_model(CLIFFS_FILE, Cliffs)
