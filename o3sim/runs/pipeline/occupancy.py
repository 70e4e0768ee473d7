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


def first_cause(rows_cycle: int, room_cycle: int) -> str:
    """Tell what the first cycle of a stage counts as, in which no op can be in a PE yet.

    Parameters
    ----------
    rows_cycle, room_cycle : int
        First cycles in which the input rows of the first op, and room for what it puts out, are there.
    """
    if rows_cycle > 0:
        return "input_wait"
    return "blocked" if room_cycle > 0 else "queue_empty"


def occupancy(run: StageRun, first_cause: str, pe_count: int) -> LayerCounters:
    """Return a stage's counts over the cycles in which it is occupied with an image.

    Parameters
    ----------
    run : StageRun
    first_cause : str
        What its cycle 0 counts as.
    pe_count : int

    Raises
    ------
    MachineError
        If what is left out is not what it is taken for.
    """
    counters = deepcopy(run.counters)
    causes = counters.pe_cycles
    causes[first_cause] -= pe_count
    causes["drain"] -= pe_count * (counters.cycles - 1 - run.last_active_cycle)
    counters.cycles = run.last_active_cycle
    if min(causes.values()) < 0 or sum(causes.values()) != pe_count * counters.cycles:
        raise MachineError(f"stage {counters.name}: causes do not sum to PEs x cycles: {counters}")
    return counters
