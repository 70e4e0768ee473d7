"""Which layers of a network the compiled engine runs fast on a machine, and what keeps the others from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from o3sim.compiled.fast.choice import why_general
from o3sim.runs.estimate.bounds import ops_of

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.network import Network


def fast_share(architecture: Architecture, network: Network) -> tuple[float, tuple[tuple[str, str], ...]]:
    """Return the share of the ops that run fast, and for each other layer its name and the reason."""
    general = []
    fast = ops = 0
    for layer in network.layers:
        races = layer.scores and architecture.pruning.argmax
        why = why_general(architecture, layer.geometry, scores=layer.scores, races=races)
        ops += ops_of(layer.geometry)
        if why is None:
            fast += ops_of(layer.geometry)
        else:
            general.append((layer.name, why))
    return fast / ops, tuple(general)
