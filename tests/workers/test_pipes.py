"""Pipes that nobody reads any more: an error of the work, never the end of the process."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

ENDING = """
import signal
from o3sim.runs.spread import spread

signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as scripts do whose output goes to `head`

def work(item):
    raise ValueError("wrong")

if __name__ == "__main__":
    for _ in range(8):
        try:
            list(spread(work, (bytes(3_000_000) for _ in range(100)), 2))
        except ValueError as error:
            print(error, flush=True)
    print(signal.getsignal(signal.SIGPIPE) is signal.SIG_DFL)
"""


def test_an_error_in_a_worker_does_not_end_a_script_that_closed_pipes_end(tmp_path: Path) -> None:
    """Much work is still being written to workers when the error of one of them ends them all."""
    script = tmp_path / "ending.py"
    script.write_text(ENDING)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stderr, done.stdout.split()) == (0, "", ["wrong"] * 8 + ["True"])


def test_nothing_that_tests_import_has_closed_pipes_end_them() -> None:
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN
