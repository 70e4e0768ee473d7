"""The readings of reads that contexts of a PE share (docs/machine.md, section 14)."""

from __future__ import annotations

from typing import Any

import pytest

from o3sim.contract.counters import LayerCounters
from o3sim.contract.events import EventKind
from o3sim.profile.profile import LayerProfile
from tests.machine.carousel.samples import carousel, layer, run
from tests.machine.harness import Log, conv, cycles_of


def lone(sharing: str, contexts: int, **changes: Any) -> Any:
    """Make a carousel of one PE with two open channels."""
    sizes = {"pe__count": 1, "pe__contexts": contexts, "scheduler__open_channels": 2}
    return carousel(**(sizes | {"activation_buffer__share_patch_reads": sharing} | changes))


def undecided(positions: int) -> LayerProfile:
    """Make two channels on a map of 1 x n; every op takes all its 4 words."""
    return layer(conv(1, positions, 32, 2, kernel=1), 8, 4, 16)


def counts(architecture: Any, profile: LayerProfile) -> LayerCounters:
    return run(architecture, profile).layers[0]


def test_contexts_at_the_same_position_share_a_read_in_a_round() -> None:
    """Context 1 hears words in rounds 0 to 3, context 0 in 1 to 4, of one position: a read a round."""
    assert counts(lone("none", 2), undecided(1)).patch_reads == 8
    assert counts(lone("chance", 2), undecided(1)).patch_reads == 5


def test_a_word_of_another_position_takes_the_place_of_the_one_that_was_kept() -> None:
    """Contexts 0, 1, 2 are at - 0 1 in round 0, at 0 0 1 in three, then at 0 1 -, and at - 1 - in three."""
    done = counts(lone("chance", 3), undecided(2))
    assert (done.words_executed, done.patch_reads) == (16, 2 + 3 * 2 + 2 + 3)


@pytest.mark.parametrize(("sharing", "issued"), [("chance", {0: 1, 1: 2}), ("aligned", {0: 1, 2: 2})])
def test_aligned_contexts_take_the_window_that_their_pe_took_last(
    sharing: str, issued: dict[int, int]
) -> None:
    """Context 1 takes window 0 of channel 0 in cycle 1; in 2 context 0 takes it of channel 1, or window 1."""
    log = Log()
    run(lone(sharing, 2), undecided(2), observers=(log,))
    found = cycles_of(log.events, EventKind.ISSUE)
    assert {op: cycle for op, cycle in found.items() if cycle <= 2} == issued
