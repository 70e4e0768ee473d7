"""The rows of the scoreboard: ``boards.yaml``, checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from o3sim.config.load import load_model
from o3sim.config.model import StrictModel

BOARDS_FILE = Path(__file__).with_name("boards.yaml")

Text = Annotated[str, Field(min_length=1)]
Sizes = tuple[Annotated[int, Field(ge=1)], ...]


class BoardFolding(StrictModel):
    """PE and SIMD of a network's units as they ran on a board; those of its other units where they matter."""

    network: Text
    pe: Sizes
    simd: Sizes
    windows: tuple[Annotated[int, Field(ge=0)], ...] = ()
    pools: tuple[Annotated[int, Field(ge=0)], ...] = ()
    source: Text


class BoardRow(StrictModel):
    """A published figure.

    Attributes
    ----------
    folding : str
        What ran; empty if that is not published.
    unit : {"images/s", "us"}
        A rate, or the latency of one image.
    input_bits_per_cycle : float or None
        What the input end brings, where it may limit.
    fitted : {"no", "here", "elsewhere"}
        Whether a number was fitted, to this row or to another.
    """

    network: Text
    board: Text
    clock_mhz: Annotated[float, Field(gt=0)] | None = None
    folding: str = ""
    measured: Annotated[float, Field(gt=0)]
    unit: Literal["images/s", "us"]
    input_bits_per_cycle: Annotated[float, Field(gt=0)] | None = None
    fitted: Literal["no", "here", "elsewhere"] = "no"
    note: str = ""
    source: Text


class Boards(StrictModel):
    """All of the scoreboard."""

    foldings: dict[str, BoardFolding]
    rows: tuple[BoardRow, ...]


def load_boards() -> Boards:
    """Read the rows, in the order in which they are reported."""
    return load_model(BOARDS_FILE, Boards)
