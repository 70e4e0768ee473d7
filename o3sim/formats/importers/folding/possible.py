"""Which sums a layer can have: whether one can lie exactly on a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from o3sim.formats.importers.folding.steps import Bound, Comparison, Step, compare, threshold


@dataclass(frozen=True)
class SumRange:
    """The sums of a layer's neurons, as far as their number of edges says.

    Attributes
    ----------
    edges : tuple of int
        Edges of a neuron: several numbers where padded taps are no edges.
    most : int
        The largest magnitude of what an edge takes.
    binary : bool
        Edges take -1 and +1, so that sums are odd where edges are.
    """

    edges: tuple[int, ...]
    most: int = 1
    binary: bool = True

    def selected(self, comparison: Comparison) -> tuple[int, ...]:
        """Count the sums for which a comparison gives 1, for each number of edges.

        Examples
        --------
        >>> SumRange((3,)).selected(compare([], 0, Bound(Fraction(0))))  # of -3, -1, 1, 3
        (2,)
        """
        return tuple(self._selected(comparison, edges) for edges in self.edges)

    def _selected(self, comparison: Comparison, edges: int) -> int:
        step, top = (2, edges) if self.binary else (1, edges * self.most)
        total = 2 * top // step + 1
        if isinstance(comparison.condition, bool):
            found = total if comparison.condition else 0
        else:  # sums are as many below 0 as above, so that mirrored ones are counted alike
            theta, _ = threshold(comparison.condition)
            found = max(0, min(total, (top - theta) // step + 1))
        return total - found if comparison.inverted else found


def ties(steps: Sequence[Step], channel: int, possible: SumRange) -> bool:
    """Return whether the value after all steps can be 0, which is neither above nor below."""
    reached, passed = (compare(steps, channel, Bound(Fraction(0), strict=strict)) for strict in (False, True))
    return possible.selected(reached) != possible.selected(passed)
