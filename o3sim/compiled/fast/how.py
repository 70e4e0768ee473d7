"""What a fast kernel is compiled for: constants to it, so that what they exclude is not compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from o3sim.compiled.kernel import inlined

if TYPE_CHECKING:
    from o3sim.compiled.fast.records import FastMemory

NO_WINDOWS, ANY_WINDOWS, WINDOWS_OF_4 = 0, 1, 2
USUAL_CONTEXTS = 2
USUAL_WINDOW_CONTEXTS = 3
USUAL_PES = 64


class How(NamedTuple):
    """What a kernel may take for granted.

    Attributes
    ----------
    contexts, set_words : int
        Contexts of a PE, and words of a set of PEs; 0 where they are looked up.
    windows : int
        Whether windows are pruned, and whether each is 4 ops in a row of program order; looked up if they
        are ``ANY_WINDOWS``.
    is_banked : bool
        Whether banks can refuse words.
    has_patches : bool
        Whether each PE has a memory of the activations that it reads, so that only weights can be refused.
    """

    contexts: int
    set_words: int
    windows: int
    is_banked: bool
    has_patches: bool


def how_for(pes: int, contexts: int, windows: int, is_banked: bool) -> How:
    """Choose a kernel: there are three for ideal supply, and one for banks, where words take most time."""
    if not is_banked and pes <= USUAL_PES and contexts == USUAL_CONTEXTS and windows != ANY_WINDOWS:
        return How(contexts, 1, windows, False, False)
    return How(0, 0, ANY_WINDOWS, is_banked, False)


def how_for_banks(is_banked: bool) -> How:
    """Choose a kernel for layers of a machine whose queue is in banks."""
    return How(0, 0, ANY_WINDOWS, is_banked, False)


def how_for_windows(pes: int, contexts: int, has_patches: bool) -> How:
    """Choose a kernel for layers whose windows lie in contexts: constants bring a tenth there."""
    if pes <= USUAL_PES and contexts == USUAL_WINDOW_CONTEXTS:
        return How(contexts, 1, NO_WINDOWS, True, has_patches)
    return How(0, 0, NO_WINDOWS, True, has_patches)


@inlined
def contexts_of(x: FastMemory, how: How) -> int:
    """Return the contexts of a PE."""
    return how.contexts if how.contexts > 0 else x.settings.contexts


@inlined
def windows_kind(x: FastMemory, how: How) -> int:
    """Return whether windows of a layer are pruned, and of which kind they are."""
    return how.windows if how.windows != ANY_WINDOWS else x.layer.windows_kind
