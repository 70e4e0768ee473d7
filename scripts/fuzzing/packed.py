"""Changes of what wraps other files: gzip, tar archives, QONNX models."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

import numpy as np

from scripts.fuzzing import odd
from scripts.fuzzing.texts import any_bytes

Change = Callable[[bytes, Random], bytes]


def zipped(inner: Change) -> Change:
    """Make a change of gzip files out of one of what is in them."""

    def change(raw: bytes, random: Random) -> bytes:
        kind = random.randrange(6)
        if kind == 0:
            return any_bytes(raw, random)
        if kind == 1:
            return raw + random.choice((raw, b"\0" * 100, b"garbage", b"\x1f\x8b"))
        if kind == 2 and random.random() < 0.2:
            return _zeros()
        return gzip.compress(inner(gzip.decompress(raw), random), mtime=0)

    return change


@cache
def _zeros() -> bytes:
    """Half a gigabyte in half a megabyte."""
    return b"".join([gzip.compress(bytes(2**26), 1, mtime=0)] * 8)


def tar_file(raw: bytes, random: Random) -> bytes:
    """Change members of an archive: their names, kinds, sizes or content."""
    if random.random() < 0.2:
        return any_bytes(raw, random)
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        members = [(each, archive.extractfile(each).read()) for each in archive if each.isfile()]  # type: ignore[union-attr]
    at = random.randrange(len(members))
    member, content = members[at]
    kind = random.randrange(6)
    if kind == 0:
        member.name = random.choice(
            ("/etc/test_batch", "../../test_batch", "test_batch", odd.string(random)[:90])
        )
    elif kind == 1:
        member.type = random.choice(
            (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE)
        )
        member.linkname = random.choice(("/dev/zero", "/etc/passwd", member.name, "x"))
    elif kind == 2:
        members.append(members[at])
    elif kind == 3:
        del members[at]
    else:
        members[at] = member, pickle_file(content, random)
    return _tarred(members)


def _tarred(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", errors="surrogatepass") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


PICKLES = (
    b"\x80\x02cos\ngetcwd\n)R.",
    b"\x80\x02c__builtin__\neval\nU\x031+1\x85R.",
    b"\x80\x02}.",
    b"\x80\x02]" + b"(" * 5000 + b".",
    b"\x80\x02N.",
    b"cnumpy\nndarray\n.",
    b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f.",
    b"\x80\x02T\xff\xff\xff\x7fx.",
    b"\x80\x02]q\x00h\x00a.",
    b"\x80\x02r\xff\xff\xff\xff.",
    b"",
    b".",
    b"\x80\x02K\x01\x85q\xff" + b"h\xff\x86q\xff" * 40 + b".",
)


def pickle_file(raw: bytes, random: Random) -> bytes:
    """Change a pickle, or put another in its place."""
    return any_bytes(raw, random) if random.random() < 0.7 else random.choice(PICKLES)


def onnx_file(raw: bytes, random: Random) -> bytes:
    """Change fields of a model in the protocol's own terms; now and then its bytes."""
    if random.random() < 0.15:
        return any_bytes(raw, random)
    import onnx

    model: Any = onnx.ModelProto.FromString(raw)
    for _ in range(random.choice((1, 1, 2, 4))):
        _change_message(_some_message(model, random), random)
    return bytes(model.SerializeToString())


def _some_message(model: Any, random: Random) -> Any:
    """Pick a node, an attribute, a tensor, a shape or what is around them."""
    messages, found = [model], []
    while messages:
        message = messages.pop()
        found.append(message)
        for field, content in message.ListFields():
            if field.message_type is not None:
                messages += (
                    [content]
                    if hasattr(content, "ListFields")
                    else [each for each in content if hasattr(each, "ListFields")]
                )
    return random.choice(found)


def _change_message(message: Any, random: Random) -> None:
    fields = message.ListFields()
    if not fields or random.random() < 0.1:
        field = random.choice(message.DESCRIPTOR.fields)
        content = getattr(message, field.name, None)
    else:
        field, content = random.choice(fields)
    repeated = hasattr(content, "__len__") and not isinstance(content, str | bytes)
    try:
        if random.random() < 0.25:
            message.ClearField(field.name)
        elif repeated:
            _change_repeated(content, field, random)
        elif field.message_type is None:
            setattr(message, field.name, _field_value(content, random))
    except (TypeError, ValueError, AttributeError, UnicodeEncodeError):
        message.ClearField(field.name)


def _change_repeated(content: Any, field: Any, random: Random) -> None:
    if len(content) and random.random() < 0.4:
        del content[random.randrange(len(content))]
    elif len(content) and field.message_type is not None:
        content.append(random.choice(list(content)))
    elif len(content):
        content[random.randrange(len(content))] = _field_value(content[0], random)
    elif field.message_type is None:
        content.extend([1])


def _field_value(old: Any, random: Random) -> Any:
    if isinstance(old, bytes):
        return any_bytes(old, random)
    if isinstance(old, str):
        ops = (
            "Conv",
            "MatMul",
            "Add",
            "Sign",
            "MaxPool",
            "Reshape",
            "Shape",
            "Gather",
            "Concat",
            "Loop",
            "If",
            "Identity",
            "Quant",
        )
        return random.choice((*ops, odd.string(random), old[:-1]))
    if isinstance(old, float):
        return float(np.float32(random.choice((0, -1, 1e30, float("nan"), float("inf"), 0.5))))
    return random.choice((0, 1, 2, -1, 3, 7, 2**31 - 1, 2**40, 2**63 - 1, -(2**63), random.randrange(20)))
