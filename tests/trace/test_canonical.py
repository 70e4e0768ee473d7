"""The canonical trace as text."""

from __future__ import annotations

from io import StringIO

import pytest

from o3sim.contract.events import Event, EventKind
from o3sim.trace.canonical import HEADER, CanonicalTrace, canonical_line
from tests.machine.harness import architecture, dense, profile, run


def text_of(operands: bool) -> list[str]:
    """Trace two neurons of two words, the second of which loses its weights to the first for a cycle."""
    file = StringIO()
    arch = architecture(pe__count=2, weight_buffer__banks=2)
    layer = profile(dense(16, 2), outcome=[[[0, 1]]])
    run(arch, layer, observers=(CanonicalTrace(file, operands),))
    return file.getvalue().splitlines()


def test_every_event_is_a_line_in_canonical_order() -> None:
    assert text_of(operands=True) == [
        "# o3sim canonical trace 1",
        "0 layer_start 0 layer",
        "0 dispatch 0 queue",
        "0 dispatch 1 queue",
        "1 issue 0 pe0.0",
        "1 issue 1 pe1.0",
        "1 word 1 pe1 0",
        "1 stall 0 pe0",
        "2 word 0 pe0 0",
        "2 word 1 pe1 1",
        "3 decide 1 pe1 1",
        "3 word 0 pe0 1",
        "3 retire 1 output 1",
        "4 decide 0 pe0 0",
        "4 retire 0 output 0",
        "4 layer_end 0 layer",
    ]


def test_words_and_stalls_can_be_left_out() -> None:
    lines = [line for line in text_of(operands=True) if line.split()[1] not in {"word", "stall"}]
    assert text_of(operands=False) == lines


def test_it_is_written_as_it_happens() -> None:
    file = StringIO()
    trace = CanonicalTrace(file)
    assert file.getvalue() == f"{HEADER}\n"
    trace.see(Event(3, EventKind.SQUASH, 9, "queue"))
    assert file.getvalue() == f"{HEADER}\n3 squash 9 queue\n"


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Event(0, EventKind.WEIGHTS, 2, "dram", 140), "0 weights 2 dram 140"),
        (Event(5, EventKind.LAYER_START, 1, "my first layer"), "5 layer_start 1 my_first_layer"),
        (Event(5, EventKind.STALL, 3, "pe3"), "5 stall 3 pe3"),
    ],
)
def test_lines_have_a_fixed_number_of_fields(event: Event, line: str) -> None:
    assert canonical_line(event) == line
