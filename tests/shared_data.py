"""Where the real nets and images are that are not part of the project: ``O3SIM_DATA``, or beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def data_folder() -> Path:
    """Return the folder, or skip the test that asked."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("O3SIM_DATA", beside))
    if not (folder / "decoded").is_dir():
        pytest.skip(
            f"no trained nets in {folder} (set O3SIM_DATA to a folder with decoded/, images/, bnn-pynq/)"
        )
    return folder
