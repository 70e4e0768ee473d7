"""Hypothesis strategies: any machine, any small layers, and machines that these layers fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from o3sim.config.architecture import Architecture
from o3sim.contract.gates import StageGates
from o3sim.contract.patch import least_patch_bits
from o3sim.contract.weight_groups import buffer_bits
from o3sim.network.layer import Addend, Geometry, Padding, Pool
from o3sim.profile.classes import ClassRace
from o3sim.profile.profile import LayerProfile
from tests.machine.harness import architecture, profile, queueless
from tests.network.bits.strategies import reordered

PADDINGS: tuple[Padding, ...] = ("exclude", "-1", "+1")


class Case(NamedTuple):
    """A machine and the layers it is to run, one after another."""

    architecture: Architecture
    profiles: tuple[LayerProfile, ...]


class StageCase(NamedTuple):
    """A stage of a pipeline, its one layer, and from when on each output row can be dispatched.

    Namely when its input rows are there, and when there is room for what it puts out.
    """

    architecture: Architecture
    profiles: tuple[LayerProfile]
    row_cycles: tuple[int, ...]
    room_cycles: tuple[int, ...]

    @property
    def gates(self) -> StageGates:
        """The same of every neuron."""
        rows, room = (np.array(cycles, np.int64) for cycles in (self.row_cycles, self.room_cycles))
        return StageGates.of_rows(self.profiles[0].geometry, rows, room)


def banks() -> st.SearchStrategy[int | str]:
    """Draw a number of banks: a power of two or not, or ideal."""
    return st.sampled_from([1, 2, 3, 4, 8, "ideal"])


def pe_counts() -> st.SearchStrategy[int]:
    """Draw a number of PEs: mostly few, so that units wait for each other; now and then more than 64."""
    return st.integers(1, 6) | st.sampled_from([1, 2, 3, 4, 5, 17, 64, 65, 130])


@st.composite
def pools(draw: st.DrawFn, height: int, width: int, overlaps: bool = True) -> Pool | None:
    """Draw a pool that fits a map: none, 2x2/2, 3x3/2 (windows overlap), now and then another."""
    usual, others = (Pool(2, 2), Pool(3, 2)), (Pool(2, 1), Pool(3, 1), Pool(3, 3), Pool(4, 3))
    fitting = [pool for pool in (*usual, *others) if pool.size <= min(height, width)]
    if not overlaps:
        fitting = [pool for pool in fitting if pool.stride >= pool.size]
    return draw(st.sampled_from([None, *fitting]))


@st.composite
def convolutions(draw: st.DrawFn, overlaps: bool = True) -> Geometry:
    """Draw a small convolution: odd shapes, all paddings, strides, bit planes, pools with leftovers."""
    kernel_height, kernel_width = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    padding_pixels = draw(st.integers(0, 2))
    shape: dict[str, Any] = {
        "kind": "conv",
        "in_height": draw(st.integers(max(1, kernel_height - 2 * padding_pixels), 6)),
        "in_width": draw(st.integers(max(1, kernel_width - 2 * padding_pixels), 6)),
        "in_channels": draw(st.integers(1, 12)),
        "out_channels": draw(st.integers(1, 6)),
        "kernel_height": kernel_height,
        "kernel_width": kernel_width,
        "stride": draw(st.integers(1, 2)),
        "padding_pixels": padding_pixels,
        "padding": draw(st.sampled_from(PADDINGS)),
        "planes": draw(st.sampled_from([1, 1, 2])),
    }
    unpooled = Geometry(**shape)
    return Geometry(**shape, pool=draw(pools(unpooled.out_height, unpooled.out_width, overlaps)))


@st.composite
def dense_layers(draw: st.DrawFn) -> Geometry:
    """Draw a small dense layer."""
    return Geometry("dense", 1, 1, draw(st.integers(1, 100)), draw(st.integers(1, 20)))


@st.composite
def races(draw: st.DrawFn, geometry: Geometry) -> ClassRace | None:
    """Draw which class beats which: any order, known at any edge; none but for dense layers."""
    if geometry.kind != "dense":
        return None
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rank = chance.permutation(geometry.out_channels).astype(np.int32)
    after = chance.integers(1, geometry.fan_in + 1, (len(rank), len(rank)))
    beats = rank[:, None] < rank[None, :]
    return ClassRace(rank, np.where(beats, after, geometry.fan_in + 1).astype(np.int32))


@st.composite
def profiles(
    draw: st.DrawFn, scores: bool = False, overlaps: bool = True, reorders: bool = True
) -> LayerProfile:
    """Draw a layer with made-up decisions and outcomes, from none early to all at once."""
    shapes = st.one_of(convolutions(overlaps), dense_layers())
    geometry = draw(shapes.flatmap(reordered) if reorders else shapes)
    if scores:
        return replace(profile(geometry, scores=True), race=draw(races(geometry)))
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = geometry.out_height, geometry.out_width, geometry.out_channels
    early = draw(st.sampled_from([0.0, 0.5, 1.0]))
    decision = np.ceil(geometry.n_edges_map()[:, :, None] * (1 - early * chance.random(shape) ** 2))
    decision[:, :, chance.random(shape[2]) < draw(st.sampled_from([0.0, 0.3]))] = 0  # constant channels
    return profile(geometry, decision, chance.random(shape) < draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])))


@st.composite
def architectures(draw: st.DrawFn, dispatch: str = "central") -> Architecture:
    """Draw a machine with a queue: every policy and knob, biased to sizes at which units meet."""
    banked = dispatch == "banked"
    policy = draw(st.sampled_from(["out_of_order", "in_order", *([] if banked else ["lockstep"])]))
    usual = draw(st.integers(0, 4)) == 0  # the kind of machine that the compiled engine has a loop for
    count, contexts = draw(pe_counts()), 2 if usual else draw(st.sampled_from([1, 1, 2, 3, 5]))
    least = count * contexts if policy == "lockstep" else 1
    powers = st.sampled_from([1, 2, 4, 8])
    ideal = draw(st.sampled_from([True, False, False]))  # no bank conflicts: an engine may skip ahead
    depth = draw(st.sampled_from([least, least + 1]) | st.integers(least, max(40, 2 * least)))
    selection: dict[str, Any] = {"scheduler__issue_width_ops": draw(st.sampled_from([1, 2, 3, 8, 64]))}
    if banked:
        parts = draw(st.sampled_from([number for number in range(1, count + 1) if count % number == 0]))
        depth = -(-depth // parts) * parts
        selection = {"scheduler__dispatch": "banked", "scheduler__banks": parts}
        selection["scheduler__issue_width_ops"] = None
    return architecture(
        pe__count=count,
        pe__contexts=contexts,
        pe__width_edges=draw(st.sampled_from([1, 3, 8, 16, 64])),
        pe__latency_cycles=draw(st.sampled_from([1, 2, 3, 4, 9])),
        pe__speculate=usual or draw(st.booleans()),
        sequencer__width_ops=draw(st.sampled_from([1, 2, 3, 8, 64])),
        sequencer__order=draw(st.sampled_from(["window_major", "member_major"])),
        sequencer__outermost=draw(st.sampled_from(["channel", "position"])),
        sequencer__group_windows=draw(st.integers(1, 8)),
        issue_queue__depth_ops=depth,
        scheduler__policy=policy,
        **selection,
        scheduler__select_cycles=draw(st.sampled_from([0, 0, 1, 2, 5])),
        scheduler__issue_latency_cycles=0 if usual else draw(st.sampled_from([0, 0, 1, 3])),
        scheduler__window_in_flight_ops=draw(st.sampled_from([1, 2, 3, "unlimited"])),
        activation_buffer__banks="ideal" if ideal else draw(powers if usual else banks()),
        activation_buffer__line_buffer=draw(st.booleans()),
        weight_buffer__banks="ideal" if ideal else draw(powers if usual else banks()),
        dram__bits_per_cycle=draw(st.sampled_from(["ideal", 3, 64, 1000])),
        dram__latency_cycles=draw(st.sampled_from([0, 1, 50])),
        output_buffer__write_width_ops=draw(st.sampled_from([1, 2, 3, 16])),
        **_prunings(draw),
        pruning__squash_latency_cycles=draw(st.sampled_from([1, 2, 4, 20])),
    )


def _prunings(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what a machine with a queue prunes, or that no time of it depends on the image."""
    if draw(st.integers(0, 9)) == 0:
        off = dict.fromkeys(("threshold", "pooling", "argmax"), False)
        released = {"output_buffer__release": "worst_case"}
        return {f"pruning__{key}": value for key, value in off.items()} | released
    return {f"pruning__{key}": draw(st.booleans()) for key in ("threshold", "pooling", "argmax")}


@st.composite
def adding(draw: st.DrawFn, layer: LayerProfile, seldom: bool = True) -> LayerProfile:
    """Draw what a layer adds, and whether its sums go on; most layers stay as they are if it does seldom."""
    g = layer.geometry
    if g.edge_order is not None or (seldom and draw(st.integers(0, 2)) > 0):
        return layer
    stride = draw(st.sampled_from([1, 2, 3]))
    divisors = [number for number in range(1, g.out_channels + 1) if g.out_channels % number == 0]
    addend = Addend(
        "above",
        g.out_height * stride + draw(st.integers(0, stride - 1)),
        g.out_width * stride + draw(st.integers(0, stride - 1)),
        draw(st.sampled_from(divisors)),
        draw(st.sampled_from([1, 16, 32])),
        stride,
        draw(st.booleans()),
    )
    sum_bits = 0 if g.pool is not None else draw(st.sampled_from([0, 16, 32]))
    adds = sum_bits == 0 or draw(st.booleans())
    geometry = replace(g, addend=addend if adds else None, sum_bits=sum_bits)
    n_edges = layer.n_edges[:, :, None]
    decision = np.clip(layer.decision, n_edges if sum_bits else np.minimum(n_edges, 1), n_edges)
    return replace(layer, geometry=geometry, decision=decision.astype(np.int32))


@st.composite
def queueless_architectures(draw: st.DrawFn, dispatch: str) -> Architecture:
    """Draw a machine whose counters hand out windows, with banks or patches of 1 kbit, biased likewise."""
    count = draw(pe_counts())
    counters = draw(st.sampled_from([size for size in range(1, count + 1) if count % size == 0]))
    binding: dict[str, Any] = {"scheduler__counters": counters}
    weight_banks: int | str = draw(banks())
    if dispatch == "group":
        assignment = draw(st.sampled_from(["channel", "channel_balanced", "position", "skewed"]))
        binding = {"scheduler__groups": counters, "scheduler__assignment": assignment}
        weight_banks = draw(st.sampled_from([counters, 2 * counters, 3 * counters, "ideal"]))
    patch = draw(st.sampled_from([None, 1]))
    if patch is not None:
        binding["activation_buffer__patch_kbit"] = patch
    outermost = draw(st.sampled_from(["channel", "position"])) if patch is None else "position"
    binding["activation_buffer__line_buffer"] = patch is None and draw(st.booleans())
    return queueless(
        dispatch,
        **binding,
        pe__count=count,
        pe__contexts=draw(st.sampled_from([1, 1, 2, 3, 5])),
        pe__width_edges=draw(st.sampled_from([1, 3, 8, 16, 64])),
        pe__latency_cycles=draw(st.sampled_from([1, 2, 3, 4, 9])),
        pe__speculate=draw(st.booleans()),
        pe__pick=draw(st.sampled_from(["oldest", "barrel"])),
        sequencer__outermost=outermost,
        scheduler__issue_latency_cycles=draw(st.sampled_from([0, 0, 1, 3])),
        scheduler__windows_per_cycle=draw(st.sampled_from([1, 1, 2, 5])),
        scheduler__bundle_positions=draw(st.sampled_from([1, 1, 2, 4])),
        activation_buffer__banks=draw(banks() if patch is None else st.sampled_from(["ideal", 1, 2, 3])),
        weight_buffer__banks=weight_banks,
        dram__bits_per_cycle=draw(st.sampled_from(["ideal", 3, 64, 1000])),
        dram__latency_cycles=draw(st.sampled_from([0, 1, 50])),
        output_buffer__write_width_ops=draw(st.sampled_from([1, 2, 3, 16])),
        pruning__threshold=draw(st.booleans()),
        pruning__pooling=draw(st.sampled_from([True, True, False])),
    )


@st.composite
def counter_cases(
    draw: st.DrawFn, dispatch: str, most_layers: int = 3, changes: dict[str, Any] | None = None
) -> Case:
    """Draw layers and a machine without a queue, so changed, that they fit: pools do not overlap."""
    made = draw(queueless_architectures(dispatch)).with_(changes or {})
    has_patch = made.activation_buffer.patch_kbit is not None
    kinds = profiles(overlaps=False, reorders=not has_patch)
    hidden = draw(st.lists(kinds, min_size=1, max_size=most_layers))
    scores = profiles(scores=True, overlaps=False, reorders=not has_patch)
    layers = [*hidden, draw(scores)] if draw(st.booleans()) else hidden
    sharers = made.scheduler.groups or 1
    sizes: dict[str, Any] = {"weight_buffer": weight_sizes(draw, made, layers, sharers)}
    if made.scheduler.assignment == "channel_balanced":
        layers = [draw(measured(layer)) for layer in layers]
    if has_patch:
        sizes["activation_buffer.patch_kbit"] = _patch_kbit(made, layers)
    return Case(made.with_(sizes), tuple(layers))


@st.composite
def measured(draw: st.DrawFn, layer: LayerProfile) -> LayerProfile:
    """Draw how much work each channel is."""
    work = draw(st.lists(st.integers(0, 5), min_size=layer.geometry.out_channels, max_size=20))
    geometry = replace(layer.geometry, channel_work=tuple(work[: layer.geometry.out_channels]))
    return replace(layer, geometry=geometry)


def _patch_kbit(made: Architecture, layers: list[LayerProfile]) -> int:
    """Size the patches no larger than the widest window needs."""
    return max(-(-least_patch_bits(layer.geometry, made) // 1024) for layer in layers)


def cases(most_layers: int = 3) -> st.SearchStrategy[Case]:
    """Draw layers and a machine that they fit: each way to dispatch but the carousel as often."""
    return st.one_of(queued_cases(most_layers), queueless_cases(most_layers))


def queued_cases(most_layers: int = 3) -> st.SearchStrategy[Case]:
    """Draw layers and a machine with a queue that they fit."""
    return st.one_of(*(queue_cases(dispatch, most_layers) for dispatch in ("central", "banked")))


def queueless_cases(most_layers: int = 3) -> st.SearchStrategy[Case]:
    """Draw layers and a machine whose counters hand out windows, that they fit."""
    return st.one_of(*(counter_cases(dispatch, most_layers) for dispatch in ("window", "group")))


@st.composite
def queue_cases(draw: st.DrawFn, dispatch: str, most_layers: int = 3) -> Case:
    """Draw layers and a machine with a queue that they fit; often weights come in several groups, or stay."""
    hidden = draw(st.lists(profiles(), min_size=1, max_size=most_layers))
    made = draw(architectures(dispatch))
    hidden = [draw(adding(layer)) for layer in hidden]
    layers = [*hidden, draw(profiles(scores=True))] if draw(st.booleans()) else hidden
    return Case(made.with_({"weight_buffer": weight_sizes(draw, made, layers)}), tuple(layers))


def weight_sizes(
    draw: st.DrawFn, made: Architecture, layers: Sequence[LayerProfile], sharers: int = 1
) -> dict[str, int]:
    """Draw the parts of a weight buffer that layers fit, those for weights that stay and for the halves."""
    halves_kbit = _halves_kbit(made, layers, draw(st.booleans()), sharers)
    resident_kbit = draw(_resident_kbits(made, layers))
    if not all_stay(made, layers, resident_kbit) or draw(st.booleans()):
        size_kbit = halves_kbit + resident_kbit
    else:
        size_kbit = resident_kbit
    return {"size_kbit": size_kbit, "resident_kbit": resident_kbit}


def _resident_kbits(made: Architecture, layers: Sequence[LayerProfile]) -> st.SearchStrategy[int]:
    """Draw a part for weights that stay: none, for all layers, or for some that holds one at least."""
    bits = [buffer_bits(layer.geometry, made) for layer in layers]
    least, most = -(-min(bits) // 1024), -(-sum(bits) // 1024)
    return st.sampled_from([0, 0, most]) | st.integers(least, most)


def all_stay(made: Architecture, layers: Sequence[LayerProfile], resident_kbit: int) -> bool:
    """Return whether all weights would stay on the chip."""
    bits = sum(buffer_bits(layer.geometry, made) for layer in layers)
    return bits <= resident_kbit * 1024


def _halves_kbit(made: Architecture, layers: Sequence[LayerProfile], roomy: bool, sharers: int = 1) -> int:
    """Size the halves: for all that is drawn here, or no larger than the largest channel needs."""
    width = made.pe.width_edges
    largest = max(_channel_bits(layer.geometry, width) for layer in layers)
    least = -(-2 * sharers * largest // 1024)
    return max(1000, least) if roomy else least


def _channel_bits(geometry: Geometry, width: int) -> int:
    order = geometry.edge_order
    return -(-geometry.fan_in // width) * width + (0 if order is None else order.table_bits)
