"""Checkpoints: a training goes on from the end of any epoch as if it had never stopped."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from o3sim.errors import InputError
from o3sim.files import write_atomic
from o3sim.files.inputs import first_line, open_input
from o3sim.train.loop import Trainer

_SEAL_BYTES = hashlib.sha256().digest_size
"""Of SHA-256, before the rest: PyTorch reads files with flipped bits as if nothing were wrong."""


def save_checkpoint(path: Path, trainer: Trainer, log: Sequence[str] = ()) -> None:
    """Write parameters, optimiser, epoch and the log's lines so far, whole or not at all.

    Nothing random outlives an epoch (batches depend on seed and epoch alone), so no generator is kept.
    """
    state = {
        "training": trainer.training.model_dump_json(),
        "next_epoch": trainer.next_epoch,
        "network": trainer.network.state_dict(),
        "optimiser": trainer.optimiser.state_dict(),
        "log": list(log),
    }
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_atomic(path, sealed(buffer.getvalue()))


def sealed(raw: bytes) -> bytes:
    """Return what is written for a checkpoint's content."""
    return hashlib.sha256(raw).digest() + raw


def _unsealed(path: Path) -> bytes:
    with open_input(path) as stream:
        seal, raw = stream.read(_SEAL_BYTES), stream.read()
    if hashlib.sha256(raw).digest() != seal:
        raise ValueError("not as it was written; remove it to train anew")
    return raw


def load_checkpoint(path: Path, trainer: Trainer) -> list[str]:
    """Take over where a checkpoint left off.

    Returns
    -------
    list of str
        The log's lines at that time.

    Raises
    ------
    InputError
        If it is damaged, or of a training that was asked for differently.
    """
    try:
        raw = io.BytesIO(_unsealed(path))
        state: dict[str, Any] = torch.load(raw, map_location="cpu", weights_only=True)
        asked, epoch, log = state["training"], int(state["next_epoch"]), list(state["log"])
    except InputError:
        raise
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
    return log
