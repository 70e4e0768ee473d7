"""Imported by the server that workers are forked from: loads Numba and every kernel once for all.

No thread is started by that, which would not survive the fork.
"""

from __future__ import annotations

from o3sim.runs.kernels import load_kernels
from o3sim.workers.orphans import silence_orphans

silence_orphans()
load_kernels()
