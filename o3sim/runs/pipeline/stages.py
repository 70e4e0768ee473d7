"""The stages of a pipelined architecture: one machine for each layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from o3sim.config.architecture import PIPELINED, Architecture
from o3sim.config.overrides import laid_over
from o3sim.contract.dispatch_fit import check_dispatch_fits
from o3sim.contract.weight_groups import buffer_bits
from o3sim.errors import InputError
from o3sim.runs.pipeline.checked_depths import check_no_deadlock
from o3sim.runs.pipeline.links import SKIP
from o3sim.runs.pipeline.pooling_unit import PoolingUnit
from o3sim.runs.pipeline.rows import dispatch_cycles
from o3sim.runs.pipeline.sliding_window import SlidingWindow

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry, Sized
    from o3sim.runs.pipeline.links import Link

_RESIDENT = {"bits_per_cycle": "ideal", "latency_cycles": 0}
"""What a stage's weights come from: they are in its weight buffer before the first image."""


@dataclass(eq=False)
class Stage:
    """A stage and what it has done so far; cycles count from the start of the stream.

    Attributes
    ----------
    machine : Architecture
    next_start : int or None
        Cycle in which it can begin with the next image: the last one in which it was occupied. None
        before the first image.
    window, pooling : SlidingWindow, PoolingUnit or None
        Units before and behind the machine.
    """

    machine: Architecture
    next_start: int | None = None
    window: SlidingWindow | None = None
    pooling: PoolingUnit | None = None

    @classmethod
    def of(cls, machine: Architecture, geometry: Geometry) -> Self:
        """Make the stage of a layer, with those units before and behind its machine that the layer needs."""
        window = pooling = None
        if machine.sliding_window is not None and geometry.kind == "conv":
            window = SlidingWindow(geometry, machine.sliding_window.channels_per_cycle)
        if machine.pooling_unit is not None and geometry.pool is not None:
            pooling = PoolingUnit(geometry, machine.pooling_unit.channels_per_cycle)
        return cls(machine, window=window, pooling=pooling)

    def windows_there(self, geometry: Geometry, rows_there: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return from which cycle on each neuron, by its place, has all that it reads.

        Parameters
        ----------
        rows_there : int64 array, shape (in_rows,)
            First cycle in which each input row can be read; ``NOT_YET`` if not known.
        """
        rows = dispatch_cycles(geometry, rows_there)
        return np.repeat(rows, geometry.out_width) if self.window is None else self.window.ready(rows)

    def inputs_there(
        self, geometry: Geometry, inputs: Sequence[Link], image: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return from which cycle on each neuron, by its place, has all that it takes: also what it adds.

        Parameters
        ----------
        inputs : sequence of Link
        image : int64 array, shape (in_rows,)
            When the rows of the image are there, for the first stage.
        """
        own = [link.fifo.there for link in inputs if not link.connection.adds]
        found = self.windows_there(geometry, own[0] if own else image)
        for link in inputs:
            if link.connection.adds:
                found = np.maximum(found, np.repeat(link.dispatch_cycles(), geometry.out_width))
        return found

    def handed_on(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return when the next stage can read rows, from when they are whole and one cycle has passed."""
        return rows if self.pooling is None else self.pooling.hand_on(rows)

    def end_image(self) -> None:
        """Let the units before and behind the machine go on with the next image."""
        for unit in (self.window, self.pooling):
            if unit is not None:
                unit.end_image()


def stage_machines(architecture: Architecture, layers: Sequence[Sized]) -> list[Architecture]:
    """Make the machine of each layer: the architecture with what its stage states laid over.

    Parameters
    ----------
    architecture : Architecture
        A machine of organization ``layer_pipelined``.
    layers : sequence of Sized
        Layers of the network it is to run.

    Returns
    -------
    list of Architecture
        One for each layer; without DRAM, for the weights of a stage stay on the chip.

    Raises
    ------
    InputError
        If there are not as many stages as layers, or a layer's weights do not fit its weight buffer.
    """
    values = architecture.model_dump()
    stages = values.pop("stages", ({},) * len(layers))
    if len(stages) != len(layers):
        raise InputError(
            f"architecture {architecture.name}: stages: {len(stages)} for a network of {len(layers)} layers; "
            "state one for each, or none to give all layers the same units"
        )
    for number, layer in enumerate(layers):
        if number and layer.geometry.own_input:
            raise InputError(
                f"architecture {architecture.name}: layer {layer.name} has an input of its own, and stages of"
                f" a {PIPELINED} machine hand rows on: run independent layers on a layer_sequential one"
            )
    machines = [
        Architecture.model_validate({**laid_over(values, stage), "dram": _RESIDENT}) for stage in stages
    ]
    for number, (machine, layer) in enumerate(zip(machines, layers, strict=True)):
        _check_weights_fit(machine, layer, number)
        check_dispatch_fits(layer.name, layer.geometry, machine)
    _check_skip_fifos(architecture, layers)
    check_no_deadlock(machines, layers)
    return machines


def _check_skip_fifos(architecture: Architecture, layers: Sequence[Sized]) -> None:
    """Refuse a FIFO of what a stage adds where its layer adds nothing."""
    for number, (stage, layer) in enumerate(zip(architecture.stages, layers, strict=False)):
        if layer.geometry.addend is None and stage.model_dump().get(SKIP):
            raise InputError(
                f"architecture {architecture.name}: stages[{number}].{SKIP}: layer {layer.name} adds nothing:"
                " leave it out"
            )


def _check_weights_fit(machine: Architecture, layer: Sized, number: int) -> None:
    """Refuse a stage whose weight buffer does not hold its layer: channels in whole words, edge orders."""
    needed = -(-buffer_bits(layer.geometry, machine) // 1024)
    if needed > machine.weight_buffer.size_kbit:
        raise InputError(
            f"architecture {machine.name}: stages[{number}].weight_buffer.size_kbit: the weights of layer "
            f"{layer.name} take {needed} kbit, there are {machine.weight_buffer.size_kbit}: a stage of "
            f"{PIPELINED} holds all its weights"
        )
