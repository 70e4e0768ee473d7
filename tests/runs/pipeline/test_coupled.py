"""Stages that wait for each other: what they do in which cycle, whatever the depths between them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.contract.errors import MachineStuckError
from o3sim.contract.events import EventKind, EventWindow
from o3sim.contract.gates import StageGates
from o3sim.contract.program_order import window_members
from o3sim.errors import InputError
from o3sim.machine.stage import OpenStage as SimpyStage
from o3sim.machine.stage import simulate_stage
from o3sim.network.layer import Geometry, Pool
from o3sim.runs.engines import open_stage_named
from o3sim.runs.pipeline.coupled import Working, run_coupled
from o3sim.runs.pipeline.fifo import RowFifo
from o3sim.runs.pipeline.links import Link
from o3sim.runs.pipeline.occupancy import first_cause, occupancy
from o3sim.runs.pipeline.rows import dispatch_cycles, first_row
from o3sim.runs.pipeline.stages import Stage
from o3sim.runs.pipeline.stream import Pipeline
from tests.machine.harness import Log, conv, cycles_of, dense, profile, random_profile
from tests.machine.strategies import architectures
from tests.runs.pipeline.samples import chained, images, least_depth, pipelined, resident
from tests.runs.pipeline.test_stream import NETWORK, profiles_of

CHAIN = (
    conv(7, 6, 1, 3, padding_pixels=1, pool=Pool(3, 2)),
    conv(3, 3, 3, 2, padding_pixels=1, pool=Pool(2, 1)),
    dense(2 * 2 * 2, 3),
)
"""Layers as small as those of a network, with windows that overlap."""


def depths_of(machines: list[Any], shapes: tuple[Geometry, ...]) -> list[int]:
    """The least depths between machines that run these layers."""
    return least_depth(shapes, machines, "rows")


def whole(shape: Geometry) -> Any:
    """An image that is there from the beginning."""
    return np.zeros(shape.in_height, np.int64)


def links_of(shapes: tuple[Geometry, ...], depths: list[int | None]) -> list[Link]:
    fifos = [RowFifo(shape.pooled_height, depth) for shape, depth in zip(shapes, depths, strict=False)]
    return chained(shapes, fifos)


@st.composite
def chains(draw: st.DrawFn) -> tuple[list[Any], list[int | None], int]:
    """Draw machines for a chain of layers, depths between them, the least and more, and a seed."""
    machines = [resident(draw(architectures())) for _ in CHAIN]
    more = draw(st.lists(st.sampled_from([0, 0, 1, 2, 9, None]), min_size=2, max_size=2))
    pairs = zip(depths_of(machines, CHAIN), more, strict=True)
    depths = [None if add is None else least + add for least, add in pairs]
    return machines, depths, draw(st.integers(0, 2**31 - 1))


def runs_of(
    engine: str, chain: tuple[list[Any], list[int | None], int], count: int = 2
) -> Iterator[list[Working]]:
    """Run images one after another, as a pipeline does."""
    machines, depths, seed = chain
    stages, links = [Stage(machine) for machine in machines], links_of(CHAIN, depths)
    for number in range(count):
        profiles = [random_profile(shape, seed=seed + 10 * number + k) for k, shape in enumerate(CHAIN)]
        image = run_coupled(stages, links, profiles, open_stage_named(engine), whole(CHAIN[0]))
        for working in image:
            working.stage.next_start = working.start + working.result().last_active_cycle
        yield image


def history(image: list[Working]) -> list[Any]:
    """All that can be told apart of a run."""
    told = []
    for working in image:
        run = working.result()
        cycles = run.counters, run.rows_written.tolist(), run.last_active_cycle, working.start
        told.append((*cycles, run.output.tolist(), *(part.tolist() for part in _gates(working))))
    return told


def _gates(working: Working) -> tuple[Any, Any]:
    return working.gates.rows, working.gates.room


@given(chains())
@settings(max_examples=40, deadline=None)
def test_engines_agree_on_stages_that_wait_for_each_other(chain: Any) -> None:
    simpy, compiled = (map(history, runs_of(engine, chain)) for engine in ("simpy", "compiled"))
    assert list(simpy) == list(compiled)


@given(chains())
@settings(max_examples=25, deadline=None)
def test_each_stage_by_itself_does_the_same_behind_the_same_gates(chain: Any) -> None:
    """So no stage ran ahead of what reached it: the history is the one that follows from its gates."""
    for image in runs_of("compiled", chain):
        for working in image:
            alone = simulate_stage(working.stage.machine, working.profile, working.gates)
            run = working.result()
            assert alone.counters == run.counters
            assert alone.rows_written.tolist() == run.rows_written.tolist()
            assert alone.last_active_cycle == run.last_active_cycle
            counted = occupancy(run, first_cause(*working.first_gates), working.stage.machine.pe.count)
            assert sum(counted.pe_cycles.values()) == working.stage.machine.pe.count * counted.cycles


@given(chains())
@settings(max_examples=25, deadline=None)
def test_gates_follow_from_what_the_neighbours_did(chain: Any) -> None:
    """Rows are there the cycle after they are final, and have room once the row in their place is gone."""
    _, depths, _ = chain
    earlier: list[list[int]] = [[], []]
    for image in runs_of("compiled", chain):
        for number, (writer, reader) in enumerate(pairwise(image)):
            fifo, depth = reader.inputs[0].fifo, depths[number]
            assert writer.open is not None
            assert (fifo.there == writer.open.rows_final + writer.start + 1).all()
            rows = np.maximum(dispatch_cycles(reader.geometry, fifo.there) - reader.start, 0)
            assert reader.gates.rows.tolist() == np.repeat(rows, reader.geometry.out_width).tolist()
            begun = len(earlier[number])
            earlier[number] += fifo.released.tolist()
            for row in range(len(fifo.there)):
                free = 0
                if depth is not None and begun + row >= depth:
                    free = max(0, earlier[number][begun + row - depth] + 1 - writer.start)
                own = _neurons_of(writer.geometry, row)
                assert writer.gates.room[own].min() >= free
            assert (fifo.there <= fifo.released).all()


def _neurons_of(geometry: Geometry, row: int) -> Any:
    """Those that put out to a row, after pooling; a floor-mode pool leaves some over."""
    windows = window_members(geometry).windows_of
    return ((windows >= 0) & (windows // geometry.pooled_width == row)).any(axis=1)


def stream(depth: int | str, count: int, **changes: Any) -> tuple[Pipeline, list[Any]]:
    pipeline = Pipeline(pipelined(**changes, input_fifo={"depth_rows": depth}), NETWORK)
    return pipeline, [pipeline.run_image(profiles_of(image)) for image in images(count)]


def test_deep_fifos_are_as_good_as_unbounded_ones() -> None:
    """Where windows overlap rows are handed on earlier, for writes to windows that are 1 change nothing."""
    deep, deep_runs = stream(500, 4, pruning__pooling=False)
    unbounded, runs = stream("unbounded", 4, pruning__pooling=False)
    assert deep.runs_together
    assert not unbounded.runs_together
    assert deep.exits == unbounded.exits
    assert [run.layers for run in deep_runs] == [run.layers for run in runs]


def test_a_stage_that_finds_no_room_is_blocked() -> None:
    shallow, runs = stream(5, 6, stages=({}, {"pe": {"count": 1}}, {"pe": {"count": 1}}, {}))
    blocked = sum(run.layers[0].pe_cycles["blocked"] for run in runs)
    assert blocked > 0
    assert max(link.rows_at_once for link in shallow.links) <= 5
    deep, _ = stream("unbounded", 6, stages=({}, {"pe": {"count": 1}}, {"pe": {"count": 1}}, {}))
    assert deep.links[0].rows_at_once > 5
    assert shallow.exits[-1] >= deep.exits[-1]


def test_a_row_goes_when_the_last_op_that_may_read_it_has_ended() -> None:
    """Ops squashed after the last write still hold the rows that they read."""
    shape = conv(4, 4, 1, 1, pool=Pool(2, 2))
    machine = resident(pipelined(pe__count=1, pruning__squash_latency_cycles=9))
    reader = profile(shape, outcome=1)
    stages = [Stage(resident(pipelined())), Stage(machine)]
    shape = conv(4, 4, 1, 1, kernel=1)
    links = chained((shape, reader.geometry), [RowFifo(4, 4)])
    image = run_coupled(stages, links, [profile(shape), reader], SimpyStage, whole(shape))
    log = Log()
    alone = simulate_stage(machine, reader, image[1].gates, (log,))
    last = max(cycles_of(log.events, EventKind.SQUASH).values())
    assert alone.rows_written.tolist() == [max(cycles_of(log.events, EventKind.RETIRE).values())]
    assert alone.rows_written[0] < last
    assert set(links[0].fifo.released.tolist()) == {image[1].start + last}


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_a_row_that_no_op_reads_goes_as_it_comes(engine: str) -> None:
    """Also behind the last that one reads, when the reader is done; its place is free for its own stage."""
    shapes = conv(6, 2, 1, 1, kernel=1), conv(6, 2, 1, 1, kernel=1, stride=2)
    machine = resident(pipelined(sequencer__outermost="position"))
    assert depths_of([machine, machine], shapes) == [1]
    stages, links = [Stage(machine), Stage(machine)], links_of(shapes, [1])
    for _ in range(2):
        made = [profile(shape) for shape in shapes]
        image = run_coupled(stages, links, made, open_stage_named(engine), whole(shapes[0]))
        for working in image:
            working.stage.next_start = working.start + working.result().last_active_cycle
        fifo = links[0].fifo
        assert (fifo.there[1::2] == fifo.released[1::2]).all()
        assert (fifo.there[::2] < fifo.released[::2]).all()
    assert links[0].rows_at_once == 1


def test_a_row_is_final_before_writes_that_change_nothing() -> None:
    """All four members of the window are in flight: the first 1 makes it final, the others retire later."""
    shape = conv(4, 4, 1, 1, pool=Pool(2, 2))
    changes = {
        "pe__count": 4,
        "scheduler__window_in_flight_ops": "unlimited",
        "output_buffer__write_width_ops": 1,
    }
    machine = resident(pipelined(**changes, pruning__squash_latency_cycles=9))
    opened = SimpyStage(machine, profile(shape, outcome=1), StageGates.of_rows(shape, np.zeros(2, np.int64)))
    while opened.done is None:
        opened.advance(0)
    assert opened.done.rows_written.tolist() == [opened.rows_final[0] + 3]


def test_a_trace_counts_the_rows_in_the_fifo() -> None:
    pipeline, log = Pipeline(pipelined(input_fifo={"depth_rows": 5}), NETWORK), Log()
    pipeline.run_image(profiles_of(images(1)[0]), (log,), EventWindow(1, of_layer=True))
    rows = [event for event in log.events if event.kind is EventKind.ROWS]
    assert [event.op for event in rows][-1] == 5
    assert all(0 <= event.value <= 5 for event in rows)
    assert [event.cycle for event in log.events] == sorted(event.cycle for event in log.events)
    link, shape = pipeline.links[0], NETWORK.layers[1].geometry
    start = int(dispatch_cycles(shape, link.rows_there[0])[first_row(shape)])
    for event in rows:
        cycle = event.cycle + start
        held = (link.rows_there[0] <= cycle) & (cycle <= link.rows_released[0])
        assert event.value == held.sum()


@pytest.mark.parametrize("count", [1, 4])
def test_a_dense_layer_needs_room_for_the_whole_map(count: int) -> None:
    stages: Any = ({}, {}, {"input_fifo": {"depth_rows": 1}}, {})
    with pytest.raises(InputError, match=r"stages\[2\].*with 1 rows between them layer1 and layer2.* give 2"):
        stream("unbounded", count, stages=stages)


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_the_least_depth_is_the_least_that_ends_the_deadlock(data: st.DataObject) -> None:
    """A row less than that is a deadlock where nothing is pruned and no group waits to be full."""
    shapes = CHAIN[:2]
    machines = [
        resident(data.draw(architectures().filter(lambda made: made.scheduler.policy != "lockstep"))).with_(
            {"pruning.pooling": False}
        )
        for _ in shapes
    ]
    least = depths_of(machines, shapes)[0]
    profiles = [random_profile(shape, seed=1) for shape in shapes]

    def run(depth: int) -> None:
        stages = [Stage(machine) for machine in machines]
        run_coupled(stages, links_of(shapes, [depth]), profiles, SimpyStage, whole(shapes[0]))

    run(least)
    if least > 1:
        with pytest.raises(MachineStuckError, match=rf"deadlock: .*\({least - 1} rows between\)"):
            run(least - 1)


@pytest.mark.parametrize(("first", "second"), [(7, 3), (3, 7), (5, 5), (1, 9)])
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_the_closed_form_of_constant_service_times(first: int, second: int, depth: int, engine: str) -> None:
    """Rows that take a and b cycles in two stages follow one another every max(a, b, (a + b + 4) / depth).

    From the dispatch of a row in the first stage a cycle passes to its issue, a to its last word and its
    verdict, one to the dispatch in the second, one to the issue, b to its end there, and one until the row
    that takes its place is dispatched: a + b + 4, with as many rows on that way at once as there are places.
    """
    shapes = conv(96, 1, first, 1, kernel=1), conv(96, 1, second, 1, kernel=1)
    changes = {"pe__count": 1, "pe__width_edges": 1, "pruning__threshold": False}
    machines = [resident(pipelined(**changes)) for _ in shapes]
    assert depths_of(machines, shapes) == [1]
    stages = [Stage(machine) for machine in machines]
    profiles = [profile(shape) for shape in shapes]
    opened = open_stage_named(engine)
    image = run_coupled(stages, links_of(shapes, [depth]), profiles, opened, whole(shapes[0]))
    written = image[1].result().rows_written
    expected = max(first, second, (first + second + 4) / depth)
    assert (written[90] - written[30]) / 60 == expected
