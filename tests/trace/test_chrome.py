"""The timeline: the rules of trace-event JSON, and the events that the slices stand for."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import pairwise
from typing import Any

import pytest

from o3sim.contract.events import EventKind
from tests.trace.samples import MACHINES, WINDOWS, log, written

REQUIRED = {"X": {"ts", "dur"}, "C": {"ts", "args"}, "i": {"ts", "s"}, "M": {"args"}}


def read(machine: str, window: str) -> list[dict[str, Any]]:
    """Read a timeline; assert the format's rules."""
    document = json.loads(written("chrome", machine, WINDOWS[window]))
    events: list[dict[str, Any]] = document["traceEvents"]
    assert document["displayTimeUnit"] in ("ms", "ns")
    for event in events:
        assert {"name", "ph", "pid", "tid", *REQUIRED[event["ph"]]} <= event.keys()
        assert event["ts"] >= 0
        assert event.get("dur", 1) > 0
        assert event["ph"] != "C" or all(isinstance(value, int) for value in event["args"].values())
    return events


def tracks(events: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Sort slices by the names of their tracks."""
    names = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    assert len(set(names.values())) == len(names)
    found = defaultdict(list)
    for event in events:
        if event["ph"] in "Xi":
            found[names[event["tid"]]].append(event)
    return found


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("machine", MACHINES)
def test_slices_of_a_track_never_overlap(machine: str, window: str) -> None:
    events = read(machine, window)
    for name, slices in tracks(events).items():
        spans = sorted((e["ts"], e["ts"] + e["dur"]) for e in slices if e["ph"] == "X")
        assert all(before[1] <= after[0] for before, after in pairwise(spans)), name


@pytest.mark.parametrize("machine", MACHINES)
def test_each_counter_goes_forward_in_time(machine: str) -> None:
    times = defaultdict(list)
    for event in read(machine, "all"):
        if event["ph"] == "C":
            times[event["name"]].append(event["ts"])
    assert set(times) >= {"queue occupancy (ops)", "stalls"}
    assert all(before < after for series in times.values() for before, after in pairwise(series))


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("machine", MACHINES)
def test_pe_tracks_hold_every_word_and_stall(machine: str, window: str) -> None:
    found = tracks(read(machine, window))
    seen = log(machine, WINDOWS[window]).events
    for kind, word in ((EventKind.WORD, "word"), (EventKind.STALL, "stall")):
        shown = {
            (name, cycle)
            for name, slices in found.items()
            for e in slices
            if f": {word}" in e["name"]
            for cycle in range(e["ts"], e["ts"] + e["dur"])
        }
        assert shown == {(e.unit, e.cycle) for e in seen if e.kind is kind}


@pytest.mark.parametrize("machine", MACHINES)
def test_context_tracks_hold_every_op_issued(machine: str) -> None:
    found = tracks(read(machine, "all"))
    seen = log(machine, WINDOWS["all"]).events
    shown = {(name, e["name"], e["ts"]) for name, slices in found.items() if "." in name for e in slices}
    assert shown == {(e.unit, f"op {e.op}", e.cycle) for e in seen if e.kind is EventKind.ISSUE}
    outcomes = {e["args"]["outcome"] for name, slices in found.items() if "." in name for e in slices}
    assert {"0", "1"} <= outcomes <= {"0", "1", "squashed"}


def test_ops_issued_before_the_trace_have_tracks_of_their_own() -> None:
    found = tracks(read("narrow", "cycles"))
    assert any("issued before the trace" in name for name in found)


def test_counters_are_the_machines() -> None:
    """Queue occupancy recounted from the events, cycle by cycle."""
    counts = [e for e in read("narrow", "all") if e["name"] == "queue occupancy (ops)"]
    seen = log("narrow", WINDOWS["all"]).events
    for event in counts:
        until = [e for e in seen if e.cycle <= event["ts"]]
        entered = sum(e.kind is EventKind.DISPATCH for e in until)
        left = sum(
            e.kind is EventKind.ISSUE or (e.kind, e.unit) == (EventKind.SQUASH, "queue") for e in until
        )
        assert event["args"]["value"] == entered - left


def test_dram_transfers_are_slices_and_a_counter() -> None:
    events = read("narrow", "all")
    requests = [e for e in log("narrow", WINDOWS["all"]).events if e.kind is EventKind.WEIGHTS]
    slices = tracks(events)["dram"]
    assert [(e["ts"], e["ts"] + e["dur"] + 10) for e in slices] == [(e.cycle, e.value) for e in requests]
    counts = [e["args"]["value"] for e in events if e["name"] == "DRAM transfers on their way"]
    assert max(counts) > 0
