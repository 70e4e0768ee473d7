"""Words of a cluster file as the shell and sbatch read them."""

from __future__ import annotations

import re
import shlex

HOME = re.compile(r"~[\w.-]*(/|$)")
VARIABLE = re.compile(r"(\$\w+|\$\{\w+\})")
PLAIN = re.compile(r"[\w@%+=:,./-]+", re.ASCII)


def shell_word(text: str) -> str:
    """Quote a path for the shell of a job; what only the node knows, it fills in: ``~`` and ``$TMPDIR``.

    >>> shell_word("/scratch")
    '/scratch'
    >>> print(shell_word("$TMPDIR/my runs"))
    "$TMPDIR"'/my runs'
    >>> print(shell_word("~/a $(b)"))
    ~/'a $(b)'
    """
    home = HOME.match(text)
    start = home.end() if home else 0
    parts = VARIABLE.split(text[start:])  # every second one is a variable
    quoted = (f'"{part}"' if number % 2 else shlex.quote(part) for number, part in enumerate(parts) if part)
    return text[:start] + "".join(quoted)


def sbatch_word(text: str) -> str:
    r"""Quote a word of an ``#SBATCH`` line: sbatch knows both quotes and, inside them too, backslashes.

    >>> print(sbatch_word("o3sim"), sbatch_word("queue depths"), sbatch_word('a "b"'))
    o3sim "queue depths" "a \"b\""
    """
    if PLAIN.fullmatch(text):
        return text
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
