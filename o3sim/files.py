"""Files written whole or not at all, NPZ files that are the same bytes for the same arrays."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from o3sim.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest date a zip entry can have; NumPy writes the current one."""


def write_atomic(path: str | Path, content: bytes | str) -> None:
    """Write a file so that a reader sees the old content or all of the new, never a part.

    Parameters
    ----------
    path : str or Path
        Follows symbolic links; a device or pipe (``/dev/stdout``) is simply written to.
    content : bytes or str
        Text is written as UTF-8 with the line ends it has.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    raw = content.encode("utf-8") if isinstance(content, str) else content
    target = Path(path)
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(raw)
        else:
            _replace(Path(os.path.realpath(target)), raw)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None


def check_target(path: Path, named: str | None = None) -> None:
    """Refuse a file that cannot be written before the time for making its content is spent.

    Parameters
    ----------
    path : Path
    named : str, optional
        What to call it; its path if not given.

    Raises
    ------
    InputError
        If it is a folder, or in none, or in one that may not be written to.
    """
    named = named or str(path)
    if path.is_dir():
        raise InputError(f"{named}: is a folder")
    if not path.parent.is_dir():
        raise InputError(f"{named}: no folder {path.parent}")
    replaced = not path.exists() or path.is_file()
    if not os.access(Path(os.path.realpath(path)).parent if replaced else path, os.W_OK):
        raise InputError(f"{named}: no permission to write there")


def _replace(target: Path, raw: bytes) -> None:
    with _replacing(target) as stream:
        stream.write(raw)


@contextmanager
def open_atomic(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file to write that takes its name, whole, when the block ends; or never, if it fails.

    Parameters
    ----------
    path : str or Path
        Follows symbolic links.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    try:
        with _replacing(Path(os.path.realpath(path))) as stream:
            yield stream
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None


@contextmanager
def _replacing(target: Path) -> Iterator[BinaryIO]:
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        os.chmod(temporary, _mode_of(target))
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _mode_of(target: Path) -> int:
    """Return the permissions a plain ``open`` would leave: the old file's, or the umask's."""
    if target.exists():
        return target.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def save_npz(path: str | Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write arrays as a compressed NPZ file whose bytes depend only on the arrays.

    Parameters
    ----------
    path : str or Path
        Written by :func:`write_atomic`, under exactly this name.
    arrays : mapping of str to ndarray
        Any dtype but object; entries are sorted by name.

    Raises
    ------
    InputError
        If the file cannot be written.
    ValueError
        If an array holds Python objects: they would need pickle.
    """
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(arrays):
            add_npz_entry(archive, name, arrays[name])
    write_atomic(path, buffer.getvalue())


def add_npz_entry(archive: zipfile.ZipFile, name: str, array: npt.NDArray[Any]) -> None:
    """Add an array to an open NPZ file, without the current date.

    Raises
    ------
    ValueError
        If the array holds Python objects.
    """
    import numpy as np

    entry = zipfile.ZipInfo(f"{name}.npy", _ZIP_EPOCH)
    entry.create_system = 3  # Unix, wherever it is written
    entry.external_attr = 0o644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(entry, "w", force_zip64=True) as stream:
        np.lib.format.write_array(stream, np.asanyarray(array), allow_pickle=False)


def load_npz(path: str | Path) -> dict[str, npt.NDArray[Any]]:
    """Read every array of an NPZ file, never unpickling anything.

    Raises
    ------
    InputError
        If the file is missing, no NPZ, truncated, corrupt, or holds pickled objects.
    """
    try:
        return _read_npz(Path(path))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except MemoryError:
        raise InputError(f"{path}: claims arrays larger than the memory") from None
    except (
        ValueError,
        KeyError,
        EOFError,
        RuntimeError,
        SyntaxError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise InputError(f"{path}: not a usable NPZ file: {_first_line(error)}") from None


def _read_npz(path: Path) -> dict[str, npt.NDArray[Any]]:
    import numpy as np

    with path.open("rb") as stream:
        if not zipfile.is_zipfile(stream):
            raise ValueError("it is no zip archive, or the end of it is missing")
        stream.seek(0)
        arrays: dict[str, npt.NDArray[Any]] = {}
        with np.load(stream, allow_pickle=False) as archive:
            for name in archive.files:
                value: Any = archive[name]
                if not isinstance(value, np.ndarray):
                    raise ValueError(f"entry `{name}` is no array")
                arrays[name] = value
        return arrays


def _first_line(error: Exception) -> str:
    text = str(error).split("\n", maxsplit=1)[0]
    if "allow_pickle" in text:
        return "it holds pickled objects, which are never read"
    return text or type(error).__name__


def sha256_of_file(path: str | Path) -> str:
    """Return the SHA-256 of a file's content as 64 hexadecimal digits.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
