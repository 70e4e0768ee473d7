"""Errors that are the user's to mend: the command line prints them and exits with status 2."""

from __future__ import annotations

from collections.abc import Sequence


class InputError(Exception):
    """Something given to o3sim cannot be used; the message says where, what and the way out."""


class ConfigError(InputError):
    """All that is wrong with one or more configuration files.

    Parameters
    ----------
    problems : sequence of str
        Lines ``file:line:column: key: what is wrong``, in file order.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))
