"""How deep FIFOs around lockstep stages have to be: no pipeline gets stuck that is not refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.config.architecture import Architecture
from o3sim.contract.errors import MachineStuckError
from o3sim.errors import InputError
from o3sim.network.layer import Addend, LayerSize, Pool
from o3sim.runs.engines import open_stage_named
from o3sim.runs.pipeline.connected import Limit
from o3sim.runs.pipeline.coupled import run_coupled
from o3sim.runs.pipeline.deadlock import Waits
from o3sim.runs.pipeline.links import links_of
from o3sim.runs.pipeline.stages import Stage, stage_machines
from tests.machine.harness import conv, profile
from tests.runs.pipeline.graphs import PipelineCase, graphs, locksteps, named, pipeline_cases, sized
from tests.runs.pipeline.samples import FOLDED, least_depth, pipelined, resident
from tests.runs.pipeline.standing import Standing
from tests.runs.pipeline.test_joins import coupled

ENGINES = pytest.mark.parametrize("engine", ["simpy", "compiled"])
ONE_PE: dict[str, Any] = {
    "pe": {"count": 1, "contexts": 2},
    "pruning": {"threshold": False, "pooling": False, "argmax": False},
    "output_buffer": {"release": "worst_case"},
    "input_fifo": {"depth_rows": 1},
}
"""A stage whose time does not depend on the image, with room for a row."""


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


def around(rows: tuple[int | None, int | None, int | None], engine: str) -> Any:
    """A lockstep stage between one and another that adds what the first puts out: its group is never full.

    Rows of room are before it, and before the last one for its input and for what it adds.
    """
    last = replace(conv(4, 1, 1, 1, kernel=1, stride=2), addend=Addend("l0", 4, 1, 1, 1))
    layers = sized([conv(4, 1, 1, 1, kernel=1), conv(4, 1, 1, 1, padding_pixels=1), last])
    before, between, skip = ({} if each is None else {"depth_rows": each} for each in rows)
    folded = {
        "pe": {"count": 7, "contexts": 1},
        "scheduler": {"policy": "lockstep"},
        "pruning": {"pooling": False},
        "input_fifo": before,
    }
    stages = ({}, folded, {"pe": {"count": 1}, "input_fifo": between, "skip_fifo": skip})
    arch = pipelined(stages, sequencer__outermost="position", pruning__threshold=False)
    base = pipelined(sequencer__outermost="position", pruning__threshold=False)
    run([resident(base.with_(stage.model_dump(exclude_none=True))) for stage in arch.stages], layers, engine)
    return stage_machines(arch, layers)


@ENGINES
@pytest.mark.parametrize("rows", [(None, None, None), (None, None, 4), (4, 1, 3), (None, 1, 3)])
def test_a_group_that_waits_for_room_starts_short_so_that_no_row_more_is_needed(
    rows: Any, engine: str
) -> None:
    """Also for what is added: its second row is begun only when the last stage is done with the first."""
    assert around(rows, engine)


@ENGINES
@pytest.mark.parametrize("rows", [(3, 1, 3), (3, 1, None), (3, None, 3), (None, None, 3)])
def test_a_group_that_waited_for_room_waits_for_rows_in_the_end(rows: Any, engine: str) -> None:
    """Its last ops then hold all rows that they read, though each found room after the first had gone."""
    with pytest.raises(MachineStuckError, match="deadlock: stages wait for each other for ever"):
        around(rows, engine)


@pytest.mark.parametrize(
    ("rows", "refused"),
    [
        ((3, 1, 3), r"stages\[1\].input_fifo.depth_rows: with 3 rows between them l0 and l1 .* give 4"),
        ((None, None, 3), r"stages\[2\].skip_fifo.depth_rows: with 3 rows of the bits of l0 .* give 4"),
    ],
)
def test_what_gets_stuck_so_is_refused(rows: Any, refused: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.run", lambda *_: None)
    with pytest.raises(InputError, match=refused):
        around(rows, "compiled")


def test_a_stage_may_wait_for_room_that_only_its_own_rows_make() -> None:
    """The next one has read its only row; a group of windows begins in one row and goes on in the next."""
    shapes = conv(8, 6, 1, 1, kernel=1, pool=Pool(2, 2)), conv(4, 3, 1, 1, kernel=1, stride=4)
    order = {"outermost": "position", "order": "member_major", "group_windows": 4}
    machine = resident(pipelined(pe__width_edges=1)).with_({"sequencer": order})
    assert least_depth(shapes, [machine, machine], "words") == [6]
    assert least_depth(shapes, [machine, machine], "rows") == [2]


@given(pipeline_cases(locksteps()))
@settings(max_examples=25, deadline=None)
def test_no_pipeline_of_lockstep_stages_that_is_not_refused_gets_stuck(case: PipelineCase) -> None:
    coupled(case)


@st.composite
def limited(draw: st.DrawFn) -> tuple[Waits, list[Limit]]:
    """Draw the first stages of a graph, in lockstep, and depths of which some may be too small."""
    layers = draw(graphs().map(lambda layers: layers[:3]))
    waits = Waits(layers, [resident(draw(locksteps())) for _ in layers])
    units = [draw(st.sampled_from(["rows", "rows", "words", None])) for _ in waits.links]
    least = waits.grown([Limit(link, unit, 1) for link, unit in enumerate(units) if unit])
    return waits, [
        limit._replace(depth=max(1, limit.depth - draw(st.sampled_from([0, 0, 0, 1, 2])))) for limit in least
    ]


@given(limited())
@settings(max_examples=40, deadline=None)
def test_stages_wait_for_ever_where_there_is_a_way_for_all_to_stand(case: Any) -> None:
    waits, limits = case
    assert waits.never_end(limits) or not Standing(waits, limits).is_there_any([])
