"""A plain loss term for pooling pruning, to measure the other against: push every member towards 1.

    R = mean of relu(1 - z)

over all batch-normed values ``z`` before a pool. It charges windows that are 0 as much as those that
are 1 already, and members whose siblings have settled the window as much as the first.
"""

from __future__ import annotations

from torch import Tensor


def margin_term(z: Tensor, _size: int, _stride: int) -> Tensor:
    """Return the mean of ``relu(1 - z)``.

    Parameters
    ----------
    z : Tensor, shape (images, channels, height, width)
        Batch-normed values before sign and pool.

    Returns
    -------
    Tensor
        A scalar, at least 0.
    """
    return (1 - z).clamp(min=0).mean()
