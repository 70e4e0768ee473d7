"""The logs of the trainings behind the shipped workloads: what was trained how, and what came out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from o3sim.config.catalog import folder
from o3sim.errors import InputError


@dataclass(frozen=True)
class TrainingLog:
    """One training, from its first line (what was asked) and its last (what came out).

    Attributes
    ----------
    name : str
        Name of the training, and of the workload if its parameters are shipped.
    family : str
        What trainings that differ only in order, regularisers and seed have in common.
    order : {"bn_pool", "pool_bn"}
    seed : int
    pooling_weight, threshold_weight : float
        Weights of the two regularisers; 0 without.
    accuracy : float
        On all test images, 0..1.
    pruned_percent : float
        Share of the binary, thresholded edges, on test images, bounds checked every 32 edges.
    images_profiled : int
        Test images that the pruning was measured on.
    pooling_form : str
        Form of the pooling regulariser.
    """

    name: str
    family: str
    order: str
    seed: int
    pooling_weight: float
    threshold_weight: float
    accuracy: float
    pruned_percent: float
    images_profiled: int
    pooling_form: str = "spread"

    @property
    def recipe(self) -> tuple[str, str, float, float, str]:
        """What trainings of several seeds have in common."""
        weights = (self.pooling_weight, self.threshold_weight, self.pooling_form)
        return (self.family, self.order, *weights)

    @property
    def regularised(self) -> bool:
        """Whether either regulariser had a weight."""
        return self.pooling_weight > 0 or self.threshold_weight > 0


@cache
def load_logs() -> dict[str, TrainingLog]:
    """Read all shipped logs, by name, sorted.

    Raises
    ------
    InputError
        If a log is damaged.
    """
    paths = sorted((folder("workload") / "training").glob("*.jsonl"))
    return {path.stem: read_log(path) for path in paths}


def read_log(path: Path) -> TrainingLog:
    """Read one log.

    Raises
    ------
    InputError
        If it is not a log of a finished training.
    """
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return _log(path.stem, lines[0], lines[-1])
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: not the log of a finished training: {error!r}") from None


def _log(name: str, asked: dict[str, Any], outcome: dict[str, Any]) -> TrainingLog:
    return TrainingLog(
        name,
        str(asked["family"]),
        str(asked["order"]),
        int(asked["seed"]),
        float(asked["pooling_weight"]),
        float(asked["threshold_weight"]),
        float(outcome["accuracy"]),
        float(outcome["pruned_percent"]),
        int(outcome["images_profiled"]),
        str(asked["training"]["regularisers"].get("pooling_form", "spread")),
    )
