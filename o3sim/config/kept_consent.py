"""Consent that a user keeps: hashes of code in a file of the user's configuration folder.

A configuration, a golden or a cluster file can be handed on; this file stays, and nothing else is believed.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from o3sim.config.code_content import CodeContent
from o3sim.errors import InputError
from o3sim.files import write_atomic
from o3sim.files.inputs import open_input

KEPT_SHA256 = re.compile(r"[0-9a-f]{64}")

MOST_KEPT_BYTES = 2**24
"""Of the file: some 100,000 lines."""

_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def kept_file() -> Path:
    """Return where consent is kept: ``o3sim/allowed-code`` in ``$XDG_CONFIG_HOME``, else in ``~/.config``.

    A relative ``XDG_CONFIG_HOME`` counts for nothing, as its specification says: it might lead into a folder
    that came with the code.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    stated = Path(os.environ.get("XDG_CONFIG_HOME") or ".")
    folder = stated if stated.is_absolute() else Path(os.path.expanduser("~/.config"))
    if not folder.is_absolute():
        raise InputError("no configuration folder: neither XDG_CONFIG_HOME nor HOME names one")
    return folder / "o3sim" / "allowed-code"


def kept_consent() -> frozenset[str]:
    """Return the SHA-256 of all code that the user has allowed for good.

    Raises
    ------
    InputError
        If the file is another user's, or others may write it.
    """
    return frozenset(line.split(maxsplit=1)[0] for line in _lines())


def keep_consent(contents: Iterable[CodeContent]) -> None:
    """Allow code for good.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    lines = [*_lines(), *(f"{each.sha256}  {each.file.resolve()}" for each in contents)]
    path = kept_file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
    write_atomic(path, "".join(f"{line}\n" for line in dict.fromkeys(lines)))


def _lines() -> list[str]:
    path = kept_file()
    if not path.exists():
        return []
    with open_input(path, MOST_KEPT_BYTES) as stream:
        found = os.fstat(stream.fileno())
        if found.st_uid != os.geteuid() or found.st_mode & _BY_OTHERS:
            raise InputError(f"{path}: others can write it: chmod 600 {path}, or remove it")
        text = stream.read().decode(errors="replace")
    return [line for line in text.splitlines() if KEPT_SHA256.match(line)]
