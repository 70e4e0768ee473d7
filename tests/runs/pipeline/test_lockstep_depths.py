"""How deep FIFOs around lockstep stages have to be: no pipeline gets stuck that is not refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.config.architecture import Architecture
from o3sim.contract.errors import MachineStuckError
from o3sim.errors import InputError
from o3sim.network.layer import Addend, Geometry, LayerSize, Pool
from o3sim.runs.engines import open_stage_named
from o3sim.runs.pipeline.coupled import run_coupled
from o3sim.runs.pipeline.deadlock import Limit, Waits
from o3sim.runs.pipeline.links import links_of
from o3sim.runs.pipeline.stages import Stage, stage_machines
from o3sim.runs.pipeline.walk import leading
from tests.machine.harness import conv, profile
from tests.runs.pipeline.graphs import PipelineCase, graphs, locksteps, named, pipeline_cases, sized
from tests.runs.pipeline.samples import FOLDED, least_depth, pipelined, resident
from tests.runs.pipeline.test_joins import coupled

ENGINES = pytest.mark.parametrize("engine", ["simpy", "compiled"])
ONE_PE: dict[str, Any] = {
    "pe": {"count": 1, "contexts": 2},
    "pruning": {"threshold": False, "pooling": False, "argmax": False},
    "output_buffer": {"release": "worst_case"},
    "input_fifo": {"depth_rows": 1},
}
"""A stage whose time does not depend on the image, with room for a row."""
ROW_BY_ROW: dict[str, Any] = {"sequencer__outermost": "position", "pruning__threshold": False}
LOCKSTEP: dict[str, Any] = {"scheduler": {"policy": "lockstep"}, "pruning": {"pooling": False}}


def run(machines: Sequence[Architecture], layers: Sequence[LayerSize], engine: str) -> None:
    """Send an image of which nothing is 1 through stages, whether their FIFOs are deep enough or not."""
    made = [named(profile(layer.geometry), layer.name) for layer in layers]
    there = np.zeros(layers[0].geometry.in_height, np.int64)
    stages = [Stage(machine) for machine in machines]
    run_coupled(stages, links_of(layers, machines), made, open_stage_named(engine), there)


@ENGINES
@pytest.mark.parametrize(("in_flight", "least"), [(1, 4), ("unlimited", 3)])
def test_a_lockstep_stage_that_prunes_pools_at_its_least_depth(
    in_flight: int | str, least: int, engine: str
) -> None:
    """Where ops wait for others of their window it holds the rows of older ones than those of a group."""
    shapes = [
        conv(4, 3, 1, 1, kernel=1),
        conv(4, 3, 1, 1, kernel=1),
        conv(4, 3, 1, 1, kernel=1, pool=Pool(2, 2), source="l0"),
        conv(4, 3, 1, 1, kernel=1, source="l0"),
    ]
    layers = sized(shapes)

    def machines(depth: int) -> list[Architecture]:
        pruned = {
            "pe": {"count": 3, "contexts": 1},
            "issue_queue": {"depth_ops": 3},
            "scheduler": {"policy": "lockstep", "window_in_flight_ops": in_flight},
            "pruning": {"threshold": False, "pooling": True},
            "input_fifo": {"depth_rows": depth},
        }
        base = resident(pipelined())
        return [base, base.with_(ONE_PE), base.with_(pruned), base.with_(ONE_PE)]

    assert Waits(layers, machines(1)).least(1, "rows") == least
    run(machines(least), layers, engine)
    with pytest.raises(MachineStuckError, match="deadlock: stages wait for each other for ever"):
        run(machines(least - 1), layers, engine)


@ENGINES
def test_a_fifo_that_ends_within_a_row_cuts_groups_short_and_takes_a_row_more_before_them(
    engine: str,
) -> None:
    """Groups of a row each: with half a row of room two ops go by themselves, so rows end within a group."""
    layers = sized([conv(8, 4, 1, 1, kernel=1), conv(8, 4, 1, 1, kernel=1), conv(8, 4, 1, 8, kernel=1)])

    def stages(rows: int, words: int) -> list[Architecture]:
        folded = {"pe": {"count": 4, "width_edges": 1}, "input_fifo": {"depth_rows": rows}}
        slow = {"pe": {"count": 1, "width_edges": 1}, "input_fifo": {"depth_words": words}}
        return stage_machines(pipelined(({}, folded, slow), **FOLDED), layers)

    for rows, words in ((1, 4), (1, 8), (2, 6)):
        run(stages(rows, words), layers, engine)
    with pytest.raises(InputError, match=r"stages\[1\].input_fifo.depth_rows: with 1 rows .* give 2 or more"):
        stages(1, 6)
    machines = [*stages(1, 8)[:2], stages(2, 6)[2]]
    with pytest.raises(MachineStuckError, match="deadlock: stages wait for each other for ever"):
        run(machines, layers, engine)


def around(kernel: int, input_rows: int, skip_rows: int | None) -> tuple[tuple[LayerSize, ...], Any]:
    """A lockstep stage whose group is the map, between one and another that adds what the first puts out."""
    padding = kernel // 2
    bare = conv(4, 1, 1, 1, kernel=kernel, padding_pixels=padding)
    layers = sized([conv(4, 1, 1, 1, kernel=1), bare, replace(bare, addend=Addend("l0", 4, 1, 1, 1))])
    skip = {} if skip_rows is None else {"skip_fifo": {"depth_rows": skip_rows}}
    last = {"pe": {"count": 1}, "input_fifo": {"depth_rows": input_rows}, **skip}
    return layers, pipelined(({}, {**LOCKSTEP, "pe": {"count": 4}}, last), **ROW_BY_ROW)


@ENGINES
def test_a_group_that_waits_for_rows_lets_its_stage_come_no_further_though_room_would(engine: str) -> None:
    """With room it would start short, but before that it waits for a row which has no place to be added from."""
    layers, arch = around(3, input_rows=3, skip_rows=3)
    with pytest.raises(InputError, match=r"stages\[2\].skip_fifo.depth_rows: with 3 rows .* give 4 or more"):
        stage_machines(arch, layers)
    machines = [resident(arch.with_(stage.model_dump(exclude_none=True))) for stage in arch.stages]
    with pytest.raises(MachineStuckError, match="deadlock: stages wait for each other for ever"):
        run(machines, layers, engine)
    layers, arch = around(3, input_rows=3, skip_rows=4)
    run(stage_machines(arch, layers), layers, engine)


@ENGINES
def test_a_group_that_waits_for_room_starts_short_so_that_a_row_is_room_enough(engine: str) -> None:
    layers, arch = around(1, input_rows=1, skip_rows=None)
    run(stage_machines(arch, layers), layers, engine)


def test_a_stage_may_wait_for_room_that_only_its_own_rows_make() -> None:
    """The next one has read its only row; a group of windows begins in one row and goes on in the next."""
    shapes = conv(8, 6, 1, 1, kernel=1, pool=Pool(2, 2)), conv(4, 3, 1, 1, kernel=1, stride=4)
    order = {"outermost": "position", "order": "member_major", "group_windows": 4}
    machine = resident(pipelined(pe__width_edges=1)).with_({"sequencer": order})
    assert least_depth(shapes, [machine, machine], "words") == [6]
    assert least_depth(shapes, [machine, machine], "rows") == [2]


@given(pipeline_cases(locksteps()))
@settings(max_examples=40, deadline=None)
def test_no_pipeline_of_lockstep_stages_that_is_not_refused_gets_stuck(case: PipelineCase) -> None:
    coupled(case)


@st.composite
def limited(draw: st.DrawFn) -> tuple[Waits, list[Limit]]:
    """Draw a graph of lockstep stages, and depths of which some may be too small."""
    layers = draw(graphs())
    waits = Waits(layers, [resident(draw(locksteps())) for _ in layers])
    least = waits.grown([Limit(link, "rows", 1) for link in range(len(waits.links))])
    depth = st.sampled_from([0, 0, 0, 1, 2, None])
    less = [(limit, draw(depth)) for limit in least]
    return waits, [limit._replace(depth=max(1, limit.depth - by)) for limit, by in less if by is not None]


@given(limited())
@settings(max_examples=60, deadline=None)
def test_stages_wait_for_ever_where_any_of_them_may_wait_for_rows_and_any_for_room(case: Any) -> None:
    waits, limits = case
    assert waits.never_end(limits) == any(
        never_end(waits, limits, for_room) for for_room in product([True, False], repeat=len(waits.walks))
    )


def never_end(waits: Waits, limits: Sequence[Limit], for_room: Sequence[bool]) -> bool:
    """Whether stages do, of which some wait for room in the end and the others for rows: slow, obvious.

    One that waits for rows holds ops back, and has found room whenever it came.
    """
    walks, at = waits.walks, [0] * len(waits.walks)

    def ended(stage: int) -> int:
        walk = walks[stage]
        return (walk.begins if for_room[stage] else walk.ended[0])[at[stage]]

    def whole(stage: int) -> int:
        return leading(walks[stage].whole, ended(stage))

    def may_go_on(stage: int) -> bool:
        for number, link in enumerate(waits.links):
            if link.reader == stage and whole(link.writer) < walks[stage].needs[link.adds][at[stage]]:
                return False
            if link.writer == stage and for_room[stage]:
                gone = min(whole(stage), leading(walks[link.reader].uses[link.adds], ended(link.reader)))
                newest = walks[stage].opened[at[stage]] // shapes[stage].pooled_width
                if any(newest >= gone + limit.depth for limit in limits if limit.link == number):
                    return False
        return True

    shapes: list[Geometry] = waits.shapes
    left = True
    while left:
        left = False
        for stage, walk in enumerate(walks):
            if at[stage] < walk.stretches and may_go_on(stage):
                at[stage], left = at[stage] + 1, True
    return any(place < walk.stretches for place, walk in zip(at, walks, strict=True))
