"""The two parts of a data set."""

from __future__ import annotations

from typing import Literal, get_args

Split = Literal["train", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
