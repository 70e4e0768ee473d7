"""Imported by the server that workers are forked from: loads Numba and the engine once for all.

No thread is started by that, which would not survive the fork. Kernels are loaded by each worker, in a tenth
of a second: which it needs is known later than that it is needed.
"""

from __future__ import annotations

import o3sim.compiled.loops
import o3sim.runs.point  # noqa: F401
from o3sim.workers.orphans import silence_orphans

silence_orphans()
