"""What a layer counts, estimated from stretches of it, and how far that may be off.

All that a machine counts is taken to grow with the words that decide ops, of which the number is known for
the whole layer: a count is that number times the count of a word in the stretches. Every count has the same
weights, so sums and differences of counts are those of their estimates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from math import sqrt
from operator import attrgetter

import numpy as np

from o3sim.contract.counters import PE_CYCLE_CAUSES, LayerCounters

Value = Callable[[LayerCounters], float]
"""A count, or what is a sum of counts, each times a constant."""

COUNTS = tuple(item.name for item in fields(LayerCounters) if item.name not in ("name", "pe_cycles"))

_DEGREES = np.array([*range(1, 31), 40, 60, 120, np.inf])
_T_975 = np.concatenate(  # tables of Student's t
    [
        [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228],
        [2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086],
        [2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042],
        [2.021, 2.000, 1.980, 1.960],
    ]
)


def student_t_975(degrees: float) -> float:
    """Return the 97.5 % quantile of Student's t, of so many degrees of freedom, 1 at least.

    >>> student_t_975(6), round(student_t_975(35), 2)
    (2.447, 2.03)
    """
    return float(np.interp(-1 / degrees, -1 / _DEGREES, _T_975))


@dataclass(frozen=True)
class Variance:
    """The variance of an estimate: a sum over strata, and that of their squares over degrees of freedom."""

    amount: float = 0.0
    over_degrees: float = 0.0

    def __add__(self, other: Variance) -> Variance:
        """Add that of an independent estimate."""
        return Variance(self.amount + other.amount, self.over_degrees + other.over_degrees)

    @property
    def half_width(self) -> float:
        """Of the interval that holds the true value in 95 of 100 cases (Satterthwaite)."""
        if self.amount == 0:
            return 0.0
        return student_t_975(max(1.0, self.amount**2 / self.over_degrees)) * sqrt(self.amount)


@dataclass(frozen=True)
class Stratum:
    """Parts of a layer with like numbers of words, and what a machine counted in those that were run.

    Attributes
    ----------
    parts : int
    seen : tuple of LayerCounters
    """

    parts: int
    seen: tuple[LayerCounters, ...]

    @property
    def stands_for(self) -> float:
        """Parts that each of those that were run stands for."""
        return self.parts / len(self.seen)


@dataclass(frozen=True)
class LayerSample:
    """Stretches of a layer of an image.

    Attributes
    ----------
    strata : tuple of Stratum
    words : int
        That decide the ops of all parts.
    edge : LayerCounters
        What the layer's end may be off by: PEs stand otherwise there than in the whole layer.
    ops, simulated_ops : int
        Of the layer, and those of them that were run, warm-up counted.
    """

    strata: tuple[Stratum, ...]
    words: int
    edge: LayerCounters
    ops: int
    simulated_ops: int

    @property
    def _scale(self) -> float:
        """Words of all parts, over the estimate of them from the stretches; 1 where no op needs any."""
        seen = sum(
            stratum.stands_for * _words(counters) for stratum in self.strata for counters in stratum.seen
        )
        return self.words / seen if seen > 0 else 1.0

    def total(self, value: Value) -> float:
        """Estimate a count of all parts."""
        return self._scale * sum(
            stratum.stands_for * value(counters) for stratum in self.strata for counters in stratum.seen
        )

    def variance(self, value: Value) -> Variance:
        """Return the variance of that estimate: of what is left of a count when words are accounted for."""
        scale, of_word = self._scale, self.total(value) / max(1, self.words)
        whole = Variance()
        for stratum in self.strata:
            left = np.array([value(counters) - of_word * _words(counters) for counters in stratum.seen])
            run = len(left)
            if run < stratum.parts:
                amount = (
                    (scale * stratum.parts) ** 2 * (1 - run / stratum.parts) * float(left.var(ddof=1)) / run
                )
                whole += Variance(amount, amount**2 / (run - 1))
        return whole

    def counters(self) -> dict[str, float]:
        """Estimate all counts of all parts, causes of PE-cycles among them by their names."""
        counts = {name: self.total(attrgetter(name)) for name in COUNTS}
        return counts | {cause: self.total(_cause(cause)) for cause in PE_CYCLE_CAUSES}


def _cause(cause: str) -> Value:
    """Return what counts a cause of PE-cycles."""
    return lambda counters: counters.pe_cycles[cause]


def _words(counters: LayerCounters) -> int:
    return counters.pe_cycles["useful"]


def between(begin: LayerCounters, end: LayerCounters) -> LayerCounters:
    """Return what was counted from one look at a layer to another."""
    found = LayerCounters(end.name)
    for name in COUNTS:
        setattr(found, name, getattr(end, name) - getattr(begin, name))
    found.pe_cycles = {cause: end.pe_cycles[cause] - begin.pe_cycles[cause] for cause in PE_CYCLE_CAUSES}
    return found


def half_width(samples: Iterable[tuple[LayerSample, Value]]) -> float:
    """Return the half-width of the 95 % interval of a sum of counts of sampled layers."""
    whole, edges = Variance(), 0.0
    for sample, value in samples:
        whole += sample.variance(value)
        edges += value(sample.edge)
    return whole.half_width + edges
