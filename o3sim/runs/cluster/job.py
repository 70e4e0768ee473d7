"""A job of dask-jobqueue that may have any memory, and whose certificates may lie anywhere."""

from __future__ import annotations

import shlex
from copy import copy
from typing import Any

import dask
from dask_jobqueue.slurm import SLURMJob


class Job(SLURMJob):
    """A job of SLURM.

    Parameters
    ----------
    *arguments, **options
        Those of ``dask_jobqueue.slurm.SLURMJob``.
    memory : str, optional
        If left out, here and in dask's configuration, SLURM decides: the script asks for none, and workers
        share what they find, as `dask worker` does by itself.
    security : distributed.Security
        Its files are where the job sees them.
    """

    def __init__(self, *arguments: Any, memory: str | None = None, security: Any, **options: Any):
        memory = memory or dask.config.get("jobqueue.slurm.memory")
        self._any_memory = memory is None
        if self._any_memory:
            memory = "1GB"  # asked for, and used nowhere
            skip = dask.config.get("jobqueue.slurm.job-directives-skip", None) or ()
            options["job_directives_skip"] = [*skip, "#SBATCH --mem="]
        super().__init__(*arguments, memory=memory, security=_quoted(security), **options)

    @property
    def worker_process_memory(self) -> str:
        """Memory of a process, as `dask worker --memory-limit` takes it."""
        return "auto" if self._any_memory else str(super().worker_process_memory)


def _quoted(security: Any) -> Any:
    """Return what names the files of certificates as the job's shell reads them."""
    quoted = copy(security)
    for field in ("tls_ca_file", "tls_worker_cert", "tls_worker_key"):
        setattr(quoted, field, shlex.quote(getattr(security, field)))
    return quoted
