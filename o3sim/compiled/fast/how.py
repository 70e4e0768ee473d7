"""What a fast kernel is compiled for: constants to it, so that what they exclude is not compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from o3sim.compiled.kernel import inlined

if TYPE_CHECKING:
    from o3sim.compiled.fast.records import FastMemory

NO_WINDOWS, ANY_WINDOWS, WINDOWS_OF_4 = 0, 1, 2
USUAL_CONTEXTS = 2
USUAL_PES = 64


class How(NamedTuple):
    """What a kernel may take for granted.

    Attributes
    ----------
    is_usual : bool
        Whether PEs have two contexts, are no more than a word of bits can tell apart, and windows are of this
        kind; else all of this is looked up.
    windows : int
        Whether windows are pruned, and whether each is 4 ops in a row of program order.
    """

    is_usual: bool
    windows: int


def how_for(pes: int, contexts: int, windows: int) -> How:
    """Choose a kernel: there are three."""
    if pes <= USUAL_PES and contexts == USUAL_CONTEXTS and windows != ANY_WINDOWS:
        return How(True, windows)
    return How(False, ANY_WINDOWS)


@inlined
def contexts_of(x: FastMemory, how: How) -> int:
    """Return the contexts of a PE."""
    return USUAL_CONTEXTS if how.is_usual else x.settings.contexts


@inlined
def windows_kind(x: FastMemory, how: How) -> int:
    """Return whether windows are pruned, and of which kind they are."""
    return how.windows if how.is_usual else x.layer.windows_kind
