"""The cases that the engines of the carousel are compared on reach every knob, and every cause."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings

from o3sim.contract.carousel.plan import tiles_for
from o3sim.contract.carousel.sizes import sizes_of
from o3sim.contract.counters import LayerCounters
from o3sim.contract.plan import cut_layers
from o3sim.profile.word_matches import MOST_EDGES_OF_A_BYTE
from tests.compiled.engines import run_compiled
from tests.machine.carousel.samples import carousel_cases
from tests.machine.strategies import Case

CASES = 300

KNOBS = {
    "one group", "groups", "one channel open", "channels open", "a window a cycle", "windows a cycle",
    "ideal weight banks", "weight banks", "ideal broadcast", "one bank broadcasts", "banks broadcast",
    "tiles", "one tile", "weight groups", "one weight group", "few windows", "many windows",
    "words of the map", "words of a neuron", "planes", "exclude", "pool", "latency > contexts",
    "latency <= contexts", "issue latency", "slow DRAM", "scores", "write width 1",
    "threshold not pruned", "pools not pruned", "weights that stay", "shared tiles", "columns",
    "columns in tiles", "from the neighbour", "a word broadcast", "words broadcast",
    "reads none", "reads chance", "reads aligned", "more than 64 PEs a group",
    "words of more than a byte counts",
}  # fmt: skip

CAUSES = {
    "useful", "wasted", "write_stall", "verdict_wait", "weight_wait", "issue_wait", "no_ready_op",
    "queue_empty", "input_wait", "drain",
}  # fmt: skip


def machine_knobs(case: Case) -> set[str]:
    a = case.architecture
    broadcast = {"ideal": "ideal broadcast", 1: "one bank broadcasts"}
    return {
        "one group" if a.scheduler.groups == 1 else "groups",
        "one channel open" if a.scheduler.open_channels == 1 else "channels open",
        "a window a cycle" if a.scheduler.windows_per_cycle == 1 else "windows a cycle",
        "ideal weight banks" if a.weight_buffer.banks == "ideal" else "weight banks",
        broadcast.get(a.activation_buffer.banks, "banks broadcast"),
        "a word broadcast" if a.activation_buffer.broadcast_words == 1 else "words broadcast",
        f"reads {a.activation_buffer.share_patch_reads}",
        "from the neighbour" if a.scheduler.take_from_neighbour else "",
        "latency > contexts" if a.pe.latency_cycles > a.pe.contexts else "latency <= contexts",
        "issue latency" if a.scheduler.issue_latency_cycles else "",
        "slow DRAM" if a.dram.bits_per_cycle == 3 else "",
        "write width 1" if a.output_buffer.write_width_ops == 1 else "",
        "" if a.pruning.threshold else "threshold not pruned",
        "" if a.pruning.pooling else "pools not pruned",
        "more than 64 PEs a group" if a.pe.count // a.scheduler.groups > 64 else "",
        "words of more than a byte counts" if a.pe.width_edges > MOST_EDGES_OF_A_BYTE else "",
    }


def layer_knobs(case: Case) -> set[str]:
    a, found = case.architecture, set[str]()
    for layer, cut in zip(case.profiles, cut_layers(a, case.profiles), strict=True):
        g = layer.geometry
        tiles = tiles_for("layer", g, a)
        found |= {
            "tiles" if tiles.number > 1 else "one tile",
            "columns" if tiles.lists > 1 else "shared tiles",
            "columns in tiles" if tiles.lists > 1 < tiles.number else "",
            "weight groups" if len(cut) > 1 else "one weight group",
            "weights that stay" if cut[0].stays else "weights that stream",
            "many windows" if sizes_of(g, a).contexts == a.pe.contexts > 1 else "few windows",
            "words of the map" if g.in_channels % a.pe.width_edges == 0 else "words of a neuron",
            "planes" if g.planes > 1 else "",
            g.padding if g.padding_pixels else "",
            "scores" if layer.scores else "",
            "pool" if g.pool else "",
        }
    return found


def test_cases_reach_everything() -> None:
    knobs: Counter[str] = Counter()
    counts = LayerCounters("all")

    @given(carousel_cases())
    @settings(max_examples=CASES, deadline=None, derandomize=True, database=None)
    def draw(case: Case) -> None:
        knobs.update(machine_knobs(case) | layer_knobs(case))
        for layer in run_compiled(case).layers:
            counts.add(layer)

    draw()
    rare = {knob: knobs[knob] for knob in KNOBS if knobs[knob] < CASES // 100}
    assert rare == {}, "each in at least one case of a hundred"
    assert {cause for cause, cycles in counts.pe_cycles.items() if cycles} == CAUSES
    for name in ("squashed_queue", "edges_pruned_pooling", "edges_pruned_threshold", "edges_wasted"):
        assert getattr(counts, name) > 0
