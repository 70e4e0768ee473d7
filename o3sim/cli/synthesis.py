"""Has Yosys count the modules of a machine, says how long that takes, and can be stopped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from o3sim.area.effort import LONGEST_S, Counted, Job, jobs_of, key_of, spelled_time
from o3sim.area.synthesis import check_yosys, synthesize_elsewhere
from o3sim.cli.streams import tell
from o3sim.network.activity import doing

if TYPE_CHECKING:
    from o3sim.area.pieces import Piece


def count_cells(pieces: Iterable[Piece], units: Sequence[str]) -> Counted:
    """Count the modules of some units of a machine, or of all units those that do not take long.

    Raises
    ------
    InputError
        If pyosys is not installed, the machine has no such unit, or Yosys ran out of memory.
    """
    jobs = list(jobs_of(pieces, units))
    check_yosys()
    long = [] if units else [job for job in jobs if job.seconds > LONGEST_S]
    for job in long:
        tell(f"left out, Yosys would take about {spelled_time(job.seconds)}: {job} of {job.part_of}")
    if long:
        chosen = " ".join(f"--unit {unit}" for unit in dict.fromkeys(job.part_of for job in long))
        tell(f"to count these too: {chosen}")
    kept = sorted((job for job in jobs if job not in long), key=lambda job: job.seconds)
    tell(f"Yosys counts {len(kept)} modules, about {spelled_time(sum(job.seconds for job in kept))}")
    return _counted(kept)


def _counted(jobs: Sequence[Job]) -> Counted:
    counted: Counted = {}
    for number, job in enumerate(jobs, 1):
        with doing(f"Yosys, module {number} of {len(jobs)}: {job}, about {spelled_time(job.seconds)}"):
            counted[key_of(job)] = synthesize_elsewhere(job.unit, job.sizes)
    return counted
