"""Errors that are the user's to mend: the command line prints them and exits with status 2."""

from __future__ import annotations

from collections.abc import Sequence


class InputError(Exception):
    """Something given to o3sim cannot be used; the message says where, what and the way out."""


MOST_PROBLEMS = 50
"""Problems of configuration files that are written out; the rest are counted."""


class ConfigError(InputError):
    """All that is wrong with one or more configuration files.

    Parameters
    ----------
    problems : sequence of str
        Lines ``file:line:column: key: what is wrong``, in file order. The message has the first
        :data:`MOST_PROBLEMS` of them.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        more = len(self.problems) - MOST_PROBLEMS
        counted = [f"... and {more:,} more"] if more > 0 else []
        super().__init__("\n".join([*self.problems[:MOST_PROBLEMS], *counted]))
