"""Loss terms that make more edges droppable, one file each.

The terms of O3BNN-R (TPDS'21) are not public in what is within reach; these are our own. All are
means over the edges at stake: a layer counts by its share of the network's binary edges.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from o3sim.train.regularisers.margin import margin_term
from o3sim.train.regularisers.pooling import pooling_term

PoolingTerm = Callable[[Tensor, int, int], Tensor]

POOLING_FORMS: dict[str, PoolingTerm] = {"spread": pooling_term, "margin": margin_term}
"""By the name that `regularisers.pooling_form` of a training takes."""
