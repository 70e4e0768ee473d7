"""Sections of a layer: the same machine on some of its windows, and what is known of all of them before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from o3sim.compiled.fast.choice import why_general
from o3sim.compiled.fast.memory import tally_of
from o3sim.compiled.run import count_shape, run_layers
from o3sim.compiled.section import run_section
from o3sim.config.architecture import Architecture
from o3sim.contract.plan import ImageRun, cut_layers
from o3sim.contract.program import LayerProgram, build_program
from o3sim.contract.program_order import chunk_windows, window_members, windows_in
from o3sim.contract.sections import LayerParts, parts_of
from o3sim.contract.weight_groups import WeightGroup
from o3sim.machine.dispatch.machines import machine_class
from o3sim.network.layer import Pool
from o3sim.profile.profile import LayerProfile
from tests.compiled.fast_cases import fast_machines
from tests.machine.harness import architecture, conv, dense, profile, random_profile
from tests.machine.strategies import adding, profiles


@st.composite
def layers(draw: st.DrawFn) -> tuple[Architecture, LayerProfile, WeightGroup]:
    """Draw a machine and a layer that it runs fast, whose weights are there as a whole."""
    machine = draw(fast_machines()).with_({"dram.bits_per_cycle": "ideal"})
    layer = draw(profiles(overlaps=False).flatmap(adding))
    assume(why_general(machine, layer.geometry, scores=False, races=False) is None)
    assume((window_members(layer.geometry).owned >= 0).all())
    (cut,) = cut_layers(machine, [layer])
    assume(len(cut) == 1)
    return machine, layer, cut[0]


def simpy_section(
    machine: Architecture, layer: LayerProfile, group: WeightGroup, windows: range
) -> tuple[ImageRun, LayerProgram]:
    """Run on the SimPy machine the program of these windows, cut out of that of the layer."""
    program = build_program(layer, [group], 0, machine)
    members = window_members(layer.geometry).owned.shape[1]
    of_ops = slice(windows.start * members, windows.stop * members)
    names = ("channel", "position", "n_edges", "words", "decided_words", "outcome", "windows", "group_of")
    cut = {name: getattr(program, name)[of_ops] for name in names}
    program = replace(program, **cut, group_ops={0: len(cut["channel"])})
    built = machine_class(machine)(machine, [group], iter([program]))
    built.run()
    return ImageRun(built.layers, built.outputs), program


@given(layers(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_section_is_the_machine_on_the_program_of_its_windows(
    drawn: tuple[Architecture, LayerProfile, WeightGroup], data: st.DataObject
) -> None:
    machine, layer, group = drawn
    chunk, windows = chunk_windows(machine, layer.geometry), windows_in(layer.geometry)
    first = data.draw(st.integers(0, (windows - 1) // chunk))
    last = data.draw(st.integers(first + 1, -(-windows // chunk)))
    section = range(first * chunk, min(windows, last * chunk))
    expected, program = simpy_section(machine, layer, group, section)
    marks = sorted(data.draw(st.lists(st.integers(1, program.ops), max_size=4)))
    made = run_section(machine, layer, group, section, marks)
    assert np.array_equal(made.output, expected.outputs[0])
    assert made.counters.output_bits == len(section)
    count_shape(made.counters, layer, [group], machine)
    assert replace(made.counters, output_bits=0) == replace(expected.layers[0], output_bits=0)
    for mark, seen in zip(marks, made.marks, strict=True):
        assert seen.retired + seen.squashed >= mark
        assert seen.cycles <= made.counters.cycles
        assert sum(seen.pe_cycles.values()) == machine.pe.count * seen.cycles
        assert min(seen.pe_cycles.values()) >= 0
    event(f"{len(section) * 10 // windows * 10} % of the windows")


@given(layers())
@settings(max_examples=60, deadline=None)
def test_words_and_ops_are_known_before_the_layer_runs(
    drawn: tuple[Architecture, LayerProfile, WeightGroup],
) -> None:
    machine, layer, group = drawn
    machine = machine.with_({"scheduler.window_in_flight_ops": 1})
    (counters,) = run_layers(machine, [[group]], [layer]).layers
    tally = tally_of(layer, group, machine, 3)
    assert tally.words.sum() == counters.pe_cycles["useful"]
    assert tally.ops.sum() == counters.retired
    assert (tally.edges, tally.edges - tally.retired_edges) == (
        counters.edges_total,
        counters.edges_pruned_pooling,
    )
    assert len(tally.words) == -(-windows_in(layer.geometry) // 3)


def test_words_are_tallied_where_they_are() -> None:
    """A part is three windows in program order, of which the second op is squashed where the first is 1."""
    geometry = conv(4, 4, 8, 1, kernel=1, pool=Pool(2, 2))
    outcome = np.zeros((4, 4, 1))
    outcome[0, 0] = 1
    machine = architecture()
    layer = profile(geometry, outcome=outcome)
    tally = tally_of(layer, cut_layers(machine, [layer])[0][0], machine, 3)
    assert tally.ops.tolist() == tally.words.tolist() == [1 + 4 + 4, 4]


PARTS = LayerParts(windows=1000, window_ops=4, part_windows=30, tail_windows=11, warm_up_parts=2)


def test_parts_tile_a_layer() -> None:
    """What counts of the beginning, of each part and of the end is each op once."""
    assert PARTS.body == range(2, 32)
    sections = [PARTS.beginning(), *map(PARTS.stretch, PARTS.body), PARTS.end()]
    counted = [range(4 * windows.start + begin, 4 * windows.start + end) for windows, begin, end in sections]
    assert [op for ops in counted for op in ops] == list(range(4000))
    assert [windows for windows, _, _ in sections[:2]] == [range(71), range(101)]
    assert sections[-1].windows == range(900, 1000)


def test_what_is_run_of_a_layer() -> None:
    body = [len(PARTS.stretch(part).windows) for part in (2, 5, 7, 11, 12, 13, 14, 31)]
    rest = len(PARTS.beginning().windows) + len(PARTS.end().windows)
    assert PARTS.simulated_ops == 4 * (sum(body) + rest)
    assert PARTS.least_ops >= 2 * PARTS.simulated_ops


@pytest.mark.parametrize(("order", "part_windows"), [("window_major", 128), ("member_major", 130)])
def test_windows_that_are_walked_member_by_member_stay_together(order: str, part_windows: int) -> None:
    machine = architecture(sequencer__order=order, sequencer__group_windows=10)
    assert parts_of(machine, conv(9, 9, 1, 1, pool=Pool(2, 2))).part_windows == part_windows


def test_banks_take_a_longer_warm_up() -> None:
    banked = {"activation_buffer__banks": 2}
    warm_ups = [parts_of(architecture(**each), dense(9, 9)).warm_up_parts for each in ({}, banked)]
    assert warm_ups == [1, 2]


def test_a_section_of_all_windows_is_the_layer() -> None:
    machine = architecture(activation_buffer__banks=4, weight_buffer__banks=3)
    layer = random_profile(dense(64, 300), 5)
    (cut,) = cut_layers(machine, [layer])
    whole = run_layers(machine, [cut], [layer])
    made = run_section(machine, layer, cut[0], range(300), [100, 300])
    assert (made.counters, made.marks[1]) == (replace(whole.layers[0], dram_bits=0), made.counters)
    assert np.array_equal(made.output, whole.outputs[0])
