"""How an image falls into stretches of layers that can be simulated apart, and be put together again.

Priority among banks counts from a layer's first cycle, so a layer depends on those before it only through
weights that come late. A layer that waits for none is a stretch by itself; layers in a row whose weights
stream are one. Before such a stretch, other layers run for so long that the two halves of the weight
buffer are full, or not: whether it was so is known when those have run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from o3sim.contract.layer_runs import LayerRun
from o3sim.contract.plan import ImageRun
from o3sim.contract.reach import waits_for_no_weights

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.weight_groups import WeightGroup


class StretchRun(NamedTuple):
    """What a machine did with a stretch; one that is not the first began with full halves.

    Attributes
    ----------
    layers : list of LayerRun
    full_cycles : int
        Cycles after the last one until both halves of the weight buffer are full with what comes next.
    """

    layers: list[LayerRun]
    full_cycles: int


def stretches(architecture: Architecture, cuts: list[list[WeightGroup]]) -> list[range]:
    """Return the numbers of the layers of each stretch.

    Parameters
    ----------
    cuts : list of lists of WeightGroup
        The weight groups of each layer.

    Examples
    --------
    >>> from o3sim.config.load import load_architecture
    >>> from o3sim.contract.plan import plan_groups
    >>> from o3sim.network.load import load_workload, layer_sizes
    >>> machine, layers = load_architecture("o3bnn-64pe"), layer_sizes(load_workload("vgg16"))
    >>> found = stretches(machine, plan_groups(machine, layers))
    >>> [[layers[number].name for number in stretch] for stretch in found if len(stretch) > 1]
    [['conv4_2', 'conv4_3'], ['dense1', 'dense2']]
    """
    found: list[range] = []
    streaming = False
    for number, groups in enumerate(cuts):
        if waits_for_no_weights(architecture, groups):
            found.append(range(number, number + 1))
            streaming = False
        elif streaming:
            found[-1] = range(found[-1].start, number + 1)
        else:
            found.append(range(number, number + 1))
            streaming = True
    return found


def together(
    architecture: Architecture, cuts: list[list[WeightGroup]], runs: Sequence[tuple[range, StretchRun]]
) -> ImageRun | None:
    """Put an image together; None if a stretch began with full halves that would not have been full by then.

    Parameters
    ----------
    cuts : list of lists of WeightGroup
        The weight groups of each layer.
    runs : sequence of (range, StretchRun)
        All stretches, in order, and what the machine did with each.
    """
    image = ImageRun([], [])
    waits = 0  # cycles until both halves of the weight buffer are full
    for stretch, run in runs:
        streams = not waits_for_no_weights(architecture, cuts[stretch.start])
        if streams and waits > 0:
            return None
        image.layers.extend(layer.counters for layer in run.layers)
        image.outputs.extend(layer.output for layer in run.layers)
        passed = sum(layer.counters.cycles for layer in run.layers)
        waits = run.full_cycles if streams or stretch.start == 0 else max(0, waits - passed)
    return image
