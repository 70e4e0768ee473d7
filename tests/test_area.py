"""The area proxy counts the memories that no key sizes."""

from __future__ import annotations

from o3sim.area import CELLS, transistors_by_unit
from o3sim.network.layer import LayerSize
from tests.machine.harness import architecture, conv, dense

LAYERS = LayerSize("conv1", conv(8, 8, 128, 1024), False), LayerSize("scores", dense(8, 9), True)
"""A line buffer of 3 rows of 8 x 128 bits, and 1,024 thresholds of 0 to 1,153 matches: 11 bits."""


def test_memories_that_no_key_sizes_are_as_large_as_the_layers_ask() -> None:
    buffered = architecture(activation_buffer__banks=2, activation_buffer__line_buffer=True)
    units, without = transistors_by_unit(buffered, LAYERS), transistors_by_unit(architecture(), LAYERS)
    assert units["line_buffer"] == 3 * 8 * 128 * CELLS["memory_bit"] + 2 * 8 * CELLS["flip_flop"]
    assert units["threshold_table"] == 1024 * 11 * CELLS["memory_bit"] + 16 * CELLS["flip_flop"]
    assert without["line_buffer"] == 0
    assert transistors_by_unit(buffered)["threshold_table"] == 0


def test_each_bank_of_a_queue_has_one_way_out() -> None:
    banked = architecture(scheduler__dispatch="banked", scheduler__banks=2, scheduler__issue_width_ops=None)
    narrow = architecture(scheduler__issue_width_ops=1)
    assert transistors_by_unit(banked)["issue_queue"] == transistors_by_unit(narrow)["issue_queue"]
    assert transistors_by_unit(architecture())["issue_queue"] > transistors_by_unit(narrow)["issue_queue"]


def test_verdicts_of_stalled_pes_are_held_in_flip_flops() -> None:
    machine = architecture(pe__count=5, pe__latency_cycles=3)
    assert transistors_by_unit(machine)["verdicts"] == 5 * 4 * 49 * CELLS["flip_flop"]
