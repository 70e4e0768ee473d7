"""Pipelines whose stages feed several others, and add what others put out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.contract.errors import MachineStuckError
from o3sim.contract.events import EventKind, EventWindow
from o3sim.errors import InputError
from o3sim.machine.stage import simulate_stage
from o3sim.network.infer import infer
from o3sim.network.layer import Addend, Geometry
from o3sim.profile.profile import profile_layers
from o3sim.runs.engines import open_stage_named
from o3sim.runs.pipeline.connected import Limit
from o3sim.runs.pipeline.coupled import Working, run_coupled
from o3sim.runs.pipeline.deadlock import Waits
from o3sim.runs.pipeline.links import SKIP, links_of
from o3sim.runs.pipeline.rows import rows_added, rows_taken
from o3sim.runs.pipeline.stages import Stage, stage_machines
from o3sim.runs.pipeline.stream import Pipeline
from tests.compiled.engines import disagreement
from tests.machine.harness import Log, conv, profile
from tests.machine.strategies import architectures
from tests.network.graphs import images, residual
from tests.runs.pipeline.graphs import IMAGES, PipelineCase, graphs, named, pipeline_cases, profiles_of, sized
from tests.runs.pipeline.pairs import least_rows
from tests.runs.pipeline.samples import pipelined, resident

NETWORK = residual()
ROW_BY_ROW: dict[str, Any] = {"sequencer__outermost": "position"}
NAMES = [layer.name for layer in NETWORK.layers]


def coupled(case: PipelineCase, engine: str = "compiled") -> list[list[Working]]:
    """Run images through a pipeline on all its stages together."""
    pipeline, image = case.pipeline(engine), case.layers[0].geometry
    runs = []
    for number in range(IMAGES):
        there = np.zeros(image.in_height, np.int64)
        profiles = profiles_of(case, number)
        run = run_coupled(pipeline.stages, pipeline.links, profiles, open_stage_named(engine), there)
        for working in run:
            working.stage.next_start = working.start + working.result().last_active_cycle
        runs.append(run)
    return runs


def stream(count: int = 3, engine: str = "compiled", **changes: Any) -> tuple[Pipeline, list[Any]]:
    """Send images of the small residual network through a pipeline."""
    pipeline = Pipeline(pipelined(**changes), NETWORK, engine)
    profiles = [[found for found, _ in profile_layers(NETWORK, image)] for image in images(NETWORK, count)]
    return pipeline, [pipeline.run_image(each) for each in profiles]


@given(pipeline_cases())
@settings(max_examples=15, deadline=None)
def test_engines_agree_on_pipelines_with_joins(case: PipelineCase) -> None:
    difference = disagreement(case)
    assert difference is None, difference


@given(pipeline_cases())
@settings(max_examples=12, deadline=None)
def test_each_stage_of_a_graph_by_itself_does_the_same_behind_the_same_gates(case: PipelineCase) -> None:
    """So none ran ahead of rows, or of room, that came while it was under way."""
    for image in coupled(case):
        for working in image:
            alone = simulate_stage(working.stage.machine, working.profile, working.gates)
            assert alone.counters == working.result().counters
            assert alone.rows_written.tolist() == working.result().rows_written.tolist()


@given(pipeline_cases())
@settings(max_examples=10, deadline=None)
def test_an_op_that_adds_waits_for_the_rows_of_both(case: PipelineCase) -> None:
    for number, image in enumerate(coupled(case)):
        for working in image:
            expected = np.zeros(working.geometry.out_height, np.int64)
            for link in working.inputs:
                rows = link.rows_there[number]
                taken = rows_taken(working.geometry, len(rows), link.connection.adds)
                there = [rows[begin:end].max(initial=0) for begin, end in zip(*taken, strict=True)]
                expected = np.maximum(expected, np.maximum(np.array(there) - working.start, 0))
            mask = working.geometry.pooled_mask()
            made = working.gates.rows.reshape(mask.shape)
            assert made[mask].tolist() == np.broadcast_to(expected[:, None], mask.shape)[mask].tolist()


@given(graphs(), st.data())
@settings(max_examples=20, deadline=None)
def test_the_least_depth_of_each_fifo_of_a_graph_is_the_least_that_ends_the_deadlock(
    layers: Any, data: st.DataObject
) -> None:
    """A row less is a deadlock, where nothing is pruned and no group waits to be full."""
    queues = architectures().filter(lambda made: made.scheduler.policy != "lockstep")
    machines = [resident(data.draw(queues)).with_({"pruning.pooling": False}) for _ in layers]
    waits = Waits(layers, machines)
    number = data.draw(st.integers(0, len(waits.links) - 1))
    least, key = waits.least(number, "rows"), waits.links[number].fifo
    assert not waits.never_end([Limit(number, "rows", least)])

    def run(depth: int) -> None:
        stated = list(machines)
        reader = waits.links[number].reader
        stated[reader] = pipelined().with_(
            {**machines[reader].model_dump(exclude={"name", "organization"}), key: {"depth_rows": depth}}
        )
        made = [named(profile(layer.geometry), layer.name) for layer in layers]
        image = np.zeros(layers[0].geometry.in_height, np.int64)
        stages, opened = [Stage(machine) for machine in stated], open_stage_named("compiled")
        run_coupled(stages, links_of(layers, stated), made, opened, image)

    run(least)
    if least > 1:
        with pytest.raises(MachineStuckError, match="deadlock: stages wait for each other for ever"):
            run(least - 1)


@given(graphs(), st.lists(architectures(), min_size=2, max_size=2))
@settings(max_examples=100, deadline=None)
def test_the_least_depth_between_two_stages_has_a_closed_form(layers: Any, machines: Any) -> None:
    first, second = (layer.geometry for layer in layers[:2])
    if second.addend is None:
        expected = least_rows((first, machines[0]), (second, machines[1]))
        assert expected in (None, Waits(layers[:2], machines).least(0, "rows"))


@pytest.mark.parametrize("times", [(3, 2, 4), (5, 1, 1), (1, 1, 6), (4, 4, 4)])
@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_the_closed_form_of_a_block_with_constant_service_times(
    times: tuple[int, int, int], depth: int, engine: str
) -> None:
    """Rows follow one another every max(a, b, c, (a + b + c + 6) / depth) cycles.

    A row of the first stage has its place of what the last one adds until that has added it, behind the
    stage between: a + b + c + 6 cycles, with as many rows on that way at once as there are places.
    """
    first, between, last = times
    shapes = [
        conv(96, 1, first, 1, kernel=1, sum_bits=16),
        conv(96, 1, between, 1, kernel=1),
        conv(96, 1, last, 1, kernel=1, addend=Addend("l0", 96, 1, 1, 16)),
    ]
    base = {"pe__count": 1, "pe__width_edges": 1, "pruning__threshold": False}
    arch = pipelined(({}, {}, {"skip_fifo": {"depth_rows": depth}}), **base)
    case = PipelineCase(arch, sized(shapes), 0)
    profiles = [named(profile(layer.geometry), layer.name) for layer in case.layers]
    pipeline = case.pipeline(engine)
    there = np.zeros(96, np.int64)
    image = run_coupled(pipeline.stages, pipeline.links, profiles, open_stage_named(engine), there)
    written = image[2].result().rows_written
    assert (written[90] - written[30]) / 60 == max(first, between, last, (first + between + last + 6) / depth)


def test_a_stage_that_several_take_from_waits_for_the_fullest() -> None:
    """The one that takes 9 cycles a row holds it up, through a FIFO of 2; the other one never does."""

    def rate(slow: int | str, quick: int | str) -> float:
        shapes = [
            conv(96, 1, 2, 1, kernel=1),
            conv(96, 1, 9, 1, kernel=1),
            conv(96, 1, 2, 1, kernel=1, source="l0"),
        ]
        depths = ({}, {"input_fifo": {"depth_rows": slow}}, {"input_fifo": {"depth_rows": quick}})
        arch = pipelined(depths, pe__count=1, pe__width_edges=1, pruning__threshold=False)
        case = PipelineCase(arch, sized(shapes), 0)
        pipeline = case.pipeline("compiled")
        made, there = [profile(layer.geometry) for layer in case.layers], np.zeros(96, np.int64)
        opened = open_stage_named("compiled")
        image = run_coupled(pipeline.stages, pipeline.links, made, opened, there)
        written = image[0].result().rows_written
        return float(written[90] - written[30]) / 60

    assert rate(2, 90) == rate(2, "unbounded") == rate(2, 5) == 9
    assert rate("unbounded", 4) == rate(96, 4) == 2
    assert rate("unbounded", 1) == 2 + 2 + 4


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_a_residual_network_gives_what_inference_gives_whatever_the_depths(engine: str) -> None:
    machines = stage_machines(pipelined(), NETWORK.layers)
    waits = Waits(NETWORK.layers, machines)
    least = [Limit(place, "rows", waits.least(place, "rows")) for place in range(len(waits.links))]
    stages: list[dict[str, Any]] = [{} for _ in NETWORK.layers]
    for limit in waits.grown(least):
        link = waits.links[limit.link]
        stages[link.reader][link.fifo] = {"depth_rows": limit.depth}
    runs = [
        stream(engine=engine)[1],
        stream(engine=engine, stages=tuple(stages))[1],
        stream(engine=engine, input_fifo={"depth_rows": 99}, skip_fifo={"depth_rows": 99})[1],
    ]
    for number, image in enumerate(images(NETWORK)):
        expected = infer(NETWORK, image).bits
        for each in runs:
            for made, bits in zip(each[number].outputs, expected, strict=True):
                assert np.array_equal(made, bits)
    assert sum(layer.pe_cycles["blocked"] for run in runs[1] for layer in run.layers) > 0


def test_fifos_that_never_fill_are_as_good_as_none() -> None:
    deep, deep_runs = stream(input_fifo={"depth_rows": 99}, skip_fifo={"depth_rows": 99})
    unbounded, runs = stream()
    assert (deep.runs_together, unbounded.runs_together) == (True, False)
    assert deep.exits == unbounded.exits
    assert [run.layers for run in deep_runs] == [run.layers for run in runs]
    assert [link.rows_at_once for link in deep.links] == [link.rows_at_once for link in unbounded.links]


def test_bits_and_sums_are_written_to_every_fifo_that_takes_them() -> None:
    """The bits of `a` go to `short` and `b`, its sums to `c`; nobody takes the bits of `short`."""
    _, runs = stream(1)
    counts = dict(zip(NAMES, runs[0].layers, strict=True))
    outputs = {layer.name: layer.geometry.out_channels for layer in NETWORK.layers}
    assert counts["a"].output_bits == 2 * 36 * outputs["a"]
    assert counts["a"].sum_bits == 36 * outputs["a"] * 32
    assert (counts["short"].output_bits, counts["short"].sum_bits) == (0, 9 * outputs["short"] * 32)
    assert counts["b"].output_bits == 2 * 9 * outputs["b"]  # `c` takes them, and `last` adds them
    assert counts["last"].output_bits == 9 * outputs["last"]


def test_rows_that_are_added_are_counted_and_in_their_own_bits() -> None:
    pipeline, runs = stream(3)
    stages = {stage.name: stage for stage in pipeline.figures(runs[0].layers).stages}
    assert stages["stem"].skip_rows_held == 0
    for name, row_bits in (("a", 6 * 4 * 16), ("b", 3 * 8 * 32), ("last", 3 * 8)):
        assert stages[name].skip_rows_held > 0
        assert stages[name].skip_buffer_kbit == stages[name].skip_rows_held * row_bits / 1024


def test_words_of_what_is_added_hold_sums_in_their_own_bits() -> None:
    """A row of `stem` is 6 pixels of 4 sums of 16 bits: 48 words of 8; one of bits that `last` adds, 3."""
    waits = Waits(NETWORK.layers, stage_machines(pipelined(**ROW_BY_ROW), NETWORK.layers))
    skips = {NAMES[link.reader]: number for number, link in enumerate(waits.links) if link.adds}
    assert {name: waits.words(number).of_row for name, number in skips.items()} == {
        "a": 48,
        "b": 3 * 8 * 32 // 8,
        "c": 6 * 4 * 32 // 8,
        "last": 3,
    }
    assert waits.least(skips["a"], "words") == 48 * 2


@pytest.mark.parametrize(("averages", "taken"), [(True, [[0, 1], [2, 3], [4, 5]]), (False, [[0], [2], [4]])])
def test_a_neuron_takes_the_rows_of_the_square_that_it_adds(averages: bool, taken: list[list[int]]) -> None:
    addend = Addend("above", 7, 6, 1, 16, 2, averages)
    first, end = rows_added(Geometry("conv", 3, 3, 1, 1, addend=addend))
    assert [list(range(*each)) for each in zip(first, end, strict=True)] == taken


def test_a_row_that_is_added_goes_when_the_last_op_that_adds_it_has_ended() -> None:
    pipeline, runs = stream(2, input_fifo={"depth_rows": 99}, skip_fifo={"depth_rows": 4}, **ROW_BY_ROW)
    assert len(runs) == 2
    for link in pipeline.links:
        if link.connection.fifo == SKIP:
            assert link.rows_at_once <= 4
            for there, released in zip(link.rows_there, link.rows_released, strict=True):
                assert (
                    there < released
                ).all()  # of averages, or of a stride of 1, each row is added by some op


def test_a_trace_counts_the_rows_that_wait_to_be_added() -> None:
    pipeline, log = Pipeline(pipelined(skip_fifo={"depth_rows": 4}, **ROW_BY_ROW), NETWORK), Log()
    profiles = [found for found, _ in profile_layers(NETWORK, images(NETWORK)[0])]
    pipeline.run_image(profiles, (log,), EventWindow(NAMES.index("a"), of_layer=True))
    rows = [event for event in log.events if event.kind is EventKind.ROWS]
    assert {event.unit for event in rows} == {"skip"}
    assert rows[-1].op == 6
    assert max(event.value for event in rows) <= 4
    assert [event.cycle for event in log.events] == sorted(event.cycle for event in log.events)


def test_a_skip_fifo_that_is_too_small_is_named_with_the_stages_and_the_least_depth() -> None:
    """What is added waits in it while the way around goes through two windows of three rows."""
    shapes = [
        conv(6, 6, 1, 2, padding_pixels=1, sum_bits=32),
        conv(6, 6, 2, 2, padding_pixels=1),
        conv(6, 6, 2, 2, padding_pixels=1, addend=Addend("l0", 6, 6, 2, 32)),
    ]
    with pytest.raises(
        InputError,
        match=r"stages\[2\].skip_fifo.depth_rows: with 2 rows of the sums of l0 before l2, l0, l1 and l2 wait"
        r" for each other for ever: give 3 or more$",
    ):
        PipelineCase(
            pipelined(({}, {}, {"skip_fifo": {"depth_rows": 2}}), **ROW_BY_ROW), sized(shapes), 0
        ).pipeline("compiled")
    case = PipelineCase(pipelined(({}, {}, {"skip_fifo": {"depth_rows": 3}}), **ROW_BY_ROW), sized(shapes), 0)
    assert len(coupled(case)) == IMAGES


def test_fifos_that_are_too_small_together_are_named_with_depths_that_are_not() -> None:
    """The last stage adds rows that come later than its input, which fills the FIFOs on the way meanwhile."""
    shapes = [
        conv(9, 3, 1, 1, kernel=1, sum_bits=16),
        conv(9, 3, 1, 1, kernel=1),
        conv(9, 3, 1, 1, kernel=1, stride=3, addend=Addend("l0", 9, 3, 1, 16, 3)),
    ]
    one = {"input_fifo": {"depth_rows": 1}}
    for stages in (({}, one, {}), ({}, {}, one)):
        case = PipelineCase(pipelined(stages, **ROW_BY_ROW), sized(shapes), 0)
        assert len(coupled(case)) == IMAGES
    with pytest.raises(InputError) as refused:
        PipelineCase(pipelined(({}, one, one), **ROW_BY_ROW), sized(shapes), 0).pipeline("compiled")
    message = str(refused.value)
    assert "stages[1].input_fifo.depth_rows: with 1 rows between them l0 and l1 wait" in message
    assert "as deep as the other FIFOs are: give 2 or more" in message
    two = {"input_fifo": {"depth_rows": 2}}
    assert len(coupled(PipelineCase(pipelined(({}, two, one), **ROW_BY_ROW), sized(shapes), 0))) == IMAGES


def test_a_skip_fifo_of_a_stage_that_adds_nothing_is_refused() -> None:
    stages = tuple({"skip_fifo": {"depth_rows": 9}} if name == "short" else {} for name in NAMES)
    with pytest.raises(InputError, match=r"stages\[2\].skip_fifo: layer short adds nothing: leave it out"):
        Pipeline(pipelined(stages), NETWORK)
