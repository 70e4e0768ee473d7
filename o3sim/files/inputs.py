"""The one place where files of others are opened: regular files only, never more than a reader can take.

A pipe that nobody writes to blocks, a device never ends, and a few megabytes may unfold to gigabytes. So
the kind and the size of a file are looked at before its content, what is compressed is inflated up to a
limit, and JSON is bounded in depth and kept to text that prints.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

from o3sim.errors import InputError

MOST_JSON_BYTES = 2**25
"""Of a JSON file, inflated: a result of a million images has a third of it."""

MOST_JSON_DEPTH = 50
"""Lists and mappings in one another."""

MOST_JSON_DIGITS = 25
"""Of a whole number: beyond any count, and far below what Python refuses to read."""

SPARE_BYTES = 2**26
MOST_GROWTH = 64
"""A compressed file may unfold to that many times its size and :data:`SPARE_BYTES`: images and weights
shrink to a tenth at best, a file made to fill the memory to a thousandth."""

NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What no text has: control characters but tab and line feed, those that turn the direction of
what follows, and halves of characters."""


def most_unfolded_bytes(stored_bytes: int) -> int:
    """Return how large a compressed file may become."""
    return SPARE_BYTES + MOST_GROWTH * stored_bytes


@contextmanager
def open_input(path: str | Path, most_bytes: int | None = None) -> Iterator[BufferedReader]:
    """Open a file to read.

    Parameters
    ----------
    path : str or Path
        Follows symbolic links.
    most_bytes : int, optional
        Refuse a larger file.

    Raises
    ------
    InputError
        If it is absent, no regular file (a folder, pipe or device), or too large.
    """
    try:
        stream = _opened(path)
    except (OSError, ValueError) as error:  # ValueError: a name with a null byte, or no regular file
        raise unreadable(path, error) from None
    with stream:
        size_bytes = os.fstat(stream.fileno()).st_size
        if most_bytes is not None and size_bytes > most_bytes:
            raise InputError(f"{path}: has {size_bytes:,} bytes; at most {most_bytes:,} are read")
        yield stream


def _opened(path: str | Path) -> BufferedReader:
    """Open without waiting for anybody to write, and look what it is."""
    stream = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 - returned
    kind = os.fstat(stream.fileno()).st_mode
    if not stat.S_ISREG(kind):
        stream.close()
        what = "is a pipe, and is read more than once" if stat.S_ISFIFO(kind) else "is a device"
        raise ValueError(f"{what}; give a file")
    return stream


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def unreadable(path: str | Path, error: Exception) -> InputError:
    """Say why a file could not be read."""
    reason = error.strerror if isinstance(error, OSError) else None
    return InputError(f"{path}: cannot be read: {reason or error}")


def read_input(path: str | Path, most_bytes: int) -> bytes:
    """Read a whole file.

    Raises
    ------
    InputError
        As :func:`open_input` does.
    """
    with open_input(path, most_bytes) as stream:
        try:
            return stream.read(os.fstat(stream.fileno()).st_size)  # which is what it makes room for
        except OSError as error:
            raise unreadable(path, error) from None


def inflated(raw: bytes, most_bytes: int | None = None) -> bytes:
    """Inflate the gzip format, several members of it too, up to a limit.

    Parameters
    ----------
    most_bytes : int, optional
        In place of what :func:`most_unfolded_bytes` allows.

    Raises
    ------
    ValueError
        If there is more, or the data are damaged or cut off.
    """
    most = left_bytes = most_unfolded_bytes(len(raw)) if most_bytes is None else most_bytes
    content: list[bytes] = []
    left = raw
    while left or not content:
        member = zlib.decompressobj(wbits=31)
        try:
            content.append(member.decompress(left, left_bytes + 1))
        except zlib.error as error:
            raise ValueError(f"damaged: {error}") from None
        left_bytes -= len(content[-1])
        if left_bytes < 0:
            raise ValueError(f"larger than {most:,} bytes, inflated")
        if not member.eof:
            raise ValueError("cut off: the compressed data has no end")
        left = member.unused_data.lstrip(b"\0")
    return b"".join(content)


def parse_json(raw: bytes | str) -> Any:
    """Read JSON that came from a file.

    Raises
    ------
    ValueError
        If it is no JSON, too long, nested deeply, or has numbers or text that no such file has.
    """
    if len(raw) > MOST_JSON_BYTES:
        raise ValueError(f"larger than {MOST_JSON_BYTES:,} bytes")
    text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
    try:
        value = json.loads(text, parse_int=_whole, parse_constant=_no_number)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    _check_json(value)
    return value


def read_json(path: str | Path, most_bytes: int = MOST_JSON_BYTES) -> Any:
    """Read a JSON file, as :func:`parse_json` does.

    Raises
    ------
    InputError
        If it cannot be read, is cut off, or is no such JSON.
    """
    raw = read_input(path, most_bytes)
    try:
        return parse_json(raw)
    except ValueError as error:
        raise InputError(f"{path}: is cut off or no JSON: {first_line(error)}") from None


_TOO_DEEP = f"nested more than {MOST_JSON_DEPTH} levels deep"


def _whole(digits: str) -> int:
    if len(digits) > MOST_JSON_DIGITS:
        raise ValueError(f"a number of {len(digits):,} digits")
    return int(digits)


def _no_number(word: str) -> None:
    raise ValueError(f"`{word}` is not a number")


def _check_json(value: Any) -> None:
    """Look through lists and mappings, level by level."""
    level, depth = [value], 0
    while level:
        for each in level:
            if isinstance(each, float) and math.isinf(each):
                raise ValueError("a number too large")
            if isinstance(each, str) and (found := NOT_TEXT.search(each)):
                raise ValueError(f"character U+{ord(found[0]):04X} is not text")
        holders = [each for each in level if isinstance(each, (dict, list))]
        depth += bool(holders)
        if depth > MOST_JSON_DEPTH:
            raise ValueError(_TOO_DEEP)
        level = [inner for each in holders for inner in _inside(each)]


def _inside(holder: dict[str, Any] | list[Any]) -> list[Any]:
    return [*holder, *holder.values()] if isinstance(holder, dict) else holder


def first_line(error: BaseException) -> str:
    """Return an error in one line."""
    return str(error).split("\n", maxsplit=1)[0] or type(error).__name__


def printable(text: str) -> str:
    r"""Write text so that a terminal only shows it: what is no text becomes escapes.

    >>> print(printable("a\x1b[31m b"))
    a\x1b[31m b
    """
    return NOT_TEXT.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
