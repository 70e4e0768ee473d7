"""The cluster model: what a job of SLURM asks for, and how many. ``docs/scale.md``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from o3sim.config.model import StrictModel

LINE = r"^[^\x00-\x1f\x7f-\x9f]+$"
"""Without control characters: each is a part of one line of a script."""

Text = Annotated[str, Field(min_length=1, pattern=LINE)]
Lines = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]+$")]
"""The same, with tabs and line ends."""

MOST_WORKERS = 10_000
"""Jobs of a cluster."""

MOST_CORES = 4096
"""Of a job: each is a process, and has an entry in lists of dask's before any job is submitted."""


class SlurmCluster(StrictModel):
    """Worker nodes from SLURM: so many equal jobs, each with a process for every core."""

    name: Text = Field(default="o3sim", description="Name of the jobs.")
    workers: Annotated[int, Field(ge=1, le=MOST_WORKERS)] = Field(
        description="Jobs to submit, each on one node."
    )
    cores: Annotated[int, Field(ge=1, le=MOST_CORES)] = Field(
        description="Cores of a job; a process that runs points for each."
    )
    memory: Annotated[str, Field(pattern=r"^[1-9][0-9]*\s?(MB|MiB|GB|GiB|TB|TiB)$")] | None = Field(
        default=None,
        description="Memory of a job, all its processes together: `16GB`; what SLURM gives if left out.",
    )
    walltime: Annotated[str, Field(pattern=r"^([0-9]+-)?[0-9]+(:[0-9]{2}){1,2}$")] = Field(
        description="Limit of a job's time, as SLURM writes it: `02:00:00`, in quotes."
    )
    queue: Text | None = Field(default=None, description="Partition; the cluster's own if left out.")
    account: Text | None = Field(default=None, description="Account that is charged.")
    interface: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]+$")] | None = Field(
        default=None, description="Network interface that nodes and this machine share: `ib0`."
    )
    local_directory: Text | None = Field(
        default=None,
        description="Scratch folder on the nodes, for profiles, as `/scratch/$USER`; else that of dask.",
    )
    shared_directory: Text | None = Field(
        default=None,
        description="Folder that the nodes see too, for the certificates of a run; else the current one.",
    )
    directives: list[Text] = Field(
        default_factory=list, description="Further #SBATCH lines, without #SBATCH: `--exclusive`."
    )
    prologue: list[Lines] = Field(
        default_factory=list, description="Shell lines before the worker starts: `module load python`."
    )
