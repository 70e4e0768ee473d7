"""Checkpoints: a training goes on from the end of any epoch as if it had never stopped."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch

from o3sim.errors import InputError
from o3sim.files import write_atomic
from o3sim.files.inputs import first_line, open_input
from o3sim.train.loop import Trainer


def save_checkpoint(path: Path, trainer: Trainer) -> None:
    """Write parameters, optimiser and epoch, whole or not at all.

    Nothing random outlives an epoch (batches depend on seed and epoch alone), so no generator is kept.
    """
    state = {
        "training": trainer.training.model_dump_json(),
        "next_epoch": trainer.next_epoch,
        "network": trainer.network.state_dict(),
        "optimiser": trainer.optimiser.state_dict(),
    }
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_atomic(path, buffer.getvalue())


def load_checkpoint(path: Path, trainer: Trainer) -> None:
    """Take over where a checkpoint left off.

    Raises
    ------
    InputError
        If it is damaged, or of a training that was asked for differently.
    """
    try:
        with open_input(path) as stream:
            state: dict[str, Any] = torch.load(stream, map_location="cpu", weights_only=True)
        asked, epoch = state["training"], int(state["next_epoch"])
    except Exception as error:  # torch raises whatever its zip and pickle readers do
        raise InputError(f"{path}: not a usable checkpoint: {first_line(error)}") from None
    if asked != trainer.training.model_dump_json():
        raise InputError(f"{path}: of a training with other settings; use another --output, or restore them")
    try:
        trainer.network.load_state_dict(state["network"])
        trainer.optimiser.load_state_dict(state["optimiser"])
    except (KeyError, ValueError, RuntimeError) as error:
        raise InputError(f"{path}: does not fit the topology: {error}") from None
    trainer.next_epoch = epoch
