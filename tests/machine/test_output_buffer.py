"""The output buffer: so many a cycle, PE after PE; the others stall their PEs."""

from __future__ import annotations

from o3sim.contract.events import EventKind
from o3sim.machine.output_buffer import OutputBuffer
from tests.machine.harness import architecture, cycles_of, dense, op_of, profile, run_one, trace


def offered(output: OutputBuffer, *places: tuple[int, int]) -> None:
    """Offer outcomes, by op and PE."""
    for index, pe in places:
        output.offer(op_of(index, pe=pe))


def written(output: OutputBuffer) -> list[int]:
    """List the ops that retire in a cycle."""
    return [op.index for op in output.write()]


def test_outcomes_are_written_in_the_order_of_pes() -> None:
    output = OutputBuffer(2, pe_count=4)
    offered(output, (1, 3), (5, 0), (3, 1))
    assert written(output) == [5, 3]  # of PEs 0 and 1, although op 1 is the oldest
    offered(output, (2, 0))
    assert written(output) == [1, 2]  # from PE 2 on
    offered(output, (8, 3), (9, 1))
    assert written(output) == [9, 8]  # from PE 1 on
    assert output.waiting() == []


def test_one_outcome_of_a_pe_is_written_in_a_cycle() -> None:
    output = OutputBuffer(8, pe_count=2)
    offered(output, (0, 1), (1, 1), (2, 0), (3, 1))
    assert [written(output) for _ in range(3)] == [[2, 0], [1], [3]]


def test_of_one_pe_the_outcome_known_first_is_written_first() -> None:
    output = OutputBuffer(1, pe_count=1)
    offered(output, (7, 0))
    offered(output, (4, 0))
    assert [written(output), written(output)] == [[7], [4]]


def test_of_outcomes_known_in_a_cycle_that_of_a_word_comes_first() -> None:
    """Ops 0 and 2 need no word and take a context for a cycle, in which the word of op 1 goes in."""
    arch = architecture(pe__count=1, pe__contexts=3)
    events = trace(arch, profile(dense(8, 3), decision=[[[0, 8, 0]]]))
    assert cycles_of(events, EventKind.DECIDE) == {0: 2, 1: 2, 2: 2}
    assert cycles_of(events, EventKind.RETIRE) == {1: 2, 0: 3, 2: 4}


def test_a_layer_begins_with_pe_0() -> None:
    arch = architecture(pe__count=3, output_buffer__write_width_ops=1)
    events = trace(arch, profile(dense(8, 1)), profile(dense(8, 2)))
    retired = [event.op for event in events if event.kind == EventKind.RETIRE]
    assert retired == [0, 0, 1]  # and not with PE 1, for the first layer's only outcome was of PE 0


def test_an_outcome_is_written_in_the_cycle_it_is_known() -> None:
    events = trace(architecture(pe__latency_cycles=3), profile(dense(8, 4)))
    assert cycles_of(events, EventKind.DECIDE) == cycles_of(events, EventKind.RETIRE)


def test_a_narrow_write_port_stalls_as_computed() -> None:
    """Two PEs, one write a cycle, four ops of one word.

    Ops 0 and 1 go in in cycle 1, ops 2 and 3 in cycle 2. Op 0 is written in 2; op 1 waits, so PE 1
    stalls in 3, in which it is written; ops 2 and 3 are known in 3 and written in 4 and 5, so that
    PE 0 stalls in 4, and PE 1 in 4 and 5.
    """
    arch = architecture(pe__count=2, output_buffer__write_width_ops=1)
    layer = profile(dense(8, 4))
    events = trace(arch, layer)
    assert cycles_of(events, EventKind.DECIDE) == {0: 2, 1: 2, 2: 3, 3: 3}
    assert cycles_of(events, EventKind.RETIRE) == {0: 2, 1: 3, 2: 4, 3: 5}
    assert run_one(arch, layer).pe_cycles["write_stall"] == 1 + 1 + 2


def test_a_stalled_pe_is_given_no_op_and_goes_on_after_the_write() -> None:
    arch = architecture(pe__count=2, output_buffer__write_width_ops=1)
    events = trace(arch, profile(dense(8, 6)))
    places = {event.op: (event.cycle, event.unit) for event in events if event.kind == EventKind.ISSUE}
    # as above, but in cycle 3 op 4 goes to PE 0, for PE 1 stalls although its context is free; op 4
    # is known in 4 and must wait in its turn, so the first PE to be free again is PE 1, after op 3
    assert places[4] == (3, "pe0.0")
    assert cycles_of(events, EventKind.RETIRE)[3] == 5
    assert places[5] == (6, "pe1.0")


def test_the_other_contexts_of_a_stalled_pe_stall_too() -> None:
    arch = architecture(pe__count=1, pe__contexts=3, output_buffer__write_width_ops=1)
    events = trace(arch, profile(dense(80, 3), decision=[[[0, 0, 80]]]))
    # both constants are known in cycle 2; one is written then, the other in 3: no word in 3
    assert [event.cycle for event in events if event.kind == EventKind.WORD] == [1, 2, *range(4, 12)]


def test_the_last_write_ends_the_layer() -> None:
    arch = architecture(pe__count=4, output_buffer__write_width_ops=1)
    assert run_one(arch, profile(dense(8, 4))).cycles == 2 + 4
