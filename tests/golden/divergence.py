"""Compare two traces and show where they part."""

from __future__ import annotations

from collections.abc import Sequence


def divergence(name: str, expected: Sequence[str], got: Sequence[str], context_lines: int = 5) -> str | None:
    """Describe the first line in which two traces differ, or return None if none does.

    Parameters
    ----------
    name : str
        What is compared, for the message.
    expected, got : sequences of str
        Lines without newlines.
    context_lines : int
        Lines to show before the difference, and after it on either side.
    """
    if list(expected) == list(got):
        return None
    shared = min(len(expected), len(got))
    at = next((i for i in range(shared) if expected[i] != got[i]), shared)
    before = expected[max(0, at - context_lines) : at]
    message = [f"{name}: line {at + 1} of {len(expected)} differs ({len(got)} lines were made)"]
    message += [f"  {line}" for line in before]
    for mark, lines in (("- ", expected), ("+ ", got)):
        message += [mark + line for line in lines[at : at + context_lines]] or [f"{mark}(the end)"]
    return "\n".join([*message, "- is expected, + was made"])
