"""A layer that begins very late in a run takes what it takes at the start: no number wraps."""

from __future__ import annotations

import pytest

from o3sim.compiled.cycle import DONE, run_layer
from o3sim.compiled.memory import memory_of
from o3sim.compiled.records.weight_stream import weight_stream_of
from o3sim.contract.weight_groups import cut_layer
from o3sim.network.layer import Pool
from tests.machine.harness import architecture, conv, random_profile

PES = 4


def counts_from(start_cycle: int, banks: int | str) -> tuple[int, tuple[int, ...], list[int]]:
    """Cycles, counts and PE-cycles by cause of a layer that begins in this cycle."""
    arch = architecture(pe__count=PES, activation_buffer__banks=banks, weight_buffer__banks=banks)
    layer = random_profile(conv(6, 6, 8, 6, pool=Pool(2, 2)), seed=5)
    groups = cut_layer(0, layer.name, layer.geometry, arch)
    memory = memory_of(layer, groups, 0, arch, weight_stream_of(groups), {})
    how, last_cycle = run_layer(memory.record, start_cycle)
    assert how == DONE
    causes = memory.table("ledger.causes")["pe_cycles"].tolist()
    return last_cycle - start_cycle, memory.record["counts"].tolist(), causes


@pytest.mark.parametrize("banks", [2, "ideal"])
@pytest.mark.parametrize("start_cycle", [2**31 - 7, 2**32, 2**45 + 1])
def test_a_late_layer_takes_what_an_early_one_takes(banks: int | str, start_cycle: int) -> None:
    assert counts_from(start_cycle, banks) == counts_from(0, banks)
