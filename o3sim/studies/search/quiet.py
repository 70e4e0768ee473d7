"""Optuna without its notices: what matters is told by o3sim."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from o3sim.errors import InputError


@contextmanager
def quiet_optuna() -> Iterator[Any]:
    """Import Optuna, and keep its notices to itself while the block runs.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise InputError("o3sim explore needs the extra `search`: pip install 'o3sim[search]'") from None
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            warnings.simplefilter("ignore", FutureWarning)  # `constraints_func`: its successor came with 5.0
            yield optuna
    finally:
        optuna.logging.set_verbosity(before)
