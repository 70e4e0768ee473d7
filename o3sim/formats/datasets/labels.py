"""Labels of a data set: numbers of classes, counted from 0."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from o3sim.errors import InputError

CIFAR_CLASSES = 10


def check_labels(place: Path | str, labels: NDArray[Any], classes: int | None = None) -> None:
    """Refuse labels that are no classes.

    Parameters
    ----------
    place : Path or str
        Named in the error.
    classes : int, optional
        How many there are, if the format says.

    Raises
    ------
    InputError
        With the first of them.
    """
    if not len(labels):
        return
    least, greatest = int(labels.min()), int(labels.max())
    if classes is not None and not 0 <= least <= greatest < classes:
        wrong = least if least < 0 else greatest
        raise InputError(f"{place}: label {wrong}; the classes are 0 to {classes - 1}")
    if least < 0 or greatest >= 2**31:
        raise InputError(f"{place}: label {least if least < 0 else greatest}; classes are counted from 0")
