"""Where points run, by the options ``--jobs``, ``--scheduler`` (with ``--tls-...``) and ``--cluster``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.runs.cluster.certificates import Certificates
    from o3sim.runs.executors import OpenExecutor
    from o3sim.runs.stop import CheckStop


@dataclass(frozen=True)
class Place:
    """Where points run, as the options say.

    Attributes
    ----------
    jobs : int
    scheduler : str or None
    cluster : Path or None
    tls_ca_file, tls_cert, tls_key : Path or None
        Of the scheduler.
    """

    jobs: int
    scheduler: str | None = None
    cluster: Path | None = None
    tls_ca_file: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None

    def __post_init__(self) -> None:
        """Refuse options that exclude, or need, each other."""
        stated = (self.jobs > 1, self.scheduler is not None, self.cluster is not None)
        if sum(stated) > 1:
            raise InputError("give one of --jobs, --scheduler and --cluster")
        if any((self.tls_ca_file, self.tls_cert, self.tls_key)):
            if self.scheduler is None:
                raise InputError("--tls-ca-file, --tls-cert and --tls-key go with --scheduler")
            if self.tls_ca_file is None or self.tls_cert is None:
                raise InputError("give both --tls-ca-file and --tls-cert")

    @property
    def certificates(self) -> Certificates | None:
        """Those to show a scheduler; None if the options name none."""
        from o3sim.runs.cluster.certificates import Certificates

        if self.tls_ca_file is None or self.tls_cert is None:
            return None
        return Certificates(self.tls_ca_file, self.tls_cert, self.tls_key)

    @property
    def in_this_process(self) -> bool:
        """Whether points run in the process that asks for them."""
        return self.jobs == 1 and self.scheduler is None and self.cluster is None

    def prepare(self) -> None:
        """Start what takes a while."""
        from o3sim.workers.pool import prepare

        prepare(self.jobs)

    @contextmanager
    def open(self, check_stop: CheckStop) -> Iterator[tuple[OpenExecutor, int]]:
        """Yield what opens executors, and the number of jobs to keep busy."""
        from o3sim.runs.executors import local_executor

        if self.scheduler is not None:
            from o3sim.runs.cluster.connect import scheduler_at

            with scheduler_at(self.scheduler, check_stop, _tell, self.certificates) as found:
                yield found.open_executor, found.jobs
        elif self.cluster is not None:
            from o3sim.runs.cluster.connect import slurm_cluster

            with slurm_cluster(self.cluster, check_stop, _tell) as found:
                yield found.open_executor, found.jobs
        else:
            yield local_executor, self.jobs


def _tell(what: str) -> None:
    print(what, file=sys.stderr)
