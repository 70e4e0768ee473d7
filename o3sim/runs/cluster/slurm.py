"""SLURM through dask-jobqueue: a cluster file as the jobs that it asks for."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from o3sim.config.load import check, load_document
from o3sim.errors import InputError
from o3sim.runs.cluster.certificates import security_of_all, temporary_certificates
from o3sim.runs.cluster.config import SlurmCluster
from o3sim.runs.cluster.quoting import sbatch_word, shell_word
from o3sim.runs.cluster.whereabouts import LOOPBACK, nodes_are_here

UNASKED = ("security", "protocol")
"""Options of a scheduler that nobody turns off: mutual TLS."""

ANY_SCHEDULER = "tls://SCHEDULER:PORT"
ANY_FOLDER = "/SHARED/.o3sim-tls"
"""Stand in a script that is only shown for what a run makes."""


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

    All connections are under mutual TLS, with certificates that are made here and last as long as the block.

    Raises
    ------
    InputError
        If the extra ``cluster`` is not installed, or it cannot be opened.
    """
    _need_jobqueue()
    from dask_jobqueue.slurm import SLURMCluster

    from o3sim.runs.cluster.job import Job
    from o3sim.runs.cluster.scheduler import PagelessScheduler

    here = _is_here(config)
    cluster_class: Any = SLURMCluster
    with temporary_certificates(_shared_folder(config)) as security:
        try:
            cluster = cluster_class(
                job_cls=Job,
                security=security,
                scheduler_cls=PagelessScheduler,
                scheduler_options=_scheduler_options(config, here),
                **_job_arguments(config, here),
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError(f"no scheduler can be started for SLURM: {error}") from None
        with cluster:
            yield cluster


def job_script(config: SlurmCluster) -> str:
    """Return the script that is submitted for every job, with words in capitals for what a run makes.

    Nothing is opened.
    """
    _need_jobqueue()
    from o3sim.runs.cluster.job import Job

    job = Job(
        ANY_SCHEDULER,
        name="NAME",
        protocol="tls://",
        security=security_of_all(f"{ANY_FOLDER}/cert.pem", f"{ANY_FOLDER}/key.pem"),
        **_job_arguments(config, _is_here(config)),
    )
    return str(job.job_script())


def _need_jobqueue() -> None:
    """Import dask-jobqueue, which takes ctrl-C for itself when it is, and would end with status 0."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        import dask_jobqueue  # noqa: F401 - only whether it is there
    except ImportError:
        raise InputError("--cluster needs dask-jobqueue: pip install 'o3sim[cluster]'") from None
    if signal.getsignal(signal.SIGINT) is not handler:
        signal.signal(signal.SIGINT, handler)


def _is_here(config: SlurmCluster) -> bool:
    """Return whether workers need no other address than loopback."""
    return config.interface is None and _configured("interface") is None and nodes_are_here(config.queue)


def _scheduler_options(config: SlurmCluster, here: bool) -> dict[str, Any]:
    """Return options of the scheduler: those of the user's dask, and one address in place of all."""
    from distributed.utils import get_ip

    stated = {**(_configured("scheduler-options") or {}), "dashboard": False, "dashboard_address": None}
    options = {key: value for key, value in stated.items() if key not in UNASKED}
    if not any((config.interface, _configured("interface"), options.get("interface"), options.get("host"))):
        options["host"] = LOOPBACK if here else get_ip()
    return options


def _job_arguments(config: SlurmCluster, here: bool) -> dict[str, Any]:
    """Return what a ``Job`` is made with.

    Every process has one thread: points are Python and kernels that hold its lock.
    """
    extra = ["--no-dashboard", "--dashboard-address", f"{LOOPBACK}:0"]  # without the latter: all addresses
    if here:
        extra += ["--host", LOOPBACK]
    return {
        "job_name": sbatch_word(config.name),
        "queue": config.queue and sbatch_word(config.queue),
        "account": config.account and sbatch_word(config.account),
        "cores": config.cores,
        "processes": config.cores,
        "memory": config.memory,
        "walltime": config.walltime,
        "interface": config.interface,
        "local_directory": config.local_directory and shell_word(config.local_directory),
        "python": _configured("python") or shlex.quote(sys.executable),
        "worker_extra_args": [*(_configured("worker-extra-args") or []), *extra],
        "job_extra_directives": config.directives,
        "job_script_prologue": config.prologue,
    }


def _shared_folder(config: SlurmCluster) -> Path:
    """Return the folder for certificates: the nodes have to see it, as they see the one a job starts in."""
    stated = config.shared_directory or _configured("shared-temp-directory") or "."
    return Path(os.path.realpath(os.path.expanduser(os.path.expandvars(stated))))


def _configured(key: str) -> Any:
    """Return what the user's configuration of dask says of jobs of SLURM."""
    import dask

    return dask.config.get(f"jobqueue.slurm.{key}", None)
