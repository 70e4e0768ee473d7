"""Hypothesis strategies: machines whose layers run fast, sized so that their rules meet."""

from __future__ import annotations

from hypothesis import strategies as st

from o3sim.config.architecture import Architecture
from tests.machine.harness import architecture
from tests.machine.strategies import Case, adding, counter_cases, pe_counts, profiles, weight_sizes

BANKS = ["ideal", 1, 2, 3, 4, 7, 16, 64]


@st.composite
def fast_machines(draw: st.DrawFn) -> Architecture:
    """Draw a machine: as many contexts as cycles of latency, or more, or fewer; ideal supply, or banks."""
    policy = draw(st.sampled_from(["out_of_order", "out_of_order", "in_order", "lockstep"]))
    count, contexts = draw(pe_counts()), draw(st.sampled_from([1, 2, 2, 2, 3, 4]))
    least = count * contexts if policy == "lockstep" else 1
    depth = st.sampled_from([least, least + 1]) | st.integers(least, max(40, 2 * least))
    return architecture(
        pe__count=count,
        pe__contexts=contexts,
        pe__width_edges=draw(st.sampled_from([1, 2, 3, 8, 16, 64])),
        pe__latency_cycles=draw(st.sampled_from([1, 2, 2, 2, 3, 4, 6])),
        sequencer__width_ops=draw(st.sampled_from([1, 2, 3, 8, 64])),
        sequencer__order=draw(st.sampled_from(["window_major", "member_major"])),
        sequencer__outermost=draw(st.sampled_from(["channel", "position"])),
        sequencer__group_windows=draw(st.integers(1, 8)),
        issue_queue__depth_ops=draw(depth),
        scheduler__policy=policy,
        scheduler__issue_width_ops=draw(st.sampled_from([1, 2, 3, 8, 64])),
        scheduler__window_in_flight_ops=draw(st.sampled_from([1, 1, 1, 2, "unlimited"])),
        activation_buffer__banks=draw(st.sampled_from(BANKS)),
        activation_buffer__line_buffer=draw(st.booleans()),
        weight_buffer__banks=draw(st.sampled_from(BANKS)),
        dram__bits_per_cycle=draw(st.sampled_from(["ideal", 3, 64, 1000])),
        dram__latency_cycles=draw(st.sampled_from([0, 1, 50])),
        output_buffer__write_width_ops=draw(st.sampled_from([1, 2, 3, 16, 300])),
        pruning__threshold=draw(st.sampled_from([True, True, False])),
        pruning__pooling=draw(st.booleans()),
        pruning__squash_latency_cycles=draw(st.sampled_from([1, 1, 2, 4, 20])),
    )


@st.composite
def fast_banked_machines(draw: st.DrawFn) -> Architecture:
    """Draw such a machine whose queue is in banks: two at least, unless there is but one PE."""
    made = draw(fast_machines())
    parts = [number for number in range(2, made.pe.count + 1) if made.pe.count % number == 0] or [1]
    banks = draw(st.sampled_from(parts))
    in_bank = draw(st.sampled_from([1, 1, 2, 3, 8, 70]))
    changes = {"dispatch": "banked", "banks": banks}
    if made.scheduler.policy == "lockstep":
        changes["policy"] = "out_of_order"
    return made.with_({"scheduler": changes, "issue_queue.depth_ops": banks * in_bank})


@st.composite
def fast_cases(draw: st.DrawFn, in_banks: bool = False) -> Case:
    """Draw such a machine, its queue in banks or not, and layers; now and then one does not run fast."""
    made = draw(fast_banked_machines() if in_banks else fast_machines())
    layers = [draw(adding(layer)) for layer in draw(st.lists(profiles(), min_size=1, max_size=3))]
    if draw(st.booleans()):
        layers.append(draw(profiles(scores=True)))
    return Case(made.with_({"weight_buffer": weight_sizes(draw, made, layers)}), tuple(layers))


@st.composite
def fast_sum_cases(draw: st.DrawFn) -> Case:
    """Draw such a machine, often with ideal supply, and layers that make sums; few do not run fast."""
    made = draw(fast_machines())
    if draw(st.integers(0, 2)) == 0:
        made = made.with_({"activation_buffer.banks": "ideal", "weight_buffer.banks": "ideal"})
    plain = st.lists(profiles(reorders=False), min_size=1, max_size=2)
    layers = [draw(adding(layer, seldom=False)) for layer in draw(plain)]
    return Case(made.with_({"weight_buffer": weight_sizes(draw, made, layers)}), tuple(layers))


@st.composite
def fast_counter_cases(draw: st.DrawFn) -> Case:
    """Draw a machine whose counters hand out windows, that runs fast, and layers."""
    changes = {
        "pe.contexts": draw(st.sampled_from([1, 2, 3, 3, 4])),
        "pe.latency_cycles": draw(st.sampled_from([1, 2, 3, 3, 4, 7])),
        "pe.speculate": True,
        "pe.pick": "oldest",
        "scheduler.issue_latency_cycles": 0,
    }
    return draw(counter_cases(draw(st.sampled_from(["window", "group"])), changes=changes))
