"""Layers that are kept: as they were, no more than there is room for, and for whom they are."""

from __future__ import annotations

import numpy as np

from o3sim.contract.layer_runs import LayerRun
from o3sim.runs.layer_store import LayerStore
from tests.sample_runs import counters


def run(fill: int = 1) -> LayerRun:
    """A layer of 10 output bits, which take 2 bytes."""
    return LayerRun(counters(), np.full((1, 5, 2), fill, np.uint8))


def test_what_is_kept_comes_back_as_it_was() -> None:
    store = LayerStore()
    kept = run()
    store.keep("a", kept)
    kept.counters.cycles = 0
    kept.counters.pe_cycles["useful"] = 0
    for _ in range(2):
        found = store.find("a")
        assert found is not None
        assert found.counters == counters()
        assert np.array_equal(found.output, run().output)
        found.counters.add(counters())
    assert store.find("b") is None
    assert (store.asked, store.found) == (3, 2)


def test_those_that_were_not_asked_for_longest_go_first() -> None:
    store = LayerStore(most_bytes=6)
    for key in "abc":
        store.keep(key, run())
    store.find("a")
    store.keep("d", run())
    assert [key for key in "abcd" if store.find(key)] == ["a", "c", "d"]


def test_a_layer_is_of_its_image() -> None:
    store = LayerStore()
    store.of_image("net", 0).keep(1, "key", run())
    assert store.of_image("net", 0).find(1, "key")
    assert not store.of_image("net", 1).find(1, "key")
    assert not store.of_image("net", 0).find(2, "key")
    assert not store.of_image("net", 0).find(1, "other")
