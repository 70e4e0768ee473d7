"""Beyond one machine: dask.distributed and dask-jobqueue behind the executor that sweeps and searches use."""
