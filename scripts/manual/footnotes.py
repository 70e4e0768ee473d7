"""Names of tests in the site: footnotes, so that a sentence of the contract can be read without them."""

from __future__ import annotations

import re

_TESTS = re.compile(
    r"\s*(?:\((?P<inside>{0})\)|(?P<bare>{0}))".replace("{0}", r"`test_\w+`(?:,\s+`test_\w+`)*")
)


def with_footnotes(text: str) -> str:
    r"""Return a page in which the tests that hold a sentence are named at the end of the page.

    >>> print(with_footnotes("A rule (`test_a`,\n  `test_b`).\nAnother. `test_c`\n"))
    A rule[^t1].
    Another.[^t2]
    <BLANKLINE>
    [^t1]: Held by `test_a`, `test_b`.
    [^t2]: Held by `test_c`.
    <BLANKLINE>
    """
    notes: list[str] = []

    def note(match: re.Match[str]) -> str:
        names = " ".join((match["inside"] or match["bare"]).split())
        notes.append(f"[^t{len(notes) + 1}]: Held by {names}.")
        return f"[^t{len(notes)}]"

    noted = _TESTS.sub(note, text)
    return "\n".join([noted, *notes, ""]) if notes else text
