"""The statistics of a stage: the cycles in which it is occupied with an image, and what they went into.

A stage that runs an image alone has a first cycle that only dispatches, and last ones in which
outcomes are under way and nothing else is left to do. Of images back to back the first cycle of
one is the last occupied cycle of the one before, and the last ones fall into the next image: they
are latency, not occupancy, and belong to the image's way through the pipeline.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from o3sim.contract.errors import MachineError

if TYPE_CHECKING:
    from o3sim.contract.counters import LayerCounters
    from o3sim.contract.plan import StageRun


def occupancy(run: StageRun, waits_for_rows: bool, pe_count: int) -> LayerCounters:
    """Return a stage's counts over the cycles in which it is occupied with an image.

    Parameters
    ----------
    run : StageRun
    waits_for_rows : bool
        Whether the rows of the first op are not there in cycle 0.
    pe_count : int

    Raises
    ------
    MachineError
        If what is left out is not what it is taken for.
    """
    counters = deepcopy(run.counters)
    causes = counters.pe_cycles
    causes["input_wait" if waits_for_rows else "queue_empty"] -= pe_count
    causes["drain"] -= pe_count * (counters.cycles - 1 - run.last_active_cycle)
    counters.cycles = run.last_active_cycle
    if min(causes.values()) < 0 or sum(causes.values()) != pe_count * counters.cycles:
        raise MachineError(f"stage {counters.name}: causes do not sum to PEs x cycles: {counters}")
    return counters
