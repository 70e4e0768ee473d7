"""Whether a training has nothing left to do: asked before anything heavy is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from o3sim.config.load import load_model
from o3sim.errors import InputError
from o3sim.train.config import Training

RESULTS = (".yaml", ".npz", ".jsonl")
"""What a finished training leaves; each follows the target's name."""


def load_training(path: Path) -> Training:
    """Read the settings of a training, and nothing that they name."""
    return load_model(path, Training)


def is_finished(training: Training, target: Path) -> bool:
    """Return whether a training's files are complete and no checkpoint of it is left.

    Raises
    ------
    InputError
        If they are of other settings.
    """
    files = {suffix: target.with_name(target.name + suffix) for suffix in (*RESULTS, ".checkpoint")}
    if files[".checkpoint"].exists() or not all(files[suffix].is_file() for suffix in RESULTS):
        return False
    lines = _lines(files[".jsonl"])
    if not lines or "accuracy" not in lines[-1]:
        return False
    if _settings(lines[0]) != training:
        raise InputError(
            f"{files['.jsonl']}: of a finished training with other settings; use another --output,"
            " or train anew without --resume"
        )
    return True


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):
        return []
    return lines if all(isinstance(line, dict) for line in lines) else []


def _settings(first: dict[str, Any]) -> Training | None:
    """Return the settings that a log begins with; keys that came later have their defaults."""
    try:
        return Training.model_validate_json(json.dumps(first.get("training")))
    except ValidationError:
        return None
