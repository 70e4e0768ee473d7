"""Streams lie between the bounds of a pipeline, and what is expected of it is near."""

from __future__ import annotations

import pytest

from o3sim.runs.estimate.estimate import estimate_run
from o3sim.runs.simulation import simulate
from tests.runs.pipeline.samples import FOLDED, images, network, pipelined


@pytest.mark.parametrize("changes", [{}, FOLDED, {"scheduler__policy": "in_order"}])
def test_the_interval_lies_between_its_bounds(changes: dict[str, object]) -> None:
    arch, pictures = pipelined(**changes), images(6)
    machine = estimate_run([arch], network(), pictures).machines[0]
    figures = simulate(arch, network(), pictures).pipeline
    assert figures is not None
    interval = figures.initiation_interval_cycles
    assert interval is not None
    assert machine.bounds.least <= interval <= machine.bounds.most
    assert machine.expected_cycles == pytest.approx(interval, rel=0.3)
