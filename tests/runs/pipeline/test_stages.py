"""What a stage of a pipeline is, and which networks fit one."""

from __future__ import annotations

import pytest

from o3sim.errors import InputError
from o3sim.runs.pipeline.stages import stage_machines
from tests.runs.pipeline.samples import network, pipelined


def test_a_stage_has_the_machines_units_but_for_what_it_states() -> None:
    stages = ({}, {"pe": {"count": 9}, "scheduler": {"policy": "in_order"}}, {}, {})
    machines = stage_machines(pipelined(stages, pe__latency_cycles=3), network().layers)
    assert [machine.pe.count for machine in machines] == [4, 9, 4, 4]
    assert [machine.pe.latency_cycles for machine in machines] == [3, 3, 3, 3]
    assert machines[1].scheduler.policy == "in_order"
    assert machines[1].scheduler.issue_width_ops == machines[0].scheduler.issue_width_ops


def test_weights_are_on_the_chip() -> None:
    machines = stage_machines(pipelined(dram__bits_per_cycle=1, dram__latency_cycles=9), network().layers)
    assert {machine.dram.bits_per_cycle for machine in machines} == {"ideal"}
    assert {machine.dram.latency_cycles for machine in machines} == {0}


def test_without_stages_every_layer_has_the_units_as_stated() -> None:
    assert len(stage_machines(pipelined(), network().layers)) == 4


def test_as_many_stages_as_layers() -> None:
    with pytest.raises(InputError, match="3 for a network of 4 layers"):
        stage_machines(pipelined(({}, {}, {})), network().layers)


def test_a_stage_holds_all_weights_of_its_layer() -> None:
    stages = ({}, {}, {"weight_buffer": {"size_kbit": 1}, "pe": {"width_edges": 128}}, {})
    with pytest.raises(InputError, match=r"stages\[2\].*layer layer2 take 2 kbit, there are 1"):
        stage_machines(pipelined(stages), network().layers)
