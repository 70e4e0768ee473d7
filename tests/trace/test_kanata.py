"""The pipeline view: Konata's grammar, and the events that the stages stand for."""

from __future__ import annotations

import pytest

from o3sim.contract.events import EventKind
from tests.trace.kanata_grammar import Instruction, KanataReader
from tests.trace.samples import MACHINES, WINDOWS, Log, log, written


def read(machine: str, window: str) -> tuple[dict[int, Instruction], Log]:
    """Read a trace as Konata would; return its ops by number, and the events themselves."""
    reader = KanataReader(written("kanata", machine, WINDOWS[window]).decode())
    ops = {op.gid: op for op in reader.instructions.values()}
    assert len(ops) == len(reader.instructions)
    return ops, log(machine, WINDOWS[window])


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("machine", MACHINES)
def test_konata_can_read_it(machine: str, window: str) -> None:
    ops, seen = read(machine, window)
    assert set(ops) == {e.op for e in seen.events if e.unit not in ("dram", "conv1")}


@pytest.mark.parametrize("machine", MACHINES)
def test_stages_are_what_the_events_say(machine: str) -> None:
    """Queue from dispatch to issue, words in their cycles, the write in its cycle."""
    ops, seen = read(machine, "all")
    cycle = {(e.kind, e.op): e.cycle for e in seen.events}
    words = {(e.op, e.value): e.cycle for e in seen.events if e.kind is EventKind.WORD}
    for number, op in ops.items():
        stages = {stage.name: stage for stage in op.lane(0)}
        assert len(stages) == len(op.lane(0))
        if (EventKind.ISSUE, number) in cycle:
            assert stages["Q"].start == cycle[EventKind.DISPATCH, number]
            assert stages["Q"].end == cycle[EventKind.ISSUE, number]
        if (EventKind.RETIRE, number) in cycle:
            written_in = cycle[EventKind.RETIRE, number]
            assert (stages["W"].start, stages["W"].end, op.end) == (
                written_in,
                written_in + 1,
                written_in + 1,
            )
            assert not op.flushed
        in_lanes = {(number, int(s.name[1:])): s.start for s in op.stages if s.name[1:].isdecimal()}
        assert in_lanes == {key: at for key, at in words.items() if key[0] == number}


@pytest.mark.parametrize("machine", MACHINES)
def test_lane_one_holds_the_stalls(machine: str) -> None:
    ops, seen = read(machine, "all")
    shown = {(gid, stage.start, stage.end) for gid, op in ops.items() for stage in op.lane(1)}
    assert shown == {(e.op, e.cycle, e.cycle + 1) for e in seen.events if e.kind is EventKind.STALL}


def test_machines_show_everything_there_is() -> None:
    """The samples have stalls, late writes, wasted words, squashes in every place."""
    stages: set[str] = set()
    for machine in MACHINES:
        for op in read(machine, "all")[0].values():
            stages |= {stage.name.rstrip("0123456789") for stage in op.stages}
    places = {
        e.unit[:2] for m in MACHINES for e in log(m, WINDOWS["all"]).events if e.kind is EventKind.SQUASH
    }
    assert stages == {"Q", "X", "Xs", "D", "W", "w", "stall"}
    assert places == {"se", "qu", "pe"}


@pytest.mark.parametrize("machine", MACHINES)
def test_an_arrow_leads_from_the_settling_1_to_each_squashed_op(machine: str) -> None:
    """Worked out the slow way: the first op of the same window that retired 1."""
    ops, seen = read(machine, "all")
    program = seen.layer.program
    squashed = [e.op for e in seen.events if e.kind is EventKind.SQUASH]
    ones = [e.op for e in seen.events if e.kind is EventKind.RETIRE and e.value]
    assert squashed
    assert {gid for gid, op in ops.items() if op.flushed} == set(squashed)
    for number in squashed:
        window = program.windows[number, 0]
        settler = next(one for one in ones if program.windows[one, 0] == window)
        assert ops[number].producers == [ops[settler].id]
        assert f"settled by op {settler}" in ops[number].labels[1]


def test_ops_cut_off_by_the_window_are_closed_and_say_so() -> None:
    ops, seen = read("narrow", "cycles")
    ended = {e.op for e in seen.events if e.kind in (EventKind.RETIRE, EventKind.SQUASH)}
    open_ops = set(ops) - ended
    assert open_ops
    for number, op in ops.items():
        assert (op.lane(0)[-1].name == "cut") == (number in open_ops)
        assert ("left open by the end of the trace" in op.labels[1]) == (number in open_ops)


def test_a_squash_whose_cause_is_outside_the_trace_says_so() -> None:
    """Ops 50 to 119 are second members: the first ones, which settle their windows, are not traced."""
    ops, _ = read("long", "ops")
    assert any("settled by an op outside the trace" in op.labels[1] for op in ops.values())
