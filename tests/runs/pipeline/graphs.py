"""Pipelines of made-up networks that are graphs: stages that feed several others, and stages that add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from o3sim.config.architecture import Architecture, Stage
from o3sim.config.overrides import Overrides
from o3sim.network.layer import Addend, Geometry, LayerSize, Pool
from o3sim.profile.profile import LayerProfile
from o3sim.runs.pipeline.connected import Limit
from o3sim.runs.pipeline.deadlock import Waits
from o3sim.runs.pipeline.links import connections
from o3sim.runs.pipeline.stream import Pipeline
from tests.machine.harness import random_profile
from tests.machine.strategies import architectures
from tests.runs.pipeline.samples import pipelined, resident

IMAGES = 2
"""That go through a pipeline, one after another."""


class PipelineCase(NamedTuple):
    """A pipeline, the layers of its stages by name and shape, and a seed for what its images do."""

    architecture: Architecture
    layers: tuple[LayerSize, ...]
    seed: int

    @property
    def profiles(self) -> list[LayerProfile]:
        """What its layers decide on the first image."""
        return profiles_of(self, 0)

    def pipeline(self, engine: str) -> Pipeline:
        """Make it; of the network shapes suffice."""
        network: Any = SimpleNamespace(layers=self.layers)
        return Pipeline(self.architecture, network, engine)


def profiles_of(case: PipelineCase, image: int) -> list[LayerProfile]:
    """Make up what the layers decide on an image."""
    return [
        named(random_profile(layer.geometry, case.seed + 100 * image + number), layer.name)
        for number, layer in enumerate(case.layers)
    ]


def named(profile: LayerProfile, name: str) -> LayerProfile:
    """Give a made-up profile a name, and let ops that add, or whose sums go on, be as late as they are."""
    g, n_edges = profile.geometry, profile.n_edges[:, :, None]
    least = n_edges if g.sum_bits else np.minimum(n_edges, g.makes_sums)
    decision = np.clip(profile.decision, least, n_edges).astype(np.int32)
    return replace(profile, name=name, decision=decision)


def sized(shapes: Sequence[Geometry]) -> tuple[LayerSize, ...]:
    """Name layers ``l0``, ``l1``, ..."""
    return tuple(LayerSize(f"l{number}", shape, False) for number, shape in enumerate(shapes))


def stage_of(machine: Architecture) -> dict[str, Any]:
    """State the units of a machine as those of a stage."""
    stated: dict[str, Any] = {}
    for unit, field in Stage.model_fields.items():
        keys, part = machine.model_dump().get(unit), field.annotation
        if keys is not None and isinstance(part, type) and issubclass(part, Overrides):
            stated[unit] = {key: value for key, value in keys.items() if key in part.model_fields}
    return stated


@st.composite
def graphs(draw: st.DrawFn) -> tuple[LayerSize, ...]:
    """Draw small layers that take from the one above or one further up, and mostly add another's outputs."""
    shapes: list[Geometry] = []
    for number in range(draw(st.integers(3, 5))):
        source = number - 1
        if number > 1 and draw(st.integers(0, 3)) == 0:
            source = draw(st.integers(0, number - 1))
        shapes.append(draw(_layer(shapes, source)))
    return sized(shapes)


@st.composite
def _layer(draw: st.DrawFn, above: Sequence[Geometry], source: int) -> Geometry:
    """Draw a layer that takes from a source, -1 for an image."""
    height, width, channels = draw(st.integers(3, 7)), draw(st.integers(2, 4)), draw(st.integers(1, 3))
    if source >= 0:
        taken = above[source]
        height, width, channels = taken.pooled_height, taken.pooled_width, taken.out_channels
    kernel = draw(st.sampled_from([1, 3, 3]))
    least = 0 if min(height, width) >= kernel else 1
    bare = Geometry(
        "conv",
        height,
        width,
        channels,
        draw(st.sampled_from([1, 2, 2, 4])),
        kernel,
        kernel,
        draw(st.sampled_from([1, 1, 1, 2])),
        draw(st.sampled_from([least, kernel // 2, 1])),
        draw(st.sampled_from(["exclude", "-1"])) if kernel > 1 else "-1",
        source=f"l{source}" if 0 <= source < len(above) - 1 else "",
    )
    pools = [None, None, Pool(2, 2)] if min(bare.out_height, bare.out_width) > 1 else [None]
    shape = replace(bare, pool=draw(st.sampled_from(pools)))
    sum_bits = draw(st.sampled_from([0, 16, 32])) if shape.pool is None else 0
    return replace(shape, sum_bits=sum_bits, addend=draw(_addends(above, shape)))


@st.composite
def _addends(draw: st.DrawFn, above: Sequence[Geometry], shape: Geometry) -> Addend | None:
    """Draw what a layer may add of those above: none, or one whose map is large enough."""
    fitting: list[Addend] = []
    for number, other in enumerate(above):
        height, width, channels = other.pooled_height, other.pooled_width, other.out_channels
        stride = min(height // shape.out_height, width // shape.out_width, 3)
        if stride >= 1 and shape.out_channels % channels == 0:
            bits, averages = other.sum_bits or 1, draw(st.booleans())
            fitting.append(Addend(f"l{number}", height, width, channels, bits, stride, averages))
    return draw(st.sampled_from([*fitting, *fitting, *fitting, None]))


@st.composite
def locksteps(draw: st.DrawFn) -> Architecture:
    """Draw a machine that is mostly in lockstep, of so few PEs that groups end within the rows of a graph."""
    made = draw(architectures())
    if draw(st.integers(0, 3)) == 0:
        return made
    count, contexts = draw(st.sampled_from([1, 2, 3, 4, 6])), draw(st.sampled_from([1, 1, 2]))
    group = count * contexts
    pooling = draw(st.sampled_from([True, True, True, False]))
    return made.with_(
        {
            "pe.count": count,
            "pe.contexts": contexts,
            "issue_queue.depth_ops": group + draw(st.sampled_from([0, 0, 1, group, 40])),
            "scheduler.policy": "lockstep",
            "scheduler.window_in_flight_ops": draw(st.sampled_from([1, 1, 2, 3, "unlimited"])),
            "pruning.pooling": pooling,
            "output_buffer.release": "when_final" if pooling else made.output_buffer.release,
        }
    )


@st.composite
def pipeline_cases(
    draw: st.DrawFn, stage_machines: st.SearchStrategy[Architecture] | None = None
) -> PipelineCase:
    """Draw a pipeline with joins: any stages, FIFOs that never fill or are as deep as need be, or more."""
    layers = draw(graphs())
    each = architectures() if stage_machines is None else stage_machines
    machines = [resident(draw(each)) for _ in layers]
    stages = [stage_of(machine) for machine in machines]
    for link, depths in zip(connections(layers), draw(depths_of(layers, machines)), strict=True):
        stages[link.reader] = {**stages[link.reader], link.fifo: depths}
    return PipelineCase(pipelined(tuple(stages)), layers, draw(st.integers(0, 2**31 - 1)))


@st.composite
def depths_of(
    draw: st.DrawFn, layers: Sequence[LayerSize], machines: Sequence[Architecture]
) -> list[dict[str, int]]:
    """Draw depths with which stages do not wait for each other for ever."""
    waits, chosen = Waits(layers, machines), []
    for link in range(len(waits.links)):
        unit = draw(st.sampled_from(["rows", "rows", "words", None]))
        if unit is not None:
            chosen.append(Limit(link, unit, waits.least(link, unit) + draw(st.sampled_from([0, 0, 1, 3]))))
    stated: list[dict[str, int]] = [{} for _ in waits.links]
    for limit in waits.grown(chosen):
        stated[limit.link][f"depth_{limit.unit}"] = limit.depth
    return stated
