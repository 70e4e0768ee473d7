"""Both engines run a stage of a pipeline alike: counts, outputs, rows handed on and every event."""

from __future__ import annotations

from hypothesis import given, settings

from o3sim.runs.simulation import simulate
from tests.compiled.engines import disagreement
from tests.machine.strategies import StageCase
from tests.runs.pipeline.samples import images, network, pipelined, stage_cases


@given(stage_cases())
@settings(max_examples=150, deadline=None)
def test_engines_agree_on_stages(case: StageCase) -> None:
    difference = disagreement(case)
    assert difference is None, difference


def test_engines_agree_on_a_stream() -> None:
    arch = pipelined(({"pe": {"count": 3}}, {"scheduler": {"policy": "in_order"}}, {}, {"pe": {"count": 2}}))
    compiled, simpy = (simulate(arch, network(), images(3), engine=name) for name in ("compiled", "simpy"))
    assert compiled == simpy
    assert compiled.outputs_exact
