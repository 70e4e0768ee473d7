"""Depths of FIFOs: the quick model, the ladder of depths, and what is found on a small pipeline."""

from __future__ import annotations

import json
from operator import mul
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o3sim.errors import InputError
from o3sim.network.images import Images
from o3sim.network.layer import Addend
from o3sim.report.fifo import to_json
from o3sim.runs.case import Case
from o3sim.runs.pipeline.connected import Limit
from o3sim.runs.pipeline.deadlock import Waits
from o3sim.runs.pipeline.links import INPUT, SKIP, Connection
from o3sim.runs.pipeline.stages import stage_machines
from o3sim.runs.pipeline.stream import Pipeline
from o3sim.runs.point import count_image
from o3sim.studies.fifo.find import LOSS, find_depths, with_depths
from o3sim.studies.fifo.ladder import ladder
from o3sim.studies.fifo.row_model import RowModel, RowTimes
from tests.machine.harness import architecture, conv
from tests.network.graphs import images as graph_images
from tests.network.graphs import residual
from tests.runs.pipeline.samples import images, network, pipelined

SLOW_END: Any = ({}, {"pe": {"count": 2}}, {"pe": {"count": 1}}, {})


def case(count: int) -> Case:
    return Case(network(), Images(images(count), None))


@pytest.mark.parametrize(("first", "second"), [(7, 3), (3, 7), (1, 9)])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_model_has_the_closed_form_of_constant_times(first: int, second: int, depth: int) -> None:
    shape = conv(30, 1, 1, 1, kernel=1)
    times = [RowTimes((first,) * 30, 1), RowTimes((second,) * 30, 1)]
    model = RowModel([shape, shape], [Connection(0, 1, INPUT, 1)], [times] * 4)
    cycles_a_row = max(first, second, (first + second + 4) / depth)
    assert model.interval_cycles([depth]) == pytest.approx(30 * cycles_a_row, abs=1.5)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.data())
def test_the_ladder_ends_with_depths_that_can_do_with_no_row_less(needed: list[int], data: Any) -> None:
    bits = data.draw(st.lists(st.integers(1, 9), min_size=len(needed), max_size=len(needed)))

    def interval(depths: tuple[int, ...]) -> float:
        return 10 + sum(max(0, need - depth) for need, depth in zip(needed, depths, strict=True))

    least, most = (1,) * len(needed), (9,) * len(needed)
    steps = ladder(least, most, bits, interval, kept=10)
    assert steps[0] == least
    assert steps[-1] == tuple(needed)


def test_what_is_kept_keeps_the_rate_and_needs_every_row() -> None:
    arch, run = pipelined(SLOW_END), case(5)
    found = find_depths(arch, run)
    limit = found.deep.interval_cycles * (1 + LOSS)
    assert found.kept.interval_cycles <= limit
    for place, depth in enumerate(found.kept.depths):
        assert depth >= found.unit.least[place]
        if depth > found.unit.least[place]:
            fewer = [rows - (at == place) for at, rows in enumerate(found.kept.depths)]
            assert interval_of(with_depths(arch, found.fifos, fewer), run) > found.kept.interval_cycles
    assert found.kept in found.front or any(
        each.bits <= found.kept.bits and each.interval_cycles <= found.kept.interval_cycles
        for each in found.front
    )


def test_words_that_are_kept_keep_the_rate_and_are_all_needed() -> None:
    arch, run = pipelined(SLOW_END), case(5)
    rows, found = find_depths(arch, run), find_depths(arch, run, in_words=True)
    assert found.unit.name == "words"
    assert found.deep.interval_cycles == rows.deep.interval_cycles
    assert found.kept.interval_cycles <= found.deep.interval_cycles * (1 + LOSS)
    whole_rows = map(mul, rows.kept.depths, map(mul, found.unit.of_row, found.unit.bits))
    assert found.kept.bits <= sum(whole_rows)
    by_words = with_depths(arch, found.fifos, found.kept.depths, "words")
    assert interval_of(by_words, run) == found.kept.interval_cycles
    for place, depth in enumerate(found.kept.depths):
        assert depth >= found.unit.least[place]
        if depth > found.unit.least[place]:
            fewer = [words - (at == place) for at, words in enumerate(found.kept.depths)]
            by_words = with_depths(arch, found.fifos, fewer, "words")
            assert interval_of(by_words, run) > found.kept.interval_cycles


@pytest.mark.parametrize("in_words", [False, True])
def test_depths_of_what_is_added_are_found_too(in_words: bool) -> None:
    """They keep the rate, and each of them is needed, or is the least that ends no deadlock."""
    net = residual()
    run = Case(net, Images(graph_images(net, 3), None))
    arch = pipelined(sequencer__outermost="position")
    found = find_depths(arch, run, in_words=in_words)
    names = [layer.name for layer in net.layers]
    assert {names[fifo.reader] for fifo in found.fifos if fifo.adds} == {"a", "b", "c", "last"}
    limit = max(found.deep.interval_cycles * (1 + LOSS), found.kept.interval_cycles)
    stated = with_depths(arch, found.fifos, found.kept.depths, found.unit.name)
    assert interval_of(stated, run) == found.kept.interval_cycles <= limit
    for place, depth in enumerate(found.kept.depths):
        assert depth >= found.unit.least[place]
        fewer = [each - (at == place) for at, each in enumerate(found.kept.depths)]
        if depth > found.unit.least[place] and runs(arch, found, fewer):
            less = with_depths(arch, found.fifos, fewer, found.unit.name)
            assert interval_of(less, run) > limit or depth > found.unit.of_row[place]


def runs(arch: Any, found: Any, depths: list[int]) -> bool:
    """Whether stages of the small residual network do not wait for each other for ever."""
    waits = Waits(residual().layers, stage_machines(arch, residual().layers))
    limits = [Limit(place, found.unit.name, depth) for place, depth in enumerate(depths)]
    return not waits.never_end(limits)


def test_a_row_model_waits_for_what_is_added_and_for_the_fullest_fifo() -> None:
    """A block of rows of 3, 2 and 4 cycles: two more each, and what is added has 2 places meanwhile."""
    shape = conv(30, 1, 1, 1, kernel=1)
    adds = conv(30, 1, 1, 1, kernel=1, addend=Addend("l0", 30, 1, 1, 16))
    links = [Connection(0, 1, INPUT, 1), Connection(1, 2, INPUT, 1), Connection(0, 2, SKIP, 16)]
    times = [RowTimes((cycles,) * 30, 1) for cycles in (3, 2, 4)]
    model = RowModel([shape, shape, adds], links, [times] * 4)
    assert model.interval_cycles([30, 30, 30]) == pytest.approx(30 * 4, abs=1.5)
    assert model.interval_cycles([30, 30, 2]) == pytest.approx(30 * (3 + 2 + 4 + 6) / 2, abs=3)
    assert model.interval_cycles([1, 30, 30]) == pytest.approx(30 * (3 + 2 + 4), abs=1.5)


def interval_of(arch: Any, run: Case) -> float:
    pipeline = Pipeline(arch, run.network)
    for item in run.items():
        count_image(pipeline, run.image(item), run.network.layers)
    return (pipeline.exits[-1] - pipeline.exits[0]) / (len(run) - 1)


def test_the_front_gets_faster_with_every_bit() -> None:
    found = find_depths(pipelined(SLOW_END), case(4))
    bits = [each.bits for each in found.front]
    cycles = [each.interval_cycles for each in found.front]
    assert bits == sorted(bits)
    assert cycles == sorted(cycles, reverse=True)
    assert all(each.worst_cycles >= each.interval_cycles for each in found.front)
    document = json.loads(to_json(found, 4))
    assert document["front"][-1]["interval_cycles"] == cycles[-1]


def test_depths_that_a_machine_states_are_not_looked_at() -> None:
    stated = pipelined(SLOW_END, input_fifo={"depth_rows": 9})
    assert find_depths(stated, case(3)).front == find_depths(pipelined(SLOW_END), case(3)).front


def test_what_has_no_fifos_or_no_interval_is_refused() -> None:
    with pytest.raises(InputError, match="organization: layer_sequential has no FIFOs"):
        find_depths(architecture(), case(2))
    with pytest.raises(InputError, match="--images 1: a rate takes two images"):
        find_depths(pipelined(), case(1))
