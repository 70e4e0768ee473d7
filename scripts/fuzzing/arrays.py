"""Changes of NPY and NPZ files: headers, dtypes, shapes, values, entries, and what unfolds to gigabytes."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from functools import cache
from random import Random
from typing import Any

import numpy as np

from scripts.fuzzing import odd
from scripts.fuzzing.texts import any_bytes

DTYPES = (
    "u1",
    "i1",
    "u2",
    "i4",
    "u4",
    "i8",
    "u8",
    ">u8",
    "f2",
    "f4",
    "f8",
    "c8",
    "?",
    "U3",
    "S2",
    "M8[s]",
    "m8[D]",
    "V4",
)
HEADERS = (
    "{",
    "{}",
    "",
    "[]",
    "None",
    "{'descr': '<u8', 'fortran_order': False, 'shape': (99999999999,), }",
    "{'descr': '|O', 'shape': (1,)}",
    "{'descr': '<u8', 'fortran_order': False, 'shape': (-1, 4), }",
    "{'descr': '<u8', 'fortran_order': False, 'shape': 4, }",
    "{'descr': 'zz', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<U99999999', 'fortran_order': False, 'shape': (9,), }",
    "{'descr': [('a', '<u8')], 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<u8', 'fortran_order': 'x', 'shape': (True,), }",
    "{'descr': '<u8', 'fortran_order': False, 'shape': (0, 2**62), }",
    "(" * 500,
    "__import__('os')",
    "{'descr': '<u8'",
    "\x00" * 20,
    "{'descr': '|V0', 'fortran_order': False, 'shape': (2147483648,), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (0,) * 40, }",
)
BOMB_BYTES = 2**28


def npy_file(raw: bytes, random: Random) -> bytes:
    """Change the header, the array or bytes of an NPY file."""
    kind = random.randrange(3)
    if kind == 0:
        return any_bytes(raw, random)
    if kind == 1:
        return with_header(random.choice(HEADERS), raw[128:])
    return to_npy(changed(np.load(io.BytesIO(raw), allow_pickle=False), random))


def npz_file(raw: bytes, random: Random) -> bytes:
    """Change an entry of an NPZ file, or its name, or the archive around them."""
    if random.random() < 0.2:
        return any_bytes(raw, random)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    name = random.choice(list(entries))
    kind = random.randrange(10)
    if kind == 0:
        del entries[name]
    elif kind == 1:
        entries[random.choice((odd.string(random)[:200], f"{name}x", "../x.npy", "x.npy"))] = entries[name]
    elif kind == 2:
        entries[f"{odd.string(random)[:200]}.npy"] = entries.pop(name)
    elif kind == 3:
        entries[name], other = entries[random.choice(list(entries))], entries[name]
        entries[random.choice(list(entries))] = other
    elif kind == 4 and random.random() < 0.3:
        return _bomb(name)
    else:
        entries[name] = npy_file(entries[name], random)
    return _zipped(entries, random)


def _zipped(entries: dict[str, bytes], random: Random) -> bytes:
    stream = io.BytesIO()
    method = random.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_LZMA))
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in entries.items():
            try:
                archive.writestr(zipfile.ZipInfo(name), content, method)
            except UnicodeEncodeError:  # no zip can have that name
                archive.writestr(zipfile.ZipInfo("surrogate"), content, method)
    return stream.getvalue()


def changed(array: Any, random: Random) -> Any:
    """Give an array another dtype, shape or values; it may hold Python objects then."""
    changes = (_retyped, _reshaped, _halved, _zeroed, _objects, _repeated, _spotted)
    return random.choice(changes)(array, random)


def _reshaped(array: Any, random: Random) -> Any:
    return array.reshape(random.choice(((-1,), (1, *array.shape), (*array.shape, 1), array.shape[::-1])))


def _halved(array: Any, _random: Random) -> Any:
    return array[: array.shape[0] // 2] if array.ndim else array.reshape(1)


def _zeroed(array: Any, random: Random) -> Any:
    return np.zeros(random.choice(((), (0,), (0, 0), (1,), (3, 3, 3), (70_000,))), array.dtype)


def _objects(_array: Any, _random: Random) -> Any:
    return np.array([{"a": 1}, None], dtype=object)


def _repeated(array: Any, random: Random) -> Any:
    return np.concatenate([np.atleast_1d(array)] * random.choice((2, 50)))


def _spotted(array: Any, random: Random) -> Any:
    """Put one odd value into an array, as near as its dtype can have it."""
    copied = np.array(array)
    if copied.size and copied.dtype.kind in "fiu":
        at = random.randrange(copied.size)
        odd_value = random.choice((0, -1, 1e300, float("nan"), float("inf"), 2**63, -(2**63)))
        with np.errstate(all="ignore"):
            copied.reshape(-1)[at] = np.array(odd_value, np.float64).astype(copied.dtype)
    return copied


def _retyped(array: Any, random: Random) -> Any:
    dtype = random.choice(DTYPES)
    try:
        with np.errstate(all="ignore"):
            return array.astype(dtype)
    except (TypeError, ValueError):
        return np.zeros(array.shape, dtype)


def to_npy(array: Any) -> bytes:
    """Write an array as an NPY file, pickled if it holds objects."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asanyarray(array), allow_pickle=True)
    return stream.getvalue()


def with_header(header: str, content: bytes) -> bytes:
    """Write an NPY file with any text as its header."""
    text = header.encode("latin1") + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + content


@cache
def _zeros() -> tuple[bytes, int]:
    """Deflate an NPY file of nothing but zeros; return it with its CRC."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({BOMB_BYTES},), }}"
    content = with_header(header, bytes(BOMB_BYTES))
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush(), zlib.crc32(content)


def _bomb(name: str) -> bytes:
    """Write an archive of an array of 256 MB in a megabyte, whose directory lists it twelve times over."""
    packed, crc = _zeros()
    size, raw_name = BOMB_BYTES + 100, name.encode()
    fields = struct.pack("<HHHHHIII", 20, 0, 8, 0, 33, crc, len(packed), size)
    local = b"PK\x03\x04" + fields + struct.pack("<HH", len(raw_name), 0) + raw_name + packed
    central = b""
    for number in range(12):
        listed = raw_name if not number else b"%d%s" % (number, raw_name)
        central += (
            b"PK\x01\x02"
            + struct.pack("<H", 20)
            + fields
            + struct.pack("<HHHHHII", len(listed), 0, 0, 0, 0, 0, 0)
        )
        central += listed
    end = struct.pack("<HHHHIIH", 0, 0, 12, 12, len(central), len(local), 0)
    return local + central + b"PK\x05\x06" + end
