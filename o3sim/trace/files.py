"""Open trace files to write: whole or not at all, compressed where the name ends in ``.gz``."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO, cast

from o3sim.errors import InputError
from o3sim.files import check_target, open_atomic

STANDARD_OUTPUT = "-"


@contextmanager
def open_trace(target: str | Path) -> Iterator[BinaryIO]:
    """Open a file that takes its name when the block ends; or never, if it fails.

    Parameters
    ----------
    target : str or Path
        ``-`` is standard output. A name that ends in ``.gz`` is compressed; the same content
        gives the same bytes.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    with _opened(target) as stream:
        if not str(target).endswith(".gz"):
            yield stream
            return
        with gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0) as packed:
            yield cast("BinaryIO", packed)


@contextmanager
def _opened(target: str | Path) -> Iterator[BinaryIO]:
    """Open a file whole or not at all; a device or pipe is simply written to, never replaced."""
    path = Path(target)
    if str(target) != STANDARD_OUTPUT:
        check_target(path)
        if not path.exists() or path.is_file():
            with open_atomic(path) as stream:
                yield stream
            return
    try:
        with nullcontext(sys.stdout.buffer) if str(target) == STANDARD_OUTPUT else path.open("wb") as stream:
            yield stream
            stream.flush()
    except BrokenPipeError:
        raise  # a reader that has seen enough: nothing to report
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from None
