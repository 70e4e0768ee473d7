"""The readings of a carousel whose PEs hold columns of their own (docs/machine.md, section 14)."""

from __future__ import annotations

from typing import Any

import numpy as np

from o3sim.contract.events import Event, EventKind
from o3sim.profile.profile import LayerProfile
from tests.machine.carousel.samples import carousel, layer, run
from tests.machine.harness import Log, conv, cycles_of, dense


def columns(**changes: Any) -> Any:
    bound = {"scheduler__tiles": "columns", "scheduler__open_channels": 1, "pe__count": 2}
    return carousel(**(bound | changes))


def events(architecture: Any, profile: LayerProfile) -> list[Event]:
    log = Log()
    run(architecture, profile, observers=(log,))
    return log.events


def pes_of(found: list[Event]) -> dict[int, str]:
    """Return the PE that each op was evaluated in."""
    return {event.op: event.unit.split(".")[0] for event in found if event.kind is EventKind.ISSUE}


def words(*counts: int) -> LayerProfile:
    """Make a map of 1 x n pixels of 8 words, whose ops take so many of them each: a 1 takes 8 matches."""
    matches = np.array([8 // count for count in counts])[:, None, None]
    return layer(conv(1, len(counts), 64, 1, kernel=1), 8, matches, 64 - 8)


def test_a_pe_takes_its_own_windows_from_the_right_to_the_left() -> None:
    found = events(columns(), words(1, 1, 1, 1))
    assert pes_of(found) == {0: "pe0", 1: "pe0", 2: "pe1", 3: "pe1"}
    assert cycles_of(found, EventKind.ISSUE) == {1: 1, 3: 1, 0: 2, 2: 2}


def test_every_group_has_all_windows_for_channels_of_its_own() -> None:
    machine = columns(pe__count=4, scheduler__groups=2)
    profile = layer(conv(1, 2, 8, 2, kernel=1), 8, 8, 7)
    assert pes_of(events(machine, profile)) == {0: "pe0", 1: "pe1", 2: "pe2", 3: "pe3"}


def test_a_pe_takes_the_near_end_of_its_neighbours_windows_and_no_more_than_stated() -> None:
    """PE 1 begins with 5, for 8 words; PE 0 is through with 2 1 0 long before, and takes 3, then 4."""
    profile = words(1, 1, 1, 1, 8, 8)
    none = pes_of(events(columns(), profile))
    one = pes_of(events(columns(scheduler__take_from_neighbour=1), profile))
    two = pes_of(events(columns(scheduler__take_from_neighbour=2), profile))
    assert [none[op] for op in (3, 4, 5)] == ["pe1", "pe1", "pe1"]
    assert [one[op] for op in (3, 4, 5)] == ["pe0", "pe1", "pe1"]
    assert [two[op] for op in (3, 4, 5)] == ["pe0", "pe0", "pe1"]


def test_the_last_pe_takes_from_the_first() -> None:
    profile = words(8, 8, 8, 1, 1, 1)
    taken = pes_of(events(columns(scheduler__take_from_neighbour=1), profile))
    assert [taken[op] for op in (0, 1, 2)] == ["pe1", "pe0", "pe0"]


def test_layers_of_fewer_windows_than_pes_share_their_tiles() -> None:
    found = events(columns(scheduler__open_channels=2), layer(dense(8, 2), 8, 8, 7))
    assert sorted(pes_of(found).values()) == ["pe0", "pe1"]


def test_each_memory_is_written_with_what_its_windows_read() -> None:
    """Four pixels of 8 words: two into each memory, three with one of the neighbour's, all where shared."""
    profile = words(1, 1, 1, 1)
    writes = {
        2 * 16: columns(),
        2 * 24: columns(scheduler__take_from_neighbour=1),
        2 * 32: columns(scheduler__tiles="shared"),
    }
    for expected, machine in writes.items():
        (done,) = run(machine, profile).layers
        assert done.patch_writes == expected
        assert done.activation_reads == 32


def test_a_pe_that_has_none_left_waits_though_others_have() -> None:
    """PE 0 is through in its second word, and drains while PE 1 takes all its 16."""
    (done,) = run(columns(), words(1, 1, 8, 8)).layers
    assert done.pe_cycles["drain"] >= 14
