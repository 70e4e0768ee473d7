"""Waves: two VCD readers take them, and their values are those of the events."""

from __future__ import annotations

import signal
from io import BytesIO
from pathlib import Path

import pytest

from o3sim.contract.events import EventKind
from tests.trace.samples import MACHINES, WINDOWS, log, written

_before = signal.getsignal(signal.SIGPIPE)
vcdvcd = pytest.importorskip("vcdvcd")
signal.signal(signal.SIGPIPE, _before)  # it has every process that imports it die of a closed pipe
tokenizer = pytest.importorskip("vcd.reader")


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("machine", MACHINES)
def test_the_tokenizer_takes_every_token(machine: str, window: str) -> None:
    raw = written("vcd", machine, WINDOWS[window])
    kinds = {token.kind.name for token in tokenizer.tokenize(BytesIO(raw))}
    assert {"TIMESCALE", "VAR", "ENDDEFINITIONS", "CHANGE_TIME", "CHANGE_VECTOR", "CHANGE_SCALAR"} <= kinds
    assert b"$date" not in raw or b"$date  $end" in raw


@pytest.mark.parametrize("window", ["all", "cycles"])
@pytest.mark.parametrize("machine", MACHINES)
def test_signals_are_what_the_events_say(machine: str, window: str, tmp_path: Path) -> None:
    path = tmp_path / "waves.vcd"
    path.write_bytes(written("vcd", machine, WINDOWS[window]))
    waves = vcdvcd.VCDVCD(str(path))
    seen = log(machine, WINDOWS[window]).events
    cycles = range(seen[0].cycle, seen[-1].cycle + 2)
    for pe in range(MACHINES[machine].pe.count):
        words = {e.cycle: e for e in seen if e.unit == f"pe{pe}" and e.kind is EventKind.WORD}
        stalls = {e.cycle for e in seen if e.unit == f"pe{pe}" and e.kind is EventKind.STALL}
        op, word, stall = (_signal(waves, f"pe{pe}.{name}") for name in ("op", "word", "stall"))
        for cycle in cycles:
            assert stall[cycle] == str(int(cycle in stalls))
            assert word[cycle] == (f"{words[cycle].value:b}" if cycle in words else "x")
            assert cycle not in words or op[cycle] == f"{words[cycle].op:b}"
    retired, counted = [e.cycle for e in seen if e.kind is EventKind.RETIRE], _signal(waves, "events.retired")
    assert [int(counted[cycle], 2) for cycle in cycles] == [retired.count(cycle) for cycle in cycles]


def test_the_dram_channel_carries_a_group_as_long_as_it_takes(tmp_path: Path) -> None:
    path = tmp_path / "waves.vcd"
    path.write_bytes(written("vcd", "narrow", WINDOWS["all"]))
    groups = _signal(vcdvcd.VCDVCD(str(path)), "dram.group")
    seen = log("narrow", WINDOWS["all"]).events
    latency = MACHINES["narrow"].dram.latency_cycles
    spans = [(e.op, e.cycle, e.value - latency) for e in seen if e.kind is EventKind.WEIGHTS]
    for cycle in range(seen[-1].cycle):
        now = [group for group, start, end in spans if start <= cycle < end]
        assert groups[cycle] == (f"{now[0]:b}" if now else "x")


def _signal(waves: vcdvcd.VCDVCD, name: str) -> vcdvcd.vcdvcd.Signal:
    return next(waves[full] for full in waves.signals if full.partition("[")[0] == name)
