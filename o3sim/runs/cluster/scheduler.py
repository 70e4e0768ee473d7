"""The scheduler of jobs of SLURM, in the command's own process."""

from __future__ import annotations

from typing import Any

from distributed import Scheduler


class PagelessScheduler(Scheduler):
    """A scheduler without pages: with its dashboard off, dask's own still lets anybody read over HTTP."""

    def start_http_server(self, *_arguments: Any, **_options: Any) -> None:
        """Listen to nobody."""
