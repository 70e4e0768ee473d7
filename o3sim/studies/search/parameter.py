"""A parameter of a search: its values, and what Optuna draws in their place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

    from o3sim.studies.sweep.config import Scalar


@dataclass(frozen=True)
class Parameter:
    """A dotted architecture key and the values that it may take.

    Attributes
    ----------
    key : str
    values : tuple
        Each once.
    """

    key: str
    values: tuple[Scalar, ...]

    @property
    def ordered(self) -> bool:
        """Whether neighbours are alike: numbers from the smallest to the largest."""
        numbers = [value for value in self.values if type(value) in (int, float)]
        return len(numbers) == len(self.values) and numbers == sorted(numbers)

    @property
    def label(self) -> str:
        """What Optuna calls it: it draws ordered values by their place in the list."""
        return f"{self.key} [place]" if self.ordered else self.key

    def distribution(self) -> BaseDistribution:
        """Return what Optuna draws from."""
        from optuna.distributions import CategoricalDistribution, IntDistribution

        if self.ordered:
            return IntDistribution(0, len(self.values) - 1)
        return CategoricalDistribution(self.values)

    def value(self, drawn: Any) -> Scalar:
        """Turn what Optuna drew into the value."""
        return self.values[drawn] if self.ordered else self.values[self.values.index(drawn)]

    def drawn(self, value: Scalar) -> Any:
        """Turn a value into what Optuna would have drawn."""
        return self.values.index(value) if self.ordered else value
