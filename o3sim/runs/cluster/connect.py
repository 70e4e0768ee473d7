"""Get hold of a cluster: a scheduler that runs somewhere, or jobs of SLURM that are started now."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from o3sim.errors import InputError
from o3sim.runs.cluster.certificates import Certificates
from o3sim.runs.cluster.client import open_client
from o3sim.runs.cluster.executor import cluster_executor
from o3sim.runs.cluster.installed import installed, others_installed
from o3sim.runs.cluster.placing import Placing, is_gone
from o3sim.runs.executors import OpenExecutor
from o3sim.runs.stop import CheckStop

CONNECT_S = 10
POLL_S = 0.2
SAME_PACKAGES = ("python", "distributed", "cloudpickle", "msgpack")
"""What has to be the same wherever objects are pickled and unpickled; of Python the first two numbers."""

LEAST_JOBS = 16
"""Jobs to keep busy at least: workers may join later."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Cluster:
    """A cluster that is ready.

    Attributes
    ----------
    open_executor : callable
    jobs : int
        Batches of points to hand out are by this.
    """

    open_executor: OpenExecutor
    jobs: int


@contextmanager
def scheduler_at(
    address: str, check_stop: CheckStop, tell: Tell, certificates: Certificates | None = None
) -> Iterator[Cluster]:
    """Connect to a scheduler, and wait until it has a worker.

    Parameters
    ----------
    check_stop : callable
        Called while waiting.
    tell : callable
        Told what is waited for, and that a connection is not protected.
    certificates : Certificates, optional
        Of this side; else those of dask's own configuration, if it has any.

    Raises
    ------
    InputError
        If there is none, it does not take the certificates, or its side has other versions.
    """
    _distributed()
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is told by o3sim
    with open_client(address, CONNECT_S, tell, certificates) as client:
        yield _ready(client, address, check_stop, tell)


@contextmanager
def slurm_cluster(file: Path, check_stop: CheckStop, tell: Tell) -> Iterator[Cluster]:
    """Submit the jobs of a cluster file; they end when the block does.

    Raises
    ------
    InputError
        If the file is wrong, or there is no SLURM here.
    """
    from shutil import which

    from o3sim.runs.cluster.slurm import load_slurm, open_slurm

    config = load_slurm(file)
    distributed = _distributed()
    if which("sbatch") is None:
        raise InputError(f"--cluster {file}: no `sbatch` here; run it where jobs of SLURM are submitted")
    with open_slurm(config) as slurm:
        slurm.scale(jobs=config.workers)
        with distributed.Client(slurm, set_as_default=False) as client:
            ready = _ready(client, f"{config.workers} jobs of SLURM", check_stop, tell)
            yield Cluster(ready.open_executor, max(ready.jobs, config.workers * config.cores))


def _distributed() -> ModuleType:
    try:
        import distributed
    except ImportError:
        raise InputError(
            "clusters need dask.distributed and dask-jobqueue: pip install 'o3sim[cluster]'"
        ) from None
    return distributed


def _ready(client: Any, name: str, check_stop: CheckStop, tell: Tell) -> Cluster:
    _wait_for_worker(client, name, check_stop, tell)
    check_versions(name, client.get_versions())
    check_workers(client.run(installed, on_error="return"))
    jobs = max(LEAST_JOBS, sum(client.nthreads().values()))
    return Cluster(partial(cluster_executor, client, Placing(client)), jobs)


def _wait_for_worker(client: Any, name: str, check_stop: CheckStop, tell: Tell) -> None:
    told = False
    while not client.nthreads():
        if not told:
            tell(f"{name}: no workers yet, waiting")
            told = True
        check_stop()
        time.sleep(POLL_S)


def check_versions(name: str, found: Mapping[str, Any]) -> None:
    """Refuse a cluster that cannot read what is sent to it.

    Parameters
    ----------
    found : mapping
        What :meth:`distributed.Client.get_versions` returns.

    Raises
    ------
    InputError
        With every difference.
    """
    here = _packages(found["client"])
    others = {"the scheduler": found["scheduler"], **(found["workers"] or {})}
    different = [
        f"{where} has {package} {there.get(package)}, here is {here.get(package)}"
        for where, side in others.items()
        for there in [_packages(side)]
        for package in SAME_PACKAGES
        if there.get(package) != here.get(package)
    ]
    if different:
        raise InputError(f"{name}: {'; '.join(different)}: install the same on both")


def check_workers(found: Mapping[str, Any]) -> None:
    """Refuse workers that compute with another o3sim, Numba or NumPy than this process.

    Parameters
    ----------
    found : mapping
        What :func:`o3sim.runs.cluster.installed.installed` returned or raised, by the address of a worker.

    Raises
    ------
    InputError
        With every difference.
    """
    told = {worker: there for worker, there in found.items() if isinstance(there, Mapping)}
    for worker, error in found.items():
        if worker not in told and not is_gone(error):
            raise InputError(
                f"worker {worker} cannot tell which o3sim it has: {error}: install it there as here"
            )
    if any(there != installed() for there in told.values()):
        raise others_installed(told, installed())


def _packages(side: Mapping[str, Any]) -> dict[str, str]:
    packages = dict(side["packages"])
    packages["python"] = ".".join(str(packages.get("python")).split(".")[:2])
    return packages
