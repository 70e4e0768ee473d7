"""What latencies tell of classes: found where it is, and not where it is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from o3sim.config.architecture import Architecture
from o3sim.config.load import load_architecture
from o3sim.errors import InputError
from o3sim.network.images import Images
from o3sim.runs.case import Case
from scripts.benchmarks import latencies as module
from scripts.benchmarks.latencies import Kept, Latencies, _OnImages, latencies
from scripts.benchmarks.latency_of_data import (
    BINS,
    binned,
    leak,
    mutual_information,
    slowest_by_search,
)
from tests.sample_runs import network as small

CHANCE = np.random.default_rng(1)


def test_latencies_that_follow_the_class_tell_all_of_it() -> None:
    classes = np.repeat(np.arange(4), 50)
    told = leak(Latencies(1000 + 10 * classes + CHANCE.integers(0, 5, 200), classes), permutations=200)
    assert told.bits == pytest.approx(2, abs=0.15)
    assert told.p < 0.01


def test_latencies_of_chance_tell_nothing() -> None:
    told = leak(Latencies(CHANCE.integers(0, 1000, 300), CHANCE.integers(0, 10, 300)), permutations=200)
    assert abs(told.bits) < 0.1
    assert told.p > 0.01


def test_one_latency_for_all_tells_nothing() -> None:
    for seed in range(20):
        classes = np.random.default_rng(seed).integers(0, 10, 100)
        told = leak(Latencies(np.full(100, 7), classes), permutations=50)
        assert told.bits == 0
        assert told.p == 1


def test_bins_hold_as_many_each_and_equal_latencies_share_one() -> None:
    assert np.bincount(binned(CHANCE.permutation(8 * 20))).tolist() == [20] * BINS
    assert len(set(binned(np.array([5] * 9 + [6])))) <= 2


def test_information_is_symmetric_and_at_most_the_entropy() -> None:
    first, second = CHANCE.integers(0, 5, 100), CHANCE.integers(0, 3, 100)
    told = mutual_information(first, second)
    assert told == pytest.approx(mutual_information(second, first))
    assert 0 <= told <= mutual_information(second, second)


def test_the_search_finds_no_faster_image() -> None:
    case = Case(small(), Images(images_of(6), None))
    machine = load_architecture("o3bnn")
    found = latencies(machine, case).cycles
    slowest = case.images.x[int(found.argmax())]
    assert slowest_by_search(machine, case, slowest, tries=5) >= found.max()


def keeping(path: Path, machine: Architecture, case: Case) -> Latencies:
    with Kept(path) as kept:
        return latencies(machine, case, kept=kept)


def test_what_is_kept_is_not_run_again_and_an_interrupt_loses_a_part_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PART", 2)
    case, path = Case(small(), Images(images_of(6), None)), tmp_path / "kept" / "l.jsonl"
    machine, other = load_architecture("o3bnn"), load_architecture("small")
    whole = latencies(machine, case)
    assert len(whole.cycles) == 6
    assert np.array_equal(keeping(path, machine, case).cycles, whole.cycles)
    lines = path.read_bytes().splitlines(keepends=True)
    assert len(lines) == 3
    path.write_bytes(b"".join(lines[:2]) + lines[2][:20])  # a kill while it was written

    ran: list[int] = []
    run = _OnImages.__call__
    monkeypatch.setattr(_OnImages, "__call__", lambda self, part: (ran.append(len(part)), run(self, part))[1])
    again = keeping(path, machine, case)
    assert ran == [2]
    assert np.array_equal(again.cycles, whole.cycles)
    assert np.array_equal(again.classes, whole.classes)
    assert path.read_bytes() == b"".join(lines)
    assert not np.array_equal(keeping(path, other, case).cycles, whole.cycles)
    assert ran == [2, 2, 2, 2]


def test_a_damaged_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    keeping(path, load_architecture("o3bnn"), Case(small(), Images(images_of(2), None)))
    path.write_bytes(path.read_bytes().replace(b'"first": 0', b'"first": 1'))
    with pytest.raises(InputError, match=r"l\.jsonl:1"):
        Kept(path)


def images_of(count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(3).integers(0, 256, (count, 8, 8, 1), np.uint8)
