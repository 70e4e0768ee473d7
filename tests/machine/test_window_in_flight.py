"""With one op of a window in flight, a machine prunes what members strictly one after another would."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.config.architecture import Architecture
from o3sim.contract.counters import LayerCounters
from o3sim.contract.program import build_program
from o3sim.contract.weight_groups import cut_layer
from o3sim.network.layer import Geometry, Pool
from o3sim.profile.profile import LayerProfile
from tests.machine.harness import architecture, random_profile, run_one
from tests.machine.strategies import architectures


def strictly(arch: Architecture, speculate: bool, policy: str | None = None) -> Architecture:
    """Limit a machine to one op of a window in flight, with pooling pruning on."""
    return arch.with_(
        {
            "scheduler.window_in_flight_ops": 1,
            "scheduler.policy": policy or arch.scheduler.policy,
            "pe.speculate": speculate,
            "pruning.pooling": True,
            "output_buffer.release": "when_final",
        }
    )


def pruned_one_after_another(arch: Architecture, layer: LayerProfile) -> tuple[int, int, int]:
    """Walk a layer's ops in program order; count ops, and edges pruned by pooling and by threshold."""
    program = build_program(layer, cut_layer(0, "layer", layer.geometry, arch), 0, arch)
    ones: set[int] = set()
    ran = by_pooling = by_threshold = 0
    for op in range(program.ops):
        n_edges = int(program.n_edges[op])
        windows = {int(window) for window in program.windows[op] if window >= 0}
        if windows <= ones:
            by_pooling += n_edges
            continue
        ran += 1
        by_threshold += n_edges - min(n_edges, int(program.decided_words[op]) * arch.pe.width_edges)
        if program.outcome[op]:
            ones |= windows
    return ran, by_pooling, by_threshold


def check(counters: LayerCounters, expected: tuple[int, int, int]) -> None:
    """Compare a run with the walk."""
    ran, by_pooling, by_threshold = expected
    assert (counters.issued, counters.edges_pruned_pooling) == (ran, by_pooling)
    assert counters.squashed_pe == counters.edges_wasted == 0
    assert counters.edges_pruned_threshold == by_threshold


def pooled_layers(pool: Pool) -> st.SearchStrategy[LayerProfile]:
    """Draw a layer of 3x3 convolutions before a pool, its ones and decisions at random."""
    geometries = st.builds(
        lambda side, channels, padding: Geometry(
            "conv", side, side + 1, 5, channels, 3, 3, padding_pixels=1, padding=padding, pool=pool
        ),
        st.integers(3, 6),
        st.integers(1, 4),
        st.sampled_from(["exclude", "-1"]),
    )
    ones = st.sampled_from([0.0, 0.2, 0.5, 1.0])
    return st.builds(random_profile, geometries, st.integers(0, 10_000), ones)


@given(architectures() | architectures("banked"), pooled_layers(Pool(2, 2)))
@settings(max_examples=150, deadline=None)
def test_any_machine_prunes_what_members_one_after_another_would(
    arch: Architecture, layer: LayerProfile
) -> None:
    machine = strictly(arch, speculate=False)
    check(run_one(machine, layer), pruned_one_after_another(machine, layer))


@given(architectures(), pooled_layers(Pool(3, 2)))
@settings(max_examples=100, deadline=None)
def test_overlapping_windows_in_order_prune_what_program_order_would(
    arch: Architecture, layer: LayerProfile
) -> None:
    machine = strictly(arch, speculate=False, policy="in_order")
    check(run_one(machine, layer), pruned_one_after_another(machine, layer))


@given(architectures() | architectures("banked"), pooled_layers(Pool(2, 2)))
@settings(max_examples=50, deadline=None)
def test_speculation_wastes_edges_but_prunes_no_other_ops(arch: Architecture, layer: LayerProfile) -> None:
    counters = run_one(strictly(arch, speculate=True), layer)
    ran, by_pooling, by_threshold = pruned_one_after_another(arch, layer)
    assert (counters.issued, counters.edges_pruned_pooling) == (ran, by_pooling)
    assert counters.edges_pruned_threshold + counters.edges_wasted == by_threshold


def test_two_in_flight_prune_less() -> None:
    layer = random_profile(Geometry("conv", 10, 10, 8, 4, 3, 3, pool=Pool(2, 2)), seed=1, ones=0.5)
    pruned = [
        run_one(architecture(pe__count=16, scheduler__window_in_flight_ops=limit), layer).edges_pruned_pooling
        for limit in (1, 2, "unlimited")
    ]
    assert pruned == sorted(pruned, reverse=True)
    assert np.all(np.diff(pruned) < 0)
