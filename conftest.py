"""What pytest cannot even import where an extra is not installed."""

import os
from importlib.util import find_spec

import pytest

os.environ["O3SIM_PROGRESS"] = "never"  # how long a command takes here is no part of what it prints

# Looking for doctests imports every module, and these import PyTorch; tests/train skips, and says why.
collect_ignore_glob = [] if find_spec("torch") else ["o3sim/train/*"]
if not find_spec("dask_jobqueue"):  # nor these without it
    collect_ignore_glob += ["o3sim/runs/cluster/job.py", "o3sim/runs/cluster/scheduler.py"]


@pytest.fixture(scope="session", autouse=True)
def _kernels() -> None:
    """Have kernels compiled before commands run that are expected to print nothing but their results."""
    from o3sim.runs.kernels import load_usual_kernels

    load_usual_kernels()
