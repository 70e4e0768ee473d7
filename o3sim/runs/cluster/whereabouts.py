"""Where the nodes of SLURM are: another machine, or this one."""

from __future__ import annotations

import socket
import subprocess

LOOPBACK = "127.0.0.1"
ASK_S = 10


def nodes_are_here(queue: str | None) -> bool:
    """Return whether SLURM has no nodes but this machine, as on a workstation; false if it does not say.

    Parameters
    ----------
    queue : str or None
        Partition to ask about; all if None.
    """
    command = ["sinfo", "--noheader", "--Node", "--format=%n"]
    if queue is not None:
        command.append(f"--partition={queue}")
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ASK_S, check=True)  # noqa: S603 - no shell
    except (OSError, ValueError, subprocess.SubprocessError):
        return False
    name = socket.gethostname()
    nodes = set(done.stdout.split())
    return bool(nodes) and nodes <= {name, name.partition(".")[0], "localhost"}
