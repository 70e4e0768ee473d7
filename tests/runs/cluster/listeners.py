"""Who listens where: sockets of a process and of those that it started."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil


def listening(pid: int) -> list[str]:
    """Return the addresses that a process and its descendants listen at, TCP and UDP."""
    import psutil

    found: list[str] = []
    for process in _family(pid):
        try:
            sockets = process.net_connections("inet")
        except psutil.Error:  # it ended meanwhile
            continue
        found += [sock.laddr.ip for sock in sockets if sock.status in (psutil.CONN_LISTEN, psutil.CONN_NONE)]
    return found


def _family(pid: int) -> list[psutil.Process]:
    import psutil

    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.Error:
        return []
