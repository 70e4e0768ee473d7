"""A worker whose parent is gone says nothing; anything else that goes wrong is printed."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(("error", "printed"), [("EOFError", ""), ("ValueError", "ValueError: lost")])
def test_only_a_missing_parent_is_kept_quiet(error: str, printed: str) -> None:
    code = f"from o3sim.workers.orphans import silence_orphans; silence_orphans(); raise {error}('lost')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1:] == ([printed] if printed else [])
