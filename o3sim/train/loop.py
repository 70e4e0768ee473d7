"""The training loop: epochs of batches, a cosine schedule, and what an epoch reports."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from o3sim.errors import InputError
from o3sim.train.config import Training
from o3sim.train.data_set import DataSet, training_batches
from o3sim.train.layers import Terms
from o3sim.train.network import BinaryNetwork, input_values
from o3sim.train.regularisers import wanted_terms

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
    teacher : BinaryNetwork, optional
        Where a training distils.
    """

    def __init__(
        self, training: Training, network: BinaryNetwork, teacher: BinaryNetwork | None = None
    ) -> None:
        self.training, self.network, self.teacher = training, network, teacher
        on_gpu = training.device == "cuda"
        self.optimiser = torch.optim.Adam(network.parameters(), lr=training.learning_rate, fused=on_gpu)
        self.next_epoch = 1
        self._terms = wanted_terms(training.regularisers, training.seed)
        network.want(self._terms, training.regularisers.layer_weights)
        # A CPU trains as without: what Inductor makes of a step is rounded otherwise.
        self._forward = torch.compile(network) if training.compile and on_gpu else network

    def train_epoch(self, data: DataSet, progress: Progress | None = None) -> EpochLosses:
        """Train on every image once.

        Raises
        ------
        InputError
            If the loss stops being a number.
        """
        training, epoch = self.training, self.next_epoch
        self.network.train()
        self._terms.begin_epoch(epoch)
        steps = max(1, len(data) // training.batch_images)
        # Read when the epoch is over: a GPU that is asked after every step waits for the next one.
        reported: list[tuple[Tensor, Tensor | None, Tensor | None]] = []
        batches = training_batches(data, training.batch_images, training.augmentation, training.seed, epoch)
        for step, (codes, labels) in enumerate(batches):
            self._set_learning_rate((epoch - 1) * steps + step, training.epochs * steps)
            reported.append(self._step(codes, labels))
            if progress is not None:
                done = (epoch - 1) * steps + step + 1
                progress(f"{training.name}, epoch {epoch}", done, training.epochs * steps)
        losses, pooling, threshold = (_read(parts) for parts in zip(*reported, strict=True))
        self._check_finite(losses)
        self.next_epoch += 1
        weights = training.regularisers
        return EpochLosses(
            sum(losses) / steps,
            sum(pooling) / steps if weights.pooling else None,
            sum(threshold) / steps if weights.threshold else None,
        )

    def _check_finite(self, losses: Sequence[float]) -> None:
        for step, loss in enumerate(losses, start=1):
            if not math.isfinite(loss):
                raise InputError(
                    f"{self.training.name}: the loss is {loss} in epoch {self.next_epoch}, batch {step};"
                    " a lower learning_rate or lower weights of the regularisers may help"
                )

    def _step(self, codes: Tensor, labels: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Take one step of the optimiser; return loss and terms, which nothing waits for."""
        inputs = input_values(self.network.spec, codes).contiguous(memory_format=torch.channels_last)
        mixed = self.training.precision == "bfloat16"
        with torch.autocast(codes.device.type, torch.bfloat16, enabled=mixed):
            scores, terms = self._forward(inputs)
        loss = functional.cross_entropy(scores.float(), labels, label_smoothing=self.training.smoothing)
        if self.teacher is not None:
            loss = self._distilled(loss, scores.float(), self.teacher.evaluate(inputs)[-1].float())
        loss = loss + self._regularisation(terms)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.optimiser.step()
        self.network.clip()
        return loss.detach(), _detached(terms.pooling), _detached(terms.threshold)

    def _distilled(self, loss: Tensor, scores: Tensor, taught: Tensor) -> Tensor:
        """Mix in the distance from the teacher's scores, as steep as the labels' (Hinton et al., 2015)."""
        asked = self.training.distillation
        if asked is None:
            raise AssertionError("a teacher comes with its settings")
        heat = asked.temperature
        own, others = ((values / heat).log_softmax(dim=1) for values in (scores, taught))
        distance = functional.kl_div(own, others, reduction="batchmean", log_target=True)
        return (1 - asked.weight) * loss + asked.weight * heat**2 * distance

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


def _detached(term: Tensor | None) -> Tensor | None:
    return None if term is None else term.detach()


def _read(parts: Sequence[Tensor | None]) -> list[float]:
    """Return numbers of all steps; nought where there is no such term."""
    there = [part for part in parts if part is not None]
    return torch.stack(there).tolist() if there else [0.0]
