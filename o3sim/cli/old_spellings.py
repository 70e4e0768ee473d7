"""Options as they were spelt before: taken for a release more, with a line on standard error."""

from __future__ import annotations

import shlex
import sys
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from typer.core import TyperCommand


class Spelling(NamedTuple):
    """An option with its value, and whether its spelling is worth a word."""

    name: str
    value: str
    old: bool = True


class Respelt(TyperCommand):
    """A command that still takes some options in other spellings."""

    names: tuple[str, ...]
    """The options that may have another spelling."""

    @abstractmethod
    def respelt(self, name: str, value: str, /) -> Spelling | None:
        """Return how an option with a value is spelt now; None if it is spelt so."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take old spellings for new ones; say so once."""
        given: list[str] = []
        now: list[str] = []
        taken: list[str] = []
        for part in _parts(args, self.names):
            found = self.respelt(*part) if len(part) > 1 else None
            taken += part if found is None else found[:2]
            if found is not None and found.old:
                given += part
                now += found[:2]
        if given:
            print(f"note: {shlex.join(given)} is spelt {shlex.join(now)} now", file=sys.stderr)
        return super().parse_args(ctx, taken)


def _parts(args: Sequence[str], names: Sequence[str]) -> Iterator[list[str]]:
    """Split a command line into such options with their values, and everything else word by word."""
    rest = iter(args)
    for word in rest:
        name, equals, value = word.partition("=")
        if word == "--":
            yield from ([each] for each in (word, *rest))
        elif name in names and equals:
            yield [name, value]
        elif name in names:
            yield [name, *(each for each in [next(rest, None)] if each is not None)]
        else:
            yield [word]


class Calibration(Respelt):
    """``--images FILE.npz --count N``, now ``--image-file FILE.npz --images N``."""

    names = ("--images", "--count")

    def respelt(self, name: str, value: str, /) -> Spelling | None:
        """Tell a number of images from a file of them."""
        if name == "--count":
            return Spelling("--images", value)
        return None if _is_integer(value) else Spelling("--image-file", value)


class FolderOption(Respelt):
    """``--output-dir DIR``, now ``--output DIR``."""

    names = ("--output-dir",)

    def respelt(self, _name: str, value: str, /) -> Spelling | None:
        """Rename the option."""
        return Spelling("--output", value)


class FirstCycles(Respelt):
    """``--cycles N``, which stays another spelling of ``--cycles :N``."""

    names = ("--cycles",)

    def respelt(self, name: str, value: str, /) -> Spelling | None:
        """Write a number of cycles as a range."""
        return Spelling(name, f":{value}", old=False) if value.isdecimal() else None


def _is_integer(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True
