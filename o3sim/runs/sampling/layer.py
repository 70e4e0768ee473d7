"""Run stretches of a layer, and make of them what the whole layer counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from o3sim.compiled.fast.memory import Tally, tally_of
from o3sim.compiled.run import count_shape
from o3sim.compiled.section import run_section
from o3sim.contract.counters import PE_CYCLE_CAUSES, LayerCounters
from o3sim.contract.invariants import check_layer
from o3sim.contract.layer_runs import LayerRun
from o3sim.contract.sections import FAR_OFF, OF_STRATUM, STRATA, LayerParts, Section, parts_of
from o3sim.contract.sums import addend_addresses
from o3sim.network.bits.layers import pooled
from o3sim.runs.sampling.estimate import LayerSample, Stratum, between

if TYPE_CHECKING:
    from collections.abc import Sequence

    from o3sim.compiled.allocation import Allocation
    from o3sim.config.architecture import Architecture
    from o3sim.contract.weight_groups import WeightGroup
    from o3sim.profile.profile import LayerProfile


class SampledRun(NamedTuple):
    """A layer that was sampled: what it counts by estimate, its output bits, and the stretches.

    The bits of windows that were not run are those of its profile.
    """

    run: LayerRun
    sample: LayerSample


def sample_layer(
    architecture: Architecture,
    profile: LayerProfile,
    group: WeightGroup,
    seed: Sequence[int],
    stream: Allocation | None = None,
) -> SampledRun:
    """Sample a layer.

    Parameters
    ----------
    profile : LayerProfile
        Of a layer that is sampled (:func:`o3sim.runs.sampling.choice.choose_layers`).
    group : WeightGroup
    seed : sequence of int
        Says which stretches are run.
    stream : Allocation, optional
        As for :func:`o3sim.compiled.section.run_section`.

    Raises
    ------
    MachineError
        If an invariant of the machine does not hold.
    """
    parts = parts_of(architecture, profile.geometry)
    tally = tally_of(profile, group, architecture, parts.part_windows)
    machine = _Sections(architecture, profile, group)
    first = machine.run(parts.beginning(), stream)
    strata = tuple(
        Stratum(len(stratum), tuple(machine.run(parts.stretch(part)) for part in chosen))
        for stratum, chosen in _drawn(parts, tally, np.random.default_rng(seed))
    )
    last = machine.run(parts.end())
    words = int(tally.words.sum()) - first.pe_cycles["useful"] - last.pe_cycles["useful"]
    sample = LayerSample(strata, words, _edge(architecture, profile), parts.ops, machine.simulated_ops)
    counters = _whole(first, sample, last, tally)
    _settle(counters, tally, parts, architecture, profile)
    count_shape(counters, profile, [group], architecture)
    check_layer(counters, architecture)
    return SampledRun(LayerRun(counters, machine.output), sample)


def _drawn(
    parts: LayerParts, tally: Tally, generator: np.random.Generator
) -> list[tuple[NDArray[np.int64], list[int]]]:
    """Sort the parts of the body into strata by their words, and draw some of each.

    Parts with far fewer words than usual, or far more, are strata of their own, however few they are: what
    they take grows with other things than words, as that of channels that are constant.
    """
    body = np.array(parts.body)
    by_words = body[np.argsort(tally.words[body], kind="stable")]
    words = tally.words[by_words]
    usual = float(np.median(words))
    few, many = np.searchsorted(words, [usual / FAR_OFF, usual * FAR_OFF], side="right")
    strata = [by_words[:few], *np.array_split(by_words[few:many], STRATA), by_words[many:]]
    return [
        (stratum, sorted(generator.choice(stratum, min(OF_STRATUM, len(stratum)), replace=False).tolist()))
        for stratum in strata
        if len(stratum) > 0
    ]


class _Sections:
    """Runs sections of a layer, and puts the output bits of their windows into those of the profile."""

    def __init__(self, architecture: Architecture, profile: LayerProfile, group: WeightGroup) -> None:
        self._architecture, self._profile, self._group = architecture, profile, group
        self.output = pooled(profile.geometry, profile.outcome)
        self.simulated_ops = 0

    def run(self, section: Section, stream: Allocation | None = None) -> LayerCounters:
        """Run a section, and return what was counted in the part of it that counts."""
        marks = [mark for mark in (section.begin_ops, section.end_ops) if mark > 0]
        ran = run_section(self._architecture, self._profile, self._group, section.windows, marks, stream)
        self._take(ran.output, section.windows)
        self.simulated_ops += ran.counters.ops
        begin = ran.marks[0] if section.begin_ops > 0 else LayerCounters(self._profile.name)
        return between(begin, ran.marks[-1])

    def _take(self, made: NDArray[np.uint8], windows: range) -> None:
        """Take over the output bits of windows, by their place in program order."""
        rows = slice(windows.start, windows.stop)
        channels = self.output.shape[-1]
        if self._architecture.sequencer.outermost == "channel":
            order = np.arange(self.output.size).reshape(-1, channels).T.ravel()[rows]
        else:
            order = np.arange(windows.start, windows.stop)
        self.output.reshape(-1)[order] = made.reshape(-1)[order]


def _edge(architecture: Architecture, profile: LayerProfile) -> LayerCounters:
    """Return what a machine can do in the cycles that a PE takes for all the ops it can hold.

    So much sooner or later PEs may run out of work at the end of a layer, the rest being as it is.
    """
    pe = architecture.pe
    cycles = pe.contexts * -(-int(profile.n_edges.max()) // pe.width_edges) + pe.latency_cycles
    words = cycles * pe.count
    one_access = architecture.activation_buffer.one_access_a_word
    addend = addend_addresses(profile.geometry, pe.width_edges, one_access)
    added = 0 if addend is None else pe.count * pe.contexts * len(addend.offset_bit)
    return LayerCounters(
        profile.name,
        cycles=cycles,
        words_executed=words,
        edges_executed=words * pe.width_edges,
        activation_requests=words,
        weight_requests=words,
        activation_reads=words + added,
        addend_words=added,
        weight_reads=words,
    )


def _whole(first: LayerCounters, sample: LayerSample, last: LayerCounters, tally: Tally) -> LayerCounters:
    """Add up the layer's beginning, the estimate of its parts, and its end."""
    counters, estimated = LayerCounters(first.name), sample.counters()
    for name in estimated.keys() - counters.pe_cycles.keys():
        setattr(counters, name, getattr(first, name) + round(estimated[name]) + getattr(last, name))
    for cause in PE_CYCLE_CAUSES:
        counters.pe_cycles[cause] = first.pe_cycles[cause] + round(estimated[cause]) + last.pe_cycles[cause]
    counters.pe_cycles["useful"] = int(tally.words.sum())
    return counters


def _settle(
    counters: LayerCounters,
    tally: Tally,
    parts: LayerParts,
    architecture: Architecture,
    profile: LayerProfile,
) -> None:
    """Let counts be what is known of them, and what follows from others by the laws of the machine."""
    causes, pes = counters.pe_cycles, architecture.pe.count
    counters.cycles = -(-sum(causes.values()) // pes)
    causes["drain"] += counters.cycles * pes - sum(
        causes.values()
    )  # less than a cycle: estimates are rounded
    counters.ops, counters.retired = parts.ops, int(tally.ops.sum())
    squashed = counters.ops - counters.retired
    counters.squashed_pe = 0
    counters.squashed_queue = min(counters.squashed_queue, squashed)
    counters.squashed_sequencer = squashed - counters.squashed_queue
    counters.issued = counters.queue_reads = counters.retired
    counters.dispatched = counters.queue_writes = counters.issued + counters.squashed_queue
    counters.scoreboard_reads = counters.dispatched + counters.squashed_sequencer
    counters.scoreboard_writes = counters.retired
    counters.threshold_reads = 0 if profile.scores else counters.issued
    counters.words_executed = causes["useful"] + causes["wasted"] + causes["squashed"]
    counters.activation_requests = counters.weight_requests = counters.words_executed
    checks_bounds = architecture.pruning.threshold and profile.has_bounds
    counters.threshold_compares = counters.words_executed if checks_bounds else counters.retired
    counters.edges_total, counters.edges_pruned_pooling = tally.edges, tally.edges - tally.retired_edges
    counters.edges_executed = min(counters.edges_executed, tally.retired_edges)
    counters.edges_pruned_threshold = tally.retired_edges - counters.edges_executed
    counters.output_bits = parts.windows
