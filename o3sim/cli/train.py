"""`o3sim train`: a binarized network that prunes well, from data to workload."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from o3sim.cli import options, outputs
from o3sim.errors import InputError


def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="What to train, and how.")],
    output: options.TrainedName = None,
    resume: options.Resume = False,
) -> None:
    """Train a network as CONFIG.yaml says and write it as a workload with its log, NAME.jsonl.

    NAME.checkpoint is kept after every epoch, so that an interrupted training can go on with --resume
    as if it had not stopped. docs/training.md explains every key. Needs the extra `train`.
    """
    _check_torch()
    from o3sim.cli.progress import progress_on_stderr
    from o3sim.train.finished import is_finished, load_training

    training = load_training(config)
    target = output or outputs.check_name("--output", Path(training.name))
    if resume and is_finished(training, target):
        print(f"{target}: already finished; remove {target}.jsonl, or leave --resume away, to train again")
        return
    from o3sim.train.run import run_training
    from o3sim.train.task import load_task

    task = load_task(config)
    with progress_on_stderr() as progress:
        run_training(task, target, resume, progress)
    print(f"wrote {target}.yaml, {target}.npz and {target}.jsonl")


def _check_torch() -> None:
    from importlib.util import find_spec

    if find_spec("torch") is None:
        raise InputError("training needs PyTorch: pip install 'o3sim[train]'")
