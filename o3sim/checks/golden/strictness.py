"""What a golden is compared by: everything, or figures within a tolerance, or all but the energy."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeGuard

from o3sim.checks.diff.changes import Change
from o3sim.errors import InputError

PARTS = ("energy", "traces")
"""What may be left out."""

_EXACT = frozenset({"images", "classes", "class", "scores", "accuracy", "agreement"})
"""Numbers of a result that are no measure of the machine's work: what was computed, and on how much."""

_ENERGY = frozenset({"energy", "pj", "fj", "watt"})
"""Words in the keys of all figures that an energy table has a part in."""


@dataclass(frozen=True)
class Strictness:
    """What of a golden has to be as recorded.

    Attributes
    ----------
    tolerance : float
        Share of its recorded value that a figure may be off. Above 0 traces are not compared.
    without : frozenset of str
        Of :data:`PARTS`, what is not compared.
    """

    tolerance: float = 0.0
    without: frozenset[str] = frozenset()

    @property
    def compares_traces(self) -> bool:
        """Whether traces have to be as recorded, event by event."""
        return not self.tolerance and "traces" not in self.without

    def forgives(self, change: Change, is_figure: bool) -> bool:
        """Return whether a value may differ so.

        Parameters
        ----------
        is_figure : bool
            Whether it stands among figures, and not in what was run.
        """
        keys = re.split(r"[.\[\]]+", change.name)
        if "energy" in self.without and any(_ENERGY & set(key.split("_")) for key in keys):
            return True
        return is_figure and not _EXACT & set(keys) and self._is_near(change.a, change.b)

    def _is_near(self, recorded: object, now: object) -> bool:
        if not _is_number(recorded) or not _is_number(now):
            return False
        return abs(now - recorded) <= self.tolerance * abs(recorded)


def strictness(tolerance: float | None, without: str | Iterable[str]) -> Strictness:
    """Make one from what a user asks for.

    Raises
    ------
    InputError
        If the tolerance is no share, or a part none of :data:`PARTS`.
    """
    share = 0.0 if tolerance is None else tolerance
    if not (_is_number(share) and math.isfinite(share) and 0 <= share < 1):
        raise InputError(f"tolerance {tolerance}: expected a share from 0 to below 1, as 0.02 for 2 %")
    parts = (without,) if isinstance(without, str) else tuple(without)
    for part in parts:
        if part not in PARTS:
            raise InputError(f"without {part}: expected {' or '.join(PARTS)}")
    return Strictness(share, frozenset(parts))


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
