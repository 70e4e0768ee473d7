"""Controls are the machine that they are derived from, but for the policy that they are named for."""

from __future__ import annotations

from pathlib import Path

import pytest

from o3sim.config.architecture import Architecture
from o3sim.config.catalog import names
from o3sim.config.controls import CONTROLS, control_of
from o3sim.config.flat import flattened
from o3sim.config.load import load_architecture
from o3sim.errors import ConfigError, InputError

SHIPPED = [name for name in CONTROLS if name in names("architecture") and name != "dense"]
"""A dense machine for the same chip is another than that of the same PEs."""
MACHINES = [name for name in names("architecture") if not load_architecture(name).stages]
PIPELINES = [name for name in names("architecture") if load_architecture(name).stages]

TEXTS = {"name", "description", "note", "fits"}
POLICY = {
    "sequencer.width_ops",
    "sequencer.order",
    "sequencer.group_windows",
    "issue_queue.depth_ops",
    "scheduler.policy",
    "scheduler.issue_width_ops",
    "scheduler.window_in_flight_ops",
    "output_buffer.write_width_ops",
    "pruning.threshold",
    "pruning.pooling",
    "pruning.argmax",
    "pruning.speculative",
}
NO_QUEUE = {
    "scheduler.dispatch",
    "scheduler.banks",
    "scheduler.counters",
    "scheduler.windows_per_cycle",
    "scheduler.groups",
    "scheduler.assignment",
    "scheduler.open_channels",
    "scheduler.tiles",
    "scheduler.take_from_neighbour",
    "scheduler.bundle_positions",
    "pe.pick",
    "activation_buffer.patch_kbit",
    "activation_buffer.broadcast_words",
    "activation_buffer.share_patch_reads",
    "activation_buffer.banks",
    "weight_buffer.banks",
    "pruning.squash_latency_cycles",
}
"""What comes and goes with the way to dispatch."""
SUPPLY = {"activation_buffer.banks", "weight_buffer.banks", "dram.bits_per_cycle", "dram.latency_cycles"}


def changed_keys(architecture: Architecture, control: Architecture) -> set[str]:
    """Return what differs between two machines, stages left aside."""
    ours, theirs = (flattened({**each.model_dump(), "stages": ()}) for each in (architecture, control))
    return {key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)}


def test_all_that_are_shipped_as_machines_are_there() -> None:
    assert {"lockstep-pruned", "in-order", "in-order-interleaved"} <= set(SHIPPED)
    assert {"threshold-only", "pooling-only", "ideal"} <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_of_the_base_it_is_the_shipped_machine_of_that_name(name: str) -> None:
    shipped = load_architecture(name)
    derived = control_of(load_architecture("o3bnn"), name)
    assert derived.name == f"o3bnn-{name}"
    assert derived.with_({"name": name, "description": shipped.description}) == shipped


@pytest.mark.parametrize("name", CONTROLS)
@pytest.mark.parametrize("machine", MACHINES)
def test_pes_memories_and_clock_stay(machine: str, name: str) -> None:
    architecture = load_architecture(machine)
    control = control_of(architecture, name)
    may_differ = TEXTS | POLICY | (SUPPLY if name == "ideal" else set())
    if control.scheduler.dispatch != architecture.scheduler.dispatch:
        may_differ = may_differ | NO_QUEUE
    assert changed_keys(architecture, control) <= may_differ
    assert control.pe.count * control.pe.width_edges == architecture.pe.count * architecture.pe.width_edges
    assert control.clock_mhz == architecture.clock_mhz


@pytest.mark.parametrize("name", ["lockstep-pruned", "in-order", "in-order-interleaved", "out-of-order"])
def test_both_prunings_are_on_whatever_the_machine_had(name: str) -> None:
    pruning = control_of(control_of(load_architecture("o3bnn-r"), "dense"), name).pruning
    assert (pruning.threshold, pruning.pooling) == (True, True)


def test_one_pruning_is_on_alone_whatever_the_machine_had() -> None:
    pooling = control_of(load_architecture("o3bnn-r"), "pooling-only")
    threshold = control_of(pooling, "threshold-only")
    assert (pooling.pruning.threshold, pooling.pruning.pooling) == (False, True)
    assert (threshold.pruning.threshold, threshold.pruning.pooling) == (True, False)


def test_a_lockstep_group_fits_whatever_the_machine_was_sized_for() -> None:
    narrow = {"issue_queue.depth_ops": 8, "sequencer.width_ops": 1, "output_buffer.write_width_ops": 200}
    dense = control_of(load_architecture("o3bnn-64pe").with_(narrow), "dense")
    assert (dense.issue_queue.depth_ops, dense.sequencer.width_ops) == (192, 192)
    assert dense.output_buffer.write_width_ops == 200


@pytest.mark.parametrize(
    ("latency_cycles", "depth_ops"), [(1, 256), (2, 256), (3, 512), (4, 1024), (9, 1024)]
)
def test_a_machine_without_a_queue_is_compared_with_one_that_has_enough(
    latency_cycles: int, depth_ops: int
) -> None:
    machine = load_architecture("carousel-64pe").with_(
        {"pe.latency_cycles": latency_cycles, "pe.contexts": 2}
    )
    dense = control_of(machine, "dense")
    assert (dense.scheduler.dispatch, dense.issue_queue.depth_ops) == ("central", depth_ops)
    assert dense.scheduler.groups is None
    assert (dense.activation_buffer.banks, dense.weight_buffer.banks) == (128, 128)
    assert dense.weight_buffer.size_kbit == machine.weight_buffer.size_kbit
    assert control_of(machine, "pooling-only").scheduler == machine.scheduler


def test_a_queue_in_banks_is_compared_with_one_that_selects_as_many_ops() -> None:
    central = control_of(load_architecture("banked-64pe"), "out-of-order").scheduler
    assert (central.dispatch, central.banks, central.issue_width_ops) == ("central", None, 32)


def test_dense_prunes_nothing_at_all() -> None:
    pruning = {"pruning.argmax": True, "pruning.speculative": True}
    dense = control_of(load_architecture("o3bnn").with_(pruning), "dense")
    assert not any(dense.pruning.model_dump(exclude={"squash_latency_cycles"}).values())


def test_what_a_note_says_of_the_machine_it_does_not_say_of_its_controls() -> None:
    assert load_architecture("finn-cnv").note
    assert control_of(load_architecture("finn-cnv"), "dense").note == ""


@pytest.mark.parametrize("name", CONTROLS)
@pytest.mark.parametrize("machine", PIPELINES)
def test_each_stage_of_a_pipeline_keeps_its_own_pes(machine: str, name: str) -> None:
    architecture = load_architecture(machine)
    control = control_of(architecture, name)
    assert [stage.pe for stage in control.stages] == [stage.pe for stage in architecture.stages]


def test_stages_get_the_sizes_of_their_own_groups() -> None:
    dense = control_of(load_architecture("o3bnn-pipelined"), "dense")
    assert [stage.scheduler.policy for stage in dense.stages] == ["lockstep"] * 9
    assert [stage.sequencer.width_ops for stage in dense.stages[:2]] == [
        48,
        96,
    ]  # 16 and 32 PEs of 3 contexts
    assert not any(stage.pruning.pooling for stage in dense.stages)


def test_a_policy_of_the_users_is_replaced(tmp_path: Path) -> None:
    policy = Path(__file__).parents[2] / "docs" / "examples" / "newest-first.yaml"
    machine = load_architecture(policy)
    assert "newest_first.py" in machine.scheduler.policy
    assert control_of(machine, "out-of-order").scheduler.policy == "out_of_order"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "densse",
            r"^no control `densse` \(did you mean `dense`\?\); there are dense, lockstep-pruned, in-order,",
        ),
        ("", r"^no control ``; there are dense"),
    ],
)
def test_a_control_that_is_not_there(name: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        control_of(load_architecture("o3bnn"), name)


def test_a_machine_too_large_for_a_control() -> None:
    large = load_architecture("o3bnn").with_({"pe.count": 65_536, "pe.contexts": 16, "name": "large"})
    with pytest.raises(
        ConfigError,
        match=r"^control dense: architecture large: sequencer\.width_ops: expected a number <= 65536",
    ):
        control_of(large, "dense")
