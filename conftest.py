"""What pytest cannot even import where an extra is not installed."""

from importlib.util import find_spec

# Looking for doctests imports every module, and these import PyTorch; tests/train skips, and says why.
collect_ignore_glob = [] if find_spec("torch") else ["o3sim/train/*"]
if not find_spec("dask_jobqueue"):  # nor these without it
    collect_ignore_glob += ["o3sim/runs/cluster/job.py", "o3sim/runs/cluster/scheduler.py"]
