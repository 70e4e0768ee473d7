"""What sizes alone tell: whether a network fits a machine, before its parameters are read or made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from o3sim.area.machine import taken_by
from o3sim.area.parts import part_of
from o3sim.contract.plan import plan_groups
from o3sim.energy.table import load_table
from o3sim.errors import InputError
from o3sim.network.load import layer_sizes
from o3sim.runs.pipeline.stages import stage_machines
from o3sim.runs.speculation import check_speculation

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Sized
    from o3sim.network.load import WorkloadFiles


def check_sizes(architectures: Iterable[Architecture], files: WorkloadFiles) -> None:
    """Refuse a workload that does not fit a machine.

    Edge orders, which parameters may bring, take room besides; whoever runs the network checks that.

    Raises
    ------
    InputError
        Naming the first layer that does not fit.
    """
    layers = layer_sizes(files)
    for architecture in architectures:
        check_layers_fit(architecture, layers)


def check_layers_fit(architecture: Architecture, layers: Sequence[Sized]) -> None:
    """Refuse layers that do not fit a machine; errors as for :func:`check_sizes`."""
    if architecture.is_pipelined:
        stage_machines(architecture, layers)
    else:
        plan_groups(architecture, layers)
    check_part(architecture, layers)


def check_part(architecture: Architecture, layers: Sequence[Sized] = ()) -> None:
    """Refuse a machine that does not fit the chip that it says it is for.

    Raises
    ------
    InputError
        With what it lacks.
    """
    if not architecture.fits:
        return
    where = f"architecture {architecture.name}: fits"
    lacking = part_of(architecture.fits, where).lacks(taken_by(architecture, layers))
    if lacking:
        raise InputError(
            f"{where}: it does not fit {architecture.fits}: {', '.join(lacking)}; `o3sim area` says what"
            " takes how much, and without the key it is held against no chip"
        )


def check_fit(architecture: Architecture, workload: str, layers: Sequence[Sized]) -> None:
    """Refuse a design point that cannot run, as far as what is known of the layers tells.

    Raises
    ------
    InputError
        If a layer does not fit, outcomes are to be called and no layer has bounds for it, or the
        energy table is not there.
    """
    check_layers_fit(architecture, layers)
    check_speculation(architecture, workload, layers)
    load_table(architecture.energy.table)
