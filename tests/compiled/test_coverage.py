"""The cases that the engines are compared on reach every knob and everything that is counted."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings

from o3sim.compiled.records.layer import is_plain
from o3sim.config.architecture import Architecture
from o3sim.contract.counters import LayerCounters
from o3sim.contract.plan import cut_layers
from o3sim.contract.resident import resident_weights
from o3sim.contract.word_addresses import word_addresses
from o3sim.network.layer import Geometry
from o3sim.profile.profile import LayerProfile
from tests.compiled.engines import AnyCase, run_compiled
from tests.compiled.every_way import ways
from tests.machine.strategies import Case, StageCase
from tests.runs.pipeline.graphs import PipelineCase

CASES = 600
OF_A_WAY = 40

KNOBS = {
    "out_of_order", "in_order", "lockstep", "depth 1", "depth > 1", "width 1", "width 64", "latency 1",
    "latency > 1", "contexts 1", "contexts > 1", "speculates", "waits", "more than 64 PEs", "issue latency",
    "window_major", "member_major", "channel outermost", "position outermost", "limit 1", "limit > 1",
    "unlimited", "ideal supply", "1 activation bank", "1 weight bank", "banks no power of two", "slow DRAM",
    "line buffer", "no line buffer", "words of several reads",
    "ideal DRAM", "several groups", "write width 1", "threshold pruned", "threshold not pruned",
    "pools pruned", "pools not pruned", "squash latency", "dense", "conv", "Pool(size=2, stride=2)",
    "Pool(size=3, stride=2)", "Pool(size=3, stride=1)", "None", "exclude", "-1", "+1", "planes", "stride",
    "constant channel", "no edges", "several layers", "scores", "partial word", "leftovers of a pool",
    "stage", "plain to the loop over words", "all weights stay", "some weights stay",
    "central", "banked", "several banks", "a bank for each of several PEs", "banks in order",
    "banks, registered select", "banks, pools that overlap",
    "registered select", "registered select, plain loop",
    "window", "group", "oldest", "barrel", "channel", "channel_balanced", "position", "skewed",
    "one counter", "counters", "a window a cycle", "windows a cycle", "bundles",
    "no patches", "patches", "ideal patches",
    "counters and weights that stay", "counters and a line buffer", "counters and words of several reads",
}  # fmt: skip


def machine_knobs(case: Case | StageCase) -> set[str]:
    """Name what a case's machine has."""
    a = case.architecture
    groups, staying = 1, 0
    if isinstance(case, Case):
        groups = max(len(cut) for cut in cut_layers(a, case.profiles))
        staying = len(resident_weights(a, case.profiles).layers)
    shared = {
        f"{a.sequencer.outermost} outermost",
        f"width {a.pe.width_edges}",
        "latency 1" if a.pe.latency_cycles == 1 else "latency > 1",
        "contexts 1" if a.pe.contexts == 1 else "contexts > 1",
        "speculates" if a.pe.speculate else "waits",
        "more than 64 PEs" if a.pe.count > 64 else "",
        "issue latency" if a.scheduler.issue_latency_cycles else "",
        "slow DRAM" if a.dram.bits_per_cycle == 3 else "",
        "ideal DRAM" if a.dram.bits_per_cycle == "ideal" else "",
        "several groups" if groups > 1 else "",
        "write width 1" if a.output_buffer.write_width_ops == 1 else "",
        "threshold pruned" if a.pruning.threshold else "threshold not pruned",
        "pools pruned" if a.pruning.pooling else "pools not pruned",
        "all weights stay" if staying == len(case.profiles) else "some weights stay" if staying else "",
        "line buffer" if a.activation_buffer.line_buffer else "no line buffer",
    }
    if a.scheduler.has_queue:
        return shared | queue_knobs(case)
    gathers = any(_gathers(a, layer) for layer in case.profiles)
    return (
        shared
        | counter_knobs(a)
        | {
            "counters and weights that stay" if staying else "",
            "counters and a line buffer" if a.activation_buffer.line_buffer else "",
            "counters and words of several reads" if gathers else "",
        }
    )


def counter_knobs(a: Architecture) -> set[str]:
    """Name what a machine without a queue has."""
    patch_kbit, banks = a.activation_buffer.patch_kbit, a.activation_buffer.banks
    return {
        a.scheduler.dispatch,
        a.pe.pick,
        a.scheduler.assignment or "",
        "one counter" if (a.scheduler.counters or a.scheduler.groups) == 1 else "counters",
        "a window a cycle" if a.scheduler.windows_per_cycle == 1 else "windows a cycle",
        "bundles" if a.scheduler.bundle_positions > 1 else "",
        "no patches" if patch_kbit is None else "ideal patches" if banks == "ideal" else "patches",
    }


def queue_knobs(case: Case | StageCase) -> set[str]:
    """Name what a machine with a queue has."""
    a = case.architecture
    limit = a.scheduler.window_in_flight_ops
    banks = {a.activation_buffer.banks, a.weight_buffer.banks}
    return {
        a.scheduler.dispatch,
        "banks in order" if (a.scheduler.banks or 1) > 1 and a.scheduler.policy == "in_order" else "",
        "several banks" if (a.scheduler.banks or 1) > 1 else "",
        "a bank for each of several PEs" if a.scheduler.banks == a.pe.count > 1 else "",
        "banks, registered select" if a.scheduler.banks and a.scheduler.select_cycles else "",
        a.scheduler.policy,
        a.sequencer.order,
        "depth 1" if a.issue_queue.depth_ops == 1 else "depth > 1",
        "unlimited" if isinstance(limit, str) else "limit 1" if limit == 1 else "limit > 1",
        "ideal supply" if banks == {"ideal"} else "",
        "1 activation bank" if a.activation_buffer.banks == 1 else "",
        "1 weight bank" if a.weight_buffer.banks == 1 else "",
        "banks no power of two" if 3 in banks else "",
        "squash latency" if a.pruning.squash_latency_cycles > 1 else "",
        "stage" if isinstance(case, StageCase) else "",
        "plain to the loop over words" if is_plain(a) else "",
        "registered select" if a.scheduler.select_cycles else "",
        "registered select, plain loop" if a.scheduler.select_cycles and is_plain(a) else "",
    }


def layer_knobs(case: Case | StageCase) -> set[str]:
    """Name what a case's layers have."""
    found = {"several layers" if len(case.profiles) > 1 else ""}
    for layer in case.profiles:
        g = layer.geometry
        found |= {
            g.kind,
            str(g.pool),
            g.padding if g.padding_pixels else "",
            "planes" if g.planes > 1 else "",
            "words of several reads" if _gathers(case.architecture, layer) else "",
            "stride" if g.stride > 1 else "",
            "constant channel" if not layer.scores and (layer.decision == 0).all((0, 1)).any() else "",
            "no edges" if (layer.n_edges == 0).any() else "",
            "scores" if layer.scores else "",
            "partial word" if (layer.n_edges % case.architecture.pe.width_edges).any() else "",
            "leftovers of a pool" if not g.pooled_mask().all() else "",
            "banks, pools that overlap" if _overlaps_in_banks(case.architecture, g) else "",
        }
    return found


def _overlaps_in_banks(a: Architecture, geometry: Geometry) -> bool:
    pool = geometry.pool
    return (a.scheduler.banks or 1) > 1 and pool is not None and pool.stride < pool.size


def _gathers(a: Architecture, layer: LayerProfile) -> bool:
    return word_addresses(layer.geometry, a.pe.width_edges, a.activation_buffer.one_access_a_word).gathers


def test_cases_of_every_way_to_dispatch_clash_and_have_weights_that_stay() -> None:
    """Each way by itself: of all together Hypothesis draws one several times as often as another."""
    drawn: Counter[str] = Counter()
    for strategy in ways().values():

        @given(strategy)
        @settings(max_examples=OF_A_WAY, deadline=None, derandomize=True, database=None)
        def draw(case: AnyCase) -> None:
            arch, layers = case.architecture, run_compiled(case).layers
            clashes = any(layer.pe_cycles["operand_stall"] or layer.write_conflicts for layer in layers)
            stays = isinstance(case, Case) and bool(resident_weights(arch, case.profiles).layers)
            kinds = {Case: arch.scheduler.dispatch, StageCase: "stage", PipelineCase: "pipeline"}
            drawn.update({kinds[type(case)]})
            drawn.update({name for name, is_so in (("clashes", clashes), ("weights stay", stays)) if is_so})

        draw()
    assert {way: drawn[way] for way in ways() if drawn[way] < OF_A_WAY} == {}
    assert min(drawn["clashes"], drawn["weights stay"]) > OF_A_WAY * len(ways()) / 4, drawn


def test_cases_reach_everything() -> None:
    knobs: Counter[str] = Counter()
    counts = LayerCounters("all")

    for way in ("central", "banked", "window", "group", "stage"):

        @given(ways()[way])
        @settings(max_examples=CASES // 5, deadline=None, derandomize=True, database=None)
        def draw(case: Case | StageCase) -> None:
            knobs.update(machine_knobs(case) | layer_knobs(case))
            for layer in run_compiled(case).layers:
                counts.add(layer)

        draw()
    rare = {knob: knobs[knob] for knob in KNOBS if knobs[knob] < CASES // 100}
    assert rare == {}, "each in at least one case of a hundred"
    numbers = {**vars(counts), **counts.pe_cycles}
    assert [name for name, number in numbers.items() if number == 0] == []
