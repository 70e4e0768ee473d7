"""Kernels compiled beforehand: processes that wait for them say so, and these tests read what they say."""

from __future__ import annotations

import pytest

from o3sim.runs.kernels import load_usual_kernels


@pytest.fixture(scope="session", autouse=True)
def _compiled() -> None:
    load_usual_kernels()
