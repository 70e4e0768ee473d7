"""Whether a machine that calls outcomes before they are decided has bounds to call them by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from o3sim.errors import InputError
from o3sim.network.layer import Layer, Sized

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture


def check_speculation(architecture: Architecture, workload: str, layers: Sequence[Sized]) -> None:
    """Refuse a machine that calls outcomes for a network without bounds.

    Layers of which only sizes are known may have bounds.

    Raises
    ------
    InputError
    """
    if not architecture.pruning.speculative:
        return
    if any(not isinstance(layer, Layer) or layer.speculation for layer in layers):
        return
    raise InputError(
        f"architecture {architecture.name}: pruning.speculative: {workload} has no bounds to call outcomes"
        " by; `o3sim speculate WORKLOAD --image-file CALIBRATION.npz -o NAME` sets them"
    )
