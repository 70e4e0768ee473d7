"""Lines of JSON that end in a checksum of what stands before: a changed one is no line any more."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from o3sim.errors import InputError
from o3sim.files.inputs import open_input, unreadable

CHECK = "check"
"""Last key of a line: SHA-256, half of it, of the line before that key, behind the file's salt."""

MOST_LINE_BYTES = 2**25

_SEALED = re.compile(rb'(\{.*), "check": "([0-9a-f]{32})"\}\n', re.DOTALL)


def sealed(values: Mapping[str, Any], salt: bytes = b"") -> bytes:
    r"""Return a line of JSON.

    Parameters
    ----------
    values : mapping
        Not empty.
    salt : bytes
        What the file is of: lines of another one do not fit.

    >>> unsealed(sealed({"a": 1}))
    {'a': 1}
    """
    body = json.dumps(values).encode()[:-1]
    return body + f', "{CHECK}": "{_digest(body, salt)}"}}\n'.encode()


def _digest(body: bytes, salt: bytes) -> str:
    return hashlib.sha256(salt + body).hexdigest()[:32]


def unsealed(line: bytes, salt: bytes = b"") -> dict[str, Any]:
    """Return what :func:`sealed` was given, a newline at its end or not.

    Raises
    ------
    ValueError
        If the line is not what was written.
    """
    found = _SEALED.fullmatch(line)
    if found is None or _digest(found[1], salt) != found[2].decode():
        raise ValueError("not as it was written")
    try:
        values: dict[str, Any] = json.loads(found[1] + b"}")
    except RecursionError:
        raise ValueError("nested deeply") from None
    return values


def whole_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file with their numbers from 1; none if it is not there.

    A last line without its newline was cut short by a kill or a full disk, and is left out.

    Raises
    ------
    InputError
        If it cannot be read, or has a line that is longer than any.
    """
    if not path.exists():
        return
    with open_input(path) as stream:
        number = 0
        while line := _line(path, stream):
            number += 1
            if len(line) > MOST_LINE_BYTES:
                raise damaged(path, number, ValueError("longer than any line"))
            if line.endswith(b"\n"):
                yield number, line


def _line(path: Path, stream: Any) -> bytes:
    try:
        line: bytes = stream.readline(MOST_LINE_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error) from None
    return line


def damaged(
    path: Path, number: int, error: ValueError, way_out: str = "put back a copy of the file"
) -> InputError:
    """Say that a line cannot be believed, and the way out."""
    return InputError(f"{path}:{number}: damaged: {error}; {way_out}, or start again in another folder")
