"""The training loop: epochs of batches, a cosine schedule, and what an epoch reports."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from o3sim.errors import InputError
from o3sim.train.config import Training
from o3sim.train.data_set import DataSet, training_batches
from o3sim.train.layers import Terms
from o3sim.train.network import BinaryNetwork, input_values
from o3sim.train.regularisers import POOLING_FORMS

EVALUATION_IMAGES = 500
"""Images evaluated together: large enough for speed, small enough for memory."""

Progress = Callable[[str, int, int], None]
"""Told ``(what is being done, steps done, steps in all)``."""


@dataclass
class EpochLosses:
    """Means over the batches of an epoch; the terms are unweighted, None where a weight is 0."""

    loss: float
    pooling_term: float | None
    threshold_term: float | None


class Trainer:
    """A network in training: parameters, optimiser, and the epoch that comes next.

    Parameters
    ----------
    training : Training
    network : BinaryNetwork
    """

    def __init__(self, training: Training, network: BinaryNetwork) -> None:
        self.training, self.network = training, network
        self.optimiser = torch.optim.Adam(network.parameters(), lr=training.learning_rate)
        self.next_epoch = 1
        regularisers = training.regularisers
        pooling_term = POOLING_FORMS[regularisers.pooling_form] if regularisers.pooling > 0 else None
        network.want(pooling_term, regularisers.threshold > 0)

    def train_epoch(self, data: DataSet, progress: Progress | None = None) -> EpochLosses:
        """Train on every image once.

        Raises
        ------
        InputError
            If the loss stops being a number.
        """
        training, epoch = self.training, self.next_epoch
        self.network.train()
        steps = max(1, len(data) // training.batch_images)
        sums = [0.0, 0.0, 0.0]
        batches = training_batches(data, training.batch_images, training.augmentation, training.seed, epoch)
        for step, (codes, labels) in enumerate(batches):
            self._set_learning_rate((epoch - 1) * steps + step, training.epochs * steps)
            parts = self._step(codes, labels)
            if not math.isfinite(parts[0]):
                raise InputError(
                    f"{training.name}: the loss is {parts[0]} in epoch {epoch}, batch {step + 1};"
                    " a lower learning_rate or lower weights of the regularisers may help"
                )
            sums = [total + part for total, part in zip(sums, parts, strict=True)]
            if progress is not None:
                done = (epoch - 1) * steps + step + 1
                progress(f"{training.name}, epoch {epoch}", done, training.epochs * steps)
        self.next_epoch += 1
        loss, pooling, threshold = (total / steps for total in sums)
        weights = training.regularisers
        return EpochLosses(
            loss, pooling if weights.pooling else None, threshold if weights.threshold else None
        )

    def _step(self, codes: Tensor, labels: Tensor) -> tuple[float, float, float]:
        """Take one step of the optimiser; return loss and terms."""
        inputs = input_values(self.network.spec, codes).contiguous(memory_format=torch.channels_last)
        mixed = self.training.precision == "bfloat16"
        with torch.autocast(codes.device.type, torch.bfloat16, enabled=mixed):
            scores, terms = self.network(inputs)
        loss = functional.cross_entropy(scores.float(), labels, label_smoothing=self.training.smoothing)
        loss = loss + self._regularisation(terms)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.optimiser.step()
        self.network.clip()
        return loss.item(), _number(terms.pooling), _number(terms.threshold)

    def _regularisation(self, terms: Terms) -> Tensor | float:
        regularisers = self.training.regularisers
        warm = regularisers.warm_up_epochs
        ramp = 1.0 if warm == 0 else min(1.0, (self.next_epoch - 1) / warm)
        total: Tensor | float = 0.0
        if terms.pooling is not None:
            total = total + ramp * regularisers.pooling * terms.pooling
        if terms.threshold is not None:
            total = total + ramp * regularisers.threshold * terms.threshold
        return total

    def _set_learning_rate(self, step: int, steps: int) -> None:
        rate = self.training.learning_rate * 0.5 * (1 + math.cos(math.pi * step / steps))
        for group in self.optimiser.param_groups:
            group["lr"] = rate


@torch.no_grad()
def predictions(network: BinaryNetwork, data: DataSet) -> Tensor:
    """Return the class of every image as the exported network finds it, the first of equals.

    Returns
    -------
    Tensor of int64, shape (images,)
    """
    found = []
    for start in range(0, len(data), EVALUATION_IMAGES):
        codes = data.codes[start : start + EVALUATION_IMAGES]
        scores = network.evaluate(input_values(network.spec, codes))[-1]
        # torch.argmax may return any of equal maxima; the simulator takes the first.
        best = scores == scores.max(dim=1, keepdim=True).values
        found.append(_first(best))
    return torch.cat(found)


def _first(best: Tensor) -> Tensor:
    """Return the first true column of every row."""
    return (~best).long().cumprod(dim=1).sum(dim=1)


def _number(term: Tensor | None) -> float:
    return 0.0 if term is None else term.item()
