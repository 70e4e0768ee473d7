"""A sample of a machine on a network: the first rows of its first layers, scaled up by words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from o3sim.contract.resident import resident_weights
from o3sim.profile.profile import LayerProfile
from o3sim.profile.word_matches import WordMatches, word_edges
from o3sim.runs.engines import run_on_engine
from o3sim.runs.estimate.bounds import stream_cycles, words_of

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry
    from o3sim.network.network import Network

SAMPLE_WORDS = {"compiled": 300_000, "simpy": 2_000}
"""PE words of a layer that are simulated: about 50 ms on either engine."""


@dataclass(frozen=True)
class MachineCost:
    """What a sample of the network took an architecture.

    Attributes
    ----------
    cycles : float
        Cycles of an image, if the layers that were not sampled compute as long a word as those that were, and
        no layer takes less than its weights through DRAM.
    seconds : float
        To simulate an image.
    """

    cycles: float
    seconds: float


class MachineSample:
    """What has been simulated of an architecture."""

    def __init__(self, architecture: Architecture, network: Network, engine: str) -> None:
        self.architecture = architecture
        self._network = network
        self.engine = engine
        self._staying = resident_weights(architecture, network.layers).layers
        self._stream_cycles = stream_cycles(architecture, network.layers)
        self._taken = 0
        self.words = 0
        self.computing = self.cycles = self.seconds = 0.0

    def take(self, profile: LayerProfile, clock: Callable[[], float]) -> None:
        """Simulate the first rows of the next layer and take it that the others are like them."""
        layer, streams = self._network.layers[self._taken], self._stream_cycles[self._taken]
        machine = _fed(self.architecture, self._taken in self._staying)
        self._taken += 1
        width = self.architecture.pe.width_edges
        part = first_rows(profile, SAMPLE_WORDS[self.engine], width)
        alone = replace(self._network, layers=(replace(layer, geometry=part.geometry),))
        start = clock()
        run = run_on_engine(machine, alone, [part], wanted=self.engine)
        words = words_of(profile.geometry, width)
        scale = words / words_of(part.geometry, width)
        self.words += words
        self.seconds += (clock() - start) * scale
        computing = run.layers[0].cycles * scale
        self.computing += computing
        self.cycles += max(computing, streams)

    def scaled(self, network: Network) -> MachineCost:
        """Scale up to all layers; dense ones, at the end, often wait for weights where others compute."""
        width = self.architecture.pe.width_edges
        rest = sum(words_of(layer.geometry, width) for layer in network.layers) / self.words
        left = self._network.layers[self._taken :]
        left_cycles = sum(
            max(words_of(layer.geometry, width) * self.computing / self.words, streams)
            for layer, streams in zip(left, self._stream_cycles[self._taken :], strict=True)
        )
        latency_cycles = self.architecture.dram.latency_cycles if any(self._stream_cycles) else 0
        return MachineCost(self.cycles + left_cycles + latency_cycles, self.seconds * rest)


def _fed(architecture: Architecture, stays: bool) -> Architecture:
    """Return the machine as a layer by itself meets it, whose weights stay or come while others compute."""
    buffer = architecture.weight_buffer
    halves_kbit = buffer.size_kbit - buffer.resident_kbit
    size_kbit, resident_kbit = (buffer.size_kbit,) * 2 if stays else (halves_kbit, 0)
    return architecture.with_(
        {
            "dram.bits_per_cycle": "ideal",
            "weight_buffer": {"size_kbit": size_kbit, "resident_kbit": resident_kbit},
        }
    )


def first_rows(profile: LayerProfile, most_words: int, width_edges: int) -> LayerProfile:
    """Cut a layer down to its first rows of pooled outputs: at least one, else at most so many words."""
    geometry = profile.geometry
    words_a_row = words_of(geometry, width_edges) / geometry.pooled_height
    rows = min(geometry.pooled_height, max(1, int(most_words / words_a_row)))
    if rows == geometry.pooled_height:
        return profile
    pool = geometry.pool
    conv_rows = rows if pool is None else (rows - 1) * pool.stride + pool.size
    part = replace(
        geometry,
        in_height=(conv_rows - 1) * geometry.stride + geometry.kernel_height,
        in_width=(geometry.out_width - 1) * geometry.stride + geometry.kernel_width,
        padding_pixels=0,
    )
    return replace(
        profile,
        geometry=part,
        decision=np.ascontiguousarray(profile.decision[:conv_rows]),
        outcome=np.ascontiguousarray(profile.outcome[:conv_rows]),
        n_edges=part.n_edges_map(),
        matches_of=None if profile.matches_of is None else partial(_first_matches, profile, part),
    )


def _first_matches(profile: LayerProfile, part: Geometry, width_edges: int) -> WordMatches:
    """Return the matches of the first rows; all positions have the bounds of one in the middle."""
    assert profile.matches_of is not None  # noqa: S101 - asked of such layers only
    found = profile.matches_of(width_edges)
    positions = part.out_height * part.out_width
    pattern = word_edges(profile.geometry, width_edges).pattern_of[len(found.matches) // 2]
    return WordMatches(found.matches[:positions], found.most_mismatches[pattern : pattern + 1])
