"""Machines do, cycle by cycle, what they did when their golden traces were kept."""

from __future__ import annotations

import pytest

from o3sim.contract.events import EventKind
from tests.golden.cases import GOLDENS, path_of, stale_files, text_of
from tests.golden.divergence import divergence


@pytest.mark.parametrize("name", GOLDENS)
def test_traces_are_the_golden_ones(name: str) -> None:
    expected = path_of(name).read_text(encoding="utf-8").splitlines()
    difference = divergence(name, expected, text_of(GOLDENS[name]).splitlines())
    assert difference is None, f"{difference}\nIf this was meant: sh scripts/regen-goldens"


def test_no_golden_is_left_over() -> None:
    assert list(stale_files()) == []


def test_goldens_stay_small_enough_to_read() -> None:
    assert max(path_of(name).stat().st_size for name in GOLDENS) < 30_000


def test_goldens_cover_every_kind_of_event() -> None:
    kinds = {
        line.split()[1] for name in GOLDENS for line in path_of(name).read_text("utf-8").splitlines()[1:]
    }
    of_pipelines = EventKind.ROWS
    assert kinds == {kind.name.lower() for kind in EventKind if kind is not of_pipelines}


def test_a_divergence_is_shown_with_its_context() -> None:
    expected = [f"{cycle} dispatch {cycle} queue" for cycle in range(20)]
    got = [*expected[:12], "12 squash 12 sequencer", *expected[13:]]
    message = divergence("a-trace", expected, got, context_lines=2)
    assert message is not None
    assert message.splitlines() == [
        "a-trace: line 13 of 20 differs (20 lines were made)",
        "  10 dispatch 10 queue",
        "  11 dispatch 11 queue",
        "- 12 dispatch 12 queue",
        "- 13 dispatch 13 queue",
        "+ 12 squash 12 sequencer",
        "+ 13 dispatch 13 queue",
        "- is expected, + was made",
    ]


def test_a_trace_that_ends_early_is_a_divergence() -> None:
    message = divergence("a-trace", ["a", "b"], ["a"])
    assert message is not None
    assert message.splitlines()[1:] == ["  a", "- b", "+ (the end)", "- is expected, + was made"]
    assert divergence("a-trace", ["a"], ["a"]) is None
