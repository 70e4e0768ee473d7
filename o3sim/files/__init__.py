"""Files written whole or not at all, NPZ files that are the same bytes for the same arrays."""

from __future__ import annotations

import hashlib
import os
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from o3sim.errors import InputError
from o3sim.files.inputs import first_line, most_unfolded_bytes, open_input, unreadable
from o3sim.files.leftovers import clear_leftovers, ordinary_mode, sync, temporary_file

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
        If it is a folder, or in none, or in one that may not be written to, or no file can have its name.
    """
    named = named or str(path)
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        raise InputError(f"{named}: no file can be called so") from None
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
    clear_leftovers(target)
    handle, temporary = temporary_file(target)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(handle)  # or else a crash could leave the name, and nothing in the file
            os.fchmod(handle, ordinary_mode(target))
            os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync(target.parent)


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


def load_npz(path: str | Path, most_bytes: int | None = None) -> dict[str, npt.NDArray[Any]]:
    """Read every array of an NPZ file, never unpickling anything.

    Parameters
    ----------
    most_bytes : int, optional
        Limit for all arrays together, besides what any file may unfold to.

    Raises
    ------
    InputError
        If the file is missing, no NPZ, truncated, corrupt, unfolds to more than arrays do
        (:func:`o3sim.files.inputs.most_unfolded_bytes`), or holds pickled objects.
    """
    with open_input(path) as stream:
        try:
            return _read_npz(stream, most_bytes)
        except OSError as error:
            raise unreadable(path, error) from None
        except MemoryError:
            raise InputError(f"{path}: claims arrays larger than the memory") from None
        except Exception as error:  # damaged headers raise nearly anything
            what = first_line(error)
            if "allow_pickle" in what:
                what = "it holds pickled objects, which are never read"
            raise InputError(f"{path}: not a usable NPZ file: {what}") from None


def _read_npz(stream: BinaryIO, most_bytes: int | None) -> dict[str, npt.NDArray[Any]]:
    import numpy as np

    if not zipfile.is_zipfile(stream):
        raise ValueError("it is no zip archive, or the end of it is missing")
    _check_npz_sizes(stream, most_bytes)
    stream.seek(0)
    arrays: dict[str, npt.NDArray[Any]] = {}
    with np.load(stream, allow_pickle=False) as archive:
        for name in archive.files:
            value: Any = archive[name]
            if not isinstance(value, np.ndarray):
                raise ValueError(f"entry `{name}` is no array")
            _check_text(name, value)
            arrays[name] = value
    return arrays


def _check_text(name: str, array: npt.NDArray[Any]) -> None:
    """Refuse text of numbers that are no characters: strings of them fail wherever they are used."""
    import numpy as np

    if array.dtype.kind != "U" or not array.itemsize:
        return
    codes = np.ascontiguousarray(array, array.dtype.newbyteorder("=")).view(np.uint32)
    if codes.size and codes.max() > sys.maxunicode:
        raise ValueError(f"entry `{name}` has numbers in place of characters")


def _check_npz_sizes(stream: BinaryIO, most_bytes: int | None) -> None:
    """Look at what the archive says of its entries before any is unfolded; none can be longer than that."""
    stored_bytes = os.fstat(stream.fileno()).st_size
    with zipfile.ZipFile(stream) as archive:
        unfolded_bytes = sum(entry.file_size for entry in archive.infolist())
    most_bytes = min(most_unfolded_bytes(stored_bytes), most_bytes or sys.maxsize)
    if unfolded_bytes > most_bytes:
        raise ValueError(f"it unpacks to {unfolded_bytes:,} bytes; at most {most_bytes:,} are read")


def sha256_of_file(path: str | Path) -> str:
    """Return the SHA-256 of a file's content as 64 hexadecimal digits.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    with open_input(path) as stream:
        try:
            return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise unreadable(path, error) from None


def stamp_of(path: str | Path) -> tuple[int, ...]:
    """Return numbers of which one changes whenever a file does; none if it is gone."""
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
