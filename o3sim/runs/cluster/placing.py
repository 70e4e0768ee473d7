"""Bring profiles to the nodes: each once to each node, when a worker of it says that they are missing."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from o3sim.errors import InputError
from o3sim.runs.cluster.digests import content_of
from o3sim.runs.cluster.node import add_files, begin_copy, finish_copy

MESSAGE_BYTES = 16 * 2**20
"""Files are sent in messages of about this size, large ones piece by piece."""


class Placing:
    """Sends folders to nodes.

    Used from one thread: copies are made one after another, so that of several workers of a node
    that miss the same only the first has it sent.

    Parameters
    ----------
    client : distributed.Client
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._contents: dict[str, str] = {}
        self.sent = 0

    def content(self, folder: str) -> str:
        """Return the hash of a folder's content; computed once."""
        if folder not in self._contents:
            self._contents[folder] = content_of(Path(folder))
        return self._contents[folder]

    def place(self, contents: tuple[str, ...], worker: str) -> None:
        """Send what a worker's node does not have; a worker that is gone meanwhile needs nothing.

        Raises
        ------
        InputError
            If the node cannot take it.
        """
        folders = {content: folder for folder, content in self._contents.items()}
        for content in contents:
            self._send(Path(folders[content]), content, worker)

    def _send(self, folder: Path, content: str, worker: str) -> None:
        token = f".{secrets.token_hex(8)}"
        if not self._run(worker, begin_copy, content, token):
            return
        for files in _messages(folder):
            self._run(worker, add_files, token, files)
        self._run(worker, finish_copy, content, token)
        self.sent += 1

    def _run(self, worker: str, function: Any, *arguments: Any) -> Any:
        """Call a function on a worker, beside what it is doing; None if it is gone."""
        answer = self._client.run(function, *arguments, workers=[worker], on_error="return")
        found = answer.get(worker) if isinstance(answer, dict) else None
        if isinstance(found, Exception) and not is_gone(found):
            raise InputError(f"profiles cannot be written on the node of {worker}: {found}")
        return None if isinstance(found, Exception) else found


def is_gone(error: Exception) -> bool:
    """Tell an error of a lost connection from one of the node itself."""
    from distributed.comm.core import CommClosedError

    # Files that cannot be written have an errno; connections that time out in dask have none.
    timed_out = isinstance(error, OSError) and error.errno is None
    return timed_out or isinstance(error, (CommClosedError, ConnectionError))


def _messages(folder: Path) -> Iterator[dict[str, bytes]]:
    """Yield the files of a folder, several at a time, or a piece of a large one."""
    files: dict[str, bytes] = {}
    room = MESSAGE_BYTES
    for path in sorted(folder.iterdir()):
        with path.open("rb") as stream:
            while piece := stream.read(room):
                files[path.name] = piece
                room -= len(piece)
                if not room:
                    yield files
                    files, room = {}, MESSAGE_BYTES
    if files:
        yield files
