"""Consent to run code of Python files that a configuration or an option names: nothing runs without it.

It is given for a while by :func:`allow_code`, or kept (:mod:`o3sim.config.kept_consent`). Workers are told
the hashes that their command has consent for, and look at nothing else.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from o3sim.config.code_content import CodeContent, content_of_code
from o3sim.config.custom_code import CUSTOM_KEYS, code_place, is_custom
from o3sim.config.kept_consent import KEPT_SHA256, kept_consent
from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture


class Allowance:
    """Consent that lasts until it is closed: by :meth:`close`, at the end of a ``with``, or never.

    Parameters
    ----------
    sha256 : iterable of str
        Hashes of the code that may run; all code if there is none.
    """

    def __init__(self, sha256: Iterable[str]) -> None:
        self._sha256 = frozenset(sha256)
        _given.append(self)

    def covers(self, content: CodeContent) -> bool:
        """Return whether this code may run."""
        return not self._sha256 or content.sha256 in self._sha256

    def close(self) -> None:
        """End the consent."""
        if self in _given:
            _given.remove(self)

    def __enter__(self) -> Allowance:
        """Leave the consent as it is until the block ends."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End the consent."""
        self.close()


_given: list[Allowance] = []
"""Of this process."""

_of_worker: ContextVar[frozenset[str] | None] = ContextVar("_of_worker", default=None)
"""In a worker, what its command has consent for; nothing else counts there."""


def allow_code(*sha256: str) -> Allowance:
    """Let o3sim run code of Python files that configurations name (``FILE.py:Class``).

    Parameters
    ----------
    *sha256 : str
        Hashes of the code that may run, as the refusal tells it; all code if none is given.

    Returns
    -------
    Allowance
        For ``with o3sim.allow_code(): ...``, which ends the consent; else it lasts as long as the process.

    Raises
    ------
    InputError
        If something is no SHA-256.
    """
    for each in sha256:
        if not (isinstance(each, str) and KEPT_SHA256.fullmatch(each)):
            raise InputError(f"allow_code: expected a SHA-256 of 64 hexadecimal digits, found {each!r}")
    return Allowance(sha256)


def check_consent(*architectures: Architecture, more: Iterable[object] = ()) -> frozenset[str]:
    """Refuse code that nobody has allowed to run, all of it at once.

    Parameters
    ----------
    *architectures : Architecture
    more : iterable
        Further values, of which some may be ``FILE.py:Class``. Files that cannot be read are left to
        whoever loads them.

    Returns
    -------
    frozenset of str
        SHA-256 of the code that may run: what workers need to know.

    Raises
    ------
    InputError
        With a line for each file.
    """
    named = [*_custom(architectures), *(str(value) for value in more if is_custom(value))]
    contents: list[CodeContent] = []
    for file in dict.fromkeys(code_place(value).file for value in named):
        with suppress(InputError):
            contents.append(content_of_code(file))
    refused = [content for content in contents if not _is_allowed(content)]
    if refused:
        raise InputError("\n".join(map(_refusal, refused)))
    return frozenset(content.sha256 for content in contents)


def allowed_content(file: Path) -> CodeContent:
    """Read the code of a file that is about to run.

    Raises
    ------
    InputError
        If nobody has allowed it to run, or it cannot be read.
    """
    content = content_of_code(file)
    if not _is_allowed(content):
        raise InputError(_refusal(content))
    return content


@contextmanager
def consent_of_task(sha256: frozenset[str]) -> Iterator[None]:
    """Run a task with its command's consent, and no other."""
    before = _of_worker.set(sha256)
    try:
        yield
    finally:
        _of_worker.reset(before)


def take_consent(sha256: frozenset[str]) -> None:
    """Take over a command's consent, for all that this worker process does."""
    _of_worker.set(sha256)


def _custom(architectures: Iterable[Architecture]) -> Iterator[str]:
    for architecture in architectures:
        values = (getattr(getattr(architecture, unit), key) or "" for unit, key in CUSTOM_KEYS)
        yield from filter(is_custom, values)


def _is_allowed(content: CodeContent) -> bool:
    told = _of_worker.get()
    if told is not None:
        return content.sha256 in told
    return any(each.covers(content) for each in _given) or content.sha256 in kept_consent()


def _refusal(content: CodeContent) -> str:
    if _of_worker.get() is not None:
        return f"{content}: is not what was allowed to run; it has changed meanwhile, or is another file here"
    return (
        f"{content}: would run with all rights of your user; read it, then give --allow-code, or once for"
        f" all `o3sim allow {shlex.quote(str(content.file))}` (in Python: o3sim.allow_code)"
    )
