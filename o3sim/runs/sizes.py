"""What sizes alone tell: whether a network fits a machine, before its parameters are read or made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from o3sim.contract.plan import plan_groups
from o3sim.network.load import layer_sizes
from o3sim.runs.pipeline.stages import stage_machines

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
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
        if architecture.is_pipelined:
            stage_machines(architecture, layers)
        else:
            plan_groups(architecture, layers)
