"""Loss terms that make more edges droppable, one file each.

The terms of O3BNN-R (TPDS'21) are not public in what is within reach; these are our own. All are
means over the edges at stake: a layer counts by its share of the network's binary edges, unless a training
weighs its layers itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from o3sim.train.config import Regularisers
from o3sim.train.regularisers.margin import margin_term
from o3sim.train.regularisers.pooling import ShuffledTerm, pooling_term
from o3sim.train.regularisers.threshold import threshold_term
from o3sim.train.regularisers.words import words_term

PoolingTerm = Callable[[Tensor, int, int], Tensor]
ThresholdTerm = Callable[[Tensor, Tensor, Tensor, int], Tensor]

THRESHOLD_FORMS: dict[str, ThresholdTerm] = {"edges": threshold_term, "words": words_term}
"""By the name that `regularisers.threshold_form` of a training takes."""


@dataclass(frozen=True)
class WantedTerms:
    """What to compute of every layer that has something to prune.

    Attributes
    ----------
    pooling, threshold : callable or None
    shift_only : bool
        Whether gradients reach the shifts of batch norm alone.
    """

    pooling: PoolingTerm | None = None
    threshold: ThresholdTerm | None = None
    shift_only: bool = False

    def begin_epoch(self, epoch: int) -> None:
        """Tell a term that draws at random which epoch begins."""
        if isinstance(self.pooling, ShuffledTerm):
            self.pooling.begin_epoch(epoch)


def wanted_terms(regularisers: Regularisers, seed: int) -> WantedTerms:
    """Return the terms whose weights are not 0, in the forms asked for."""
    forms: dict[str, PoolingTerm] = {
        "spread": pooling_term,
        "margin": margin_term,
        "shuffled": ShuffledTerm(seed),
    }
    return WantedTerms(
        forms[regularisers.pooling_form] if regularisers.pooling > 0 else None,
        THRESHOLD_FORMS[regularisers.threshold_form] if regularisers.threshold > 0 else None,
        regularisers.reach == "shift",
    )
