"""The machines that a machine is: itself, or of a pipeline that of each stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from o3sim.config.architecture import SEQUENTIAL, Architecture
from o3sim.config.overrides import laid_over
from o3sim.config.streaming import STREAMING
from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.network.layer import Sized

Machine = tuple[Architecture, "Sequence[Sized]"]


def machines_of(architecture: Architecture, layers: Sequence[Sized] = ()) -> list[Machine]:
    """Return the machines that are on the chip at a time, each with the layers that it runs.

    Raises
    ------
    InputError
        If a pipeline's stages are those of a network, and none is named, or one of another depth.
    """
    if not architecture.is_pipelined:
        return [(architecture, layers)]
    values = architecture.model_dump()
    stages: Sequence[Mapping[str, Any]] = values.pop("stages", None) or ({},) * len(layers)
    if not stages:
        raise InputError(
            f"architecture {architecture.name}: organization: a pipeline without stages has one for each"
            " layer: name the --workload"
        )
    if layers and len(stages) != len(layers):
        raise InputError(
            f"architecture {architecture.name}: stages: {len(stages)} for a network of {len(layers)} layers;"
            " state one for each, or none to give all layers the same units"
        )
    own = [layers[number : number + 1] for number in range(len(stages))]
    machines = [_alone(laid_over(values, stage)) for stage in stages]
    return list(zip(machines, own, strict=True))


def _alone(values: Mapping[str, Any]) -> Architecture:
    """Return the machine of a stage without the units between stages, which are not counted."""
    own = {key: value for key, value in values.items() if key not in STREAMING}
    return Architecture.model_validate({**own, "organization": SEQUENTIAL})
