"""SLURM through dask-jobqueue: a cluster file as the jobs that it asks for."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from o3sim.config.load import check, load_document
from o3sim.errors import InputError
from o3sim.runs.cluster.config import SlurmCluster


def load_slurm(path: Path) -> SlurmCluster:
    """Read a cluster file.

    Raises
    ------
    ConfigError
        With everything that is wrong in it.
    """
    return check(load_document(path), SlurmCluster)


@contextmanager
def open_slurm(config: SlurmCluster) -> Iterator[Any]:
    """Open a ``dask_jobqueue.SLURMCluster``, with its scheduler in this process; no job is submitted yet.

    Raises
    ------
    InputError
        If the extra ``cluster`` is not installed, or it cannot be opened.
    """
    try:
        from dask_jobqueue.slurm import SLURMCluster
    except ImportError:
        raise InputError("--cluster needs dask-jobqueue: pip install 'o3sim[cluster]'") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a taken port of the dashboard, which nobody asked for
            cluster = SLURMCluster(**arguments_of(config))
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"no scheduler can be started for SLURM: {error}") from None
    with cluster:
        yield cluster


def arguments_of(config: SlurmCluster) -> dict[str, Any]:
    """Return what ``dask_jobqueue.SLURMCluster`` is made with.

    Every process has one thread: points are Python and kernels that hold its lock.
    """
    return {
        "job_name": config.name,
        "queue": config.queue,
        "account": config.account,
        "cores": config.cores,
        "processes": config.cores,
        "memory": config.memory,
        "walltime": config.walltime,
        "interface": config.interface,
        "local_directory": config.local_directory,
        "job_extra_directives": config.directives,
        "job_script_prologue": config.prologue,
    }


def job_script(config: SlurmCluster) -> str:
    """Return the script that is submitted for every job."""
    with open_slurm(config) as cluster:
        return str(cluster.job_script())
