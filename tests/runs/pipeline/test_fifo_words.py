"""FIFOs whose depth is in words: finer than rows, and the same where words make whole rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.contract.errors import MachineStuckError
from o3sim.contract.events import EventKind, EventWindow
from o3sim.contract.gates import NOT_YET
from o3sim.errors import InputError
from o3sim.machine.stage import OpenStage as SimpyStage
from o3sim.machine.stage import simulate_stage
from o3sim.network.layer import LayerSize
from o3sim.runs.engines import open_stage_named
from o3sim.runs.pipeline.coupled import run_coupled
from o3sim.runs.pipeline.fifo import RowFifo, RowWords
from o3sim.runs.pipeline.links import links_of
from o3sim.runs.pipeline.stages import Stage
from o3sim.runs.pipeline.stream import Pipeline
from tests.machine.harness import Log, architecture, conv, random_profile
from tests.machine.strategies import architectures
from tests.runs.pipeline.samples import chained, images, least_depth, pipelined, resident
from tests.runs.pipeline.test_coupled import CHAIN, history, whole
from tests.runs.pipeline.test_stream import NETWORK, profiles_of

SLOW_MIDDLE: tuple[dict[str, Any], ...] = ({}, {"pe": {"count": 1}}, {"pe": {"count": 1}}, {})


def bounded(**depth: int) -> RowFifo:
    """A FIFO of three rows of 5 pixels of 3 bits, in words of 4: pixels at 0, 0-1, 1-2, 2, 3."""
    return RowFifo(3, depth.get("depth_rows"), RowWords(4, 5, 3), depth.get("depth_words"))


def test_a_pixel_has_room_when_what_had_the_place_of_its_last_word_is_gone() -> None:
    """Of 6 words 4 are the first row's; of the second there is room for two, and then the first has to go."""
    fifo = bounded(depth_words=6)
    assert fifo.room().tolist() == [[0] * 5, [0, 0, NOT_YET, NOT_YET, NOT_YET], [NOT_YET] * 5]
    fifo.there[:], fifo.released[:] = [3, 9, 20], [7, 15, NOT_YET]
    assert fifo.room().tolist() == [[0] * 5, [0, 0, 8, 8, 8], [8, 8, 16, 16, 16]]
    fifo.released[2] = 30
    fifo.begin_image()
    assert fifo.room()[0].tolist() == [16, 16, 31, 31, 31]


def test_rows_and_words_both_have_to_be_there() -> None:
    fifo = bounded(depth_rows=1, depth_words=6)
    fifo.there[0], fifo.released[0] = 3, 7
    assert fifo.room()[1].tolist() == [8] * 5
    assert (fifo.most_rows, bounded(depth_rows=2, depth_words=9).most_rows) == (1, 2)
    assert bounded(depth_words=9).most_rows == 2


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_pixels_lie_in_words_bit_after_bit(width: int, pixels: int, channels: int) -> None:
    words = RowWords(width, pixels, channels)
    word_of_bit = np.arange(pixels * channels) // width
    each = word_of_bit.reshape(pixels, channels)
    assert words.first.tolist() == each.min(axis=1).tolist()
    assert words.last.tolist() == each.max(axis=1).tolist()
    assert words.of_row == word_of_bit[-1] + 1


@st.composite
def chains(draw: st.DrawFn) -> tuple[list[Any], list[RowFifo], int]:
    """Draw machines for a chain of layers, and FIFOs with as many words between as they need, or more."""
    machines = [resident(draw(architectures())) for _ in CHAIN]
    fifos = []
    least = zip(least_depth(CHAIN, machines, "rows"), least_depth(CHAIN, machines, "words"), strict=True)
    for writer, reader, (least_rows, least_words) in zip(CHAIN, machines[1:], least, strict=False):
        more = draw(st.sampled_from([0, 0, 1, 2, 3, 7, 50]))
        rows = least_rows if draw(st.booleans()) else None
        words = RowWords.between(writer, reader)
        fifos.append(RowFifo(writer.pooled_height, rows, words, least_words + more))
    return machines, fifos, draw(st.integers(0, 2**31 - 1))


def fresh(fifos: list[RowFifo]) -> list[RowFifo]:
    return [RowFifo(len(f.there), f.depth_rows, f._words, f.depth_words) for f in fifos]


@given(chains())
@settings(max_examples=40, deadline=None)
def test_engines_agree_on_stages_that_wait_for_words(chain: Any) -> None:
    machines, fifos, seed = chain
    told = []
    for engine in ("simpy", "compiled"):
        stages, seen = [Stage(machine) for machine in machines], []
        between = chained(CHAIN, fresh(fifos))
        for number in range(2):
            profiles = [random_profile(shape, seed=seed + 10 * number + k) for k, shape in enumerate(CHAIN)]
            image = run_coupled(stages, between, profiles, open_stage_named(engine), whole(CHAIN[0]))
            for working in image:
                working.stage.next_start = working.start + working.result().last_active_cycle
                if engine == "simpy":
                    alone = simulate_stage(working.stage.machine, working.profile, working.gates)
                    assert alone.counters == working.result().counters
            seen.append(history(image))
        told.append(seen)
    assert told[0] == told[1]


def test_a_stage_runs_ahead_of_no_row_that_comes_in_the_cycle_of_a_dispatch() -> None:
    """Room comes for many ops at once, when the rows of only the first are known: all are dispatched then."""
    slow = {"output_buffer__write_width_ops": 1, "pruning__threshold": False, "pruning__pooling": False}
    middle = {
        "pe": {"count": 3, "contexts": 2, "width_edges": 3, "speculate": False},
        "sequencer": {"width_ops": 8, "order": "member_major", "group_windows": 7},
        "scheduler": {"issue_width_ops": 8, "select_cycles": 2, "issue_latency_cycles": 3},
    }
    machines = [
        resident(architecture(**slow, pe__count=2, sequencer__width_ops=1)),
        resident(architecture(**slow)).with_(middle),
        resident(architecture(**slow, pe__count=1, pe__width_edges=1)),
    ]
    depths = least_depth(CHAIN, machines, "words")
    words = [RowWords.between(*pair) for pair in zip(CHAIN, machines[1:], strict=False)]
    for engine in ("simpy", "compiled"):
        links = chained(CHAIN, [RowFifo(3 - n, None, words[n], depths[n] + (50, 2)[n]) for n in (0, 1)])
        stages = [Stage(machine) for machine in machines]
        for image in range(2):
            profiles = [random_profile(shape, seed=10 * image + k) for k, shape in enumerate(CHAIN)]
            run = run_coupled(stages, links, profiles, open_stage_named(engine), whole(CHAIN[0]))
            for working in run:
                working.stage.next_start = working.start + working.result().last_active_cycle
                alone = simulate_stage(working.stage.machine, working.profile, working.gates)
                assert alone.counters == working.result().counters


@pytest.mark.parametrize("rows", [5, 6])
def test_words_that_make_whole_rows_are_rows(rows: int) -> None:
    """As many words as some rows take are those rows, on every stage and in every image."""
    base = pipelined(SLOW_MIDDLE, input_fifo={"depth_rows": rows})
    shapes = [layer.geometry for layer in NETWORK.layers]
    stages = [dict(SLOW_MIDDLE[0])]
    for number, writer in enumerate(shapes[:-1], 1):
        words = RowWords.between(writer, base)
        stages.append({**SLOW_MIDDLE[number], "input_fifo": {"depth_words": rows * words.of_row}})
    by_rows, by_words = Pipeline(base, NETWORK), Pipeline(pipelined(tuple(stages)), NETWORK)
    for image in images(5):
        one, other = (pipeline.run_image(profiles_of(image)) for pipeline in (by_rows, by_words))
        assert one.layers == other.layers
    assert by_rows.exits == by_words.exits
    assert sum(layer.pe_cycles["blocked"] for layer in one.layers) > 0


def test_words_between_two_rows_are_of_use() -> None:
    """A stage that has room for a part of a row does that part; a row needs 4 words here."""
    exits = []
    for words in (20, 22, 24):
        stages = (*SLOW_MIDDLE[:1], SLOW_MIDDLE[1] | {"input_fifo": {"depth_words": words}}, *SLOW_MIDDLE[2:])
        pipeline = Pipeline(pipelined(stages), NETWORK)
        runs = [pipeline.run_image(profiles_of(image)) for image in images(5)]
        exits.append(sum(run.layers[0].pe_cycles["blocked"] for run in runs))
    assert exits[0] > exits[1] > exits[2]


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_the_least_words_are_the_least_that_end_the_deadlock(data: st.DataObject) -> None:
    """A word less than that is a deadlock where nothing is pruned and no group waits to be full."""
    shapes = CHAIN[:2]
    policies = architectures().filter(lambda made: made.scheduler.policy != "lockstep")
    machines = [resident(data.draw(policies)).with_({"pruning.pooling": False}) for _ in shapes]
    least = least_depth(shapes, machines, "words")[0]
    words = RowWords.between(shapes[0], machines[1])
    profiles = [random_profile(shape, seed=1) for shape in shapes]

    def run(depth: int) -> None:
        links = chained(shapes, [RowFifo(shapes[0].pooled_height, None, words, depth)])
        run_coupled([Stage(machine) for machine in machines], links, profiles, SimpyStage, whole(shapes[0]))

    run(least)
    if least > 1:
        with pytest.raises(MachineStuckError, match=rf"deadlock: .*\({least - 1} words between\)"):
            run(least - 1)
    assert least <= least_depth(shapes, machines, "rows")[0] * words.of_row


def test_words_that_deadlock_are_refused_with_the_least_that_do_not() -> None:
    stages: Any = ({}, {}, {"input_fifo": {"depth_words": 1}}, {})
    with pytest.raises(
        InputError, match=r"stages\[2\].input_fifo.depth_words: with 1 words between them .* or more$"
    ):
        Pipeline(pipelined(stages), NETWORK)


def test_a_trace_counts_rows_where_words_are_bounded_too() -> None:
    pipeline, log = Pipeline(pipelined(input_fifo={"depth_words": 24}), NETWORK), Log()
    pipeline.run_image(profiles_of(images(1)[0]), (log,), EventWindow(1, of_layer=True))
    rows = [event.value for event in log.events if event.kind is EventKind.ROWS]
    assert rows
    assert max(rows) <= 24 // RowWords.between(NETWORK.layers[0].geometry, pipelined()).of_row


def test_words_lie_in_the_width_of_the_stage_that_reads_them() -> None:
    machines = [resident(pipelined(pe__width_edges=16, input_fifo={"depth_words": 9}))] * 2
    shapes = conv(6, 6, 1, 10), conv(4, 4, 10, 1)
    layers = [LayerSize(f"layer{number}", shape, False) for number, shape in enumerate(shapes)]
    fifo = links_of(layers, machines)[0].fifo
    assert (fifo.depth, fifo.most_rows) == ("9 words", 3)  # 4 pixels of 10 bits: 3 words of 16
