"""``chrome``: the timeline, trace-event JSON for Perfetto (https://ui.perfetto.dev).

One microsecond is one cycle. Each context of each PE has a track of the ops it held, each PE one of
what it did (runs of words, stalls), and the DRAM channel one of its transfers; slices of a track
never overlap. Counters show the queue, the stalls of each cycle and the transfers on their way.

Format: Google's *Trace Event Format*: complete (``X``), counter (``C``), instant (``i``) and
metadata (``M``) events in the object form.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any, BinaryIO

from o3sim.contract.events import Event, EventKind
from o3sim.trace.occupancy import QueueOccupancy
from o3sim.trace.writer import TracedLayer, text_on

PROCESS = 1
ROWS_OF = {"fifo": "input FIFO (rows)", "skip": "skip FIFO (rows)"}
COLOURS = {"1": "good", "0": "grey", "squashed": "terrible", "open": "yellow"}


@dataclass
class _Held:
    """An op in a context: its track, first cycle, and the one it left in, if it has."""

    track: str
    start: int
    end: int | None = None


@dataclass
class _Busy:
    """What a PE has been doing in every cycle since ``start``."""

    op: int
    what: str
    start: int
    first_word: int
    last_word: int
    end: int


class ChromeWriter:
    """Write a timeline, slice by slice."""

    def __init__(self, stream: BinaryIO, layer: TracedLayer) -> None:
        self._text = text_on(stream)
        self._program = layer.program
        self._dram_latency = layer.architecture.dram.latency_cycles
        self._tracks: dict[str, int] = {}
        self._held: dict[int, _Held] = {}
        self._before: dict[str, list[int | None]] = {}
        self._busy: dict[str, _Busy] = {}
        self._queue = QueueOccupancy()
        self._cycle = 0
        self._stalls = 0
        self._arrivals: list[int] = []
        self._shown: dict[str, int] = {}
        self._separator = ""
        self._text.write('{"displayTimeUnit":"ms","traceEvents":[')
        title = f"{layer.architecture.name}, {layer.workload}, layer {layer.name} (1 us = 1 cycle)"
        self._put("M", "process_name", args={"name": title})
        has_queue = layer.architecture.scheduler.has_queue
        units = ["sequencer", "queue"] if has_queue else ["window"]
        for name in [*units, "dram", *_pe_tracks(layer)]:
            self._track(name)

    def see(self, event: Event) -> None:
        """Take one event."""
        if event.cycle > self._cycle:
            self._end_cycle(event.cycle)
        self._queue.see(event)
        match event.kind:
            case EventKind.ISSUE:
                self._held[event.op] = _Held(event.unit, event.cycle)
            case EventKind.WORD:
                self._word(event)
            case EventKind.STALL:
                self._stalls += 1
                self._do(event, "stall")
            case EventKind.DECIDE:
                self._leave(event.op, event.cycle, str(event.value))
            case EventKind.SQUASH if event.unit.startswith("pe"):
                self._leave(event.op, event.cycle, "squashed")
            case EventKind.SQUASH:
                self._put("i", f"squash {event.op}", self._track(event.unit), event.cycle, s="t")
            case EventKind.WEIGHTS:
                self._transfer(event)
            case EventKind.ROWS:
                self._count(ROWS_OF[event.unit], event.value, event.cycle)

    def close(self) -> None:
        """End what is under way."""
        last = self._cycle + 1
        for op in list(self._held):
            self._leave(op, last, "open")
        for unit in list(self._busy):
            self._idle(unit)
        self._end_cycle(last)
        self._text.write("\n]}\n")
        self._text.flush()
        self._text.detach()

    def _word(self, event: Event) -> None:
        """Show a word; the last of an op frees its context."""
        held = self._held.get(event.op)
        if held is None:
            held = self._held[event.op] = _Held(self._track_before(event.unit), event.cycle)
        if event.value + 1 == self._program.words[event.op]:
            held.end = event.cycle + 1
        self._do(event, "words")

    def _track_before(self, unit: str) -> str:
        """Give a track to an op whose issue lies before the trace: its context is not known."""
        ends = self._before.setdefault(unit, [])
        ends.append(None)
        return f"{unit} issued before the trace, {len(ends)}"

    def _leave(self, op: int, cycle: int, outcome: str) -> None:
        """Show an op in its context, now that its outcome is known."""
        held = self._held.pop(op, None)
        if held is None:
            return
        end = cycle if held.end is None else held.end
        program = self._program
        y, x = divmod(int(program.position[op]), program.geometry.out_width)
        where = {"y": y, "x": x, "channel": int(program.channel[op])}
        args = {"outcome": outcome, **where, "words": int(program.words[op])}
        duration = end - held.start
        self._put(
            "X",
            f"op {op}",
            self._track(held.track),
            held.start,
            dur=duration,
            args=args,
            cname=COLOURS[outcome],
        )

    def _do(self, event: Event, what: str) -> None:
        """Go on with a PE's run of words or stalls of one op, or begin another."""
        busy = self._busy.get(event.unit)
        if busy is not None and (busy.op, busy.what, busy.end) == (event.op, what, event.cycle):
            busy.end, busy.last_word = event.cycle + 1, event.value
            return
        self._idle(event.unit)
        self._busy[event.unit] = _Busy(event.op, what, event.cycle, event.value, event.value, event.cycle + 1)

    def _idle(self, unit: str) -> None:
        """Show the run of a PE that is over."""
        busy = self._busy.pop(unit, None)
        if busy is None:
            return
        words = f"{busy.first_word}" + f"-{busy.last_word}" * (busy.last_word > busy.first_word)
        name = f"op {busy.op}: " + (f"word {words}" if busy.what == "words" else "stall")
        self._put("X", name, self._track(unit), busy.start, dur=busy.end - busy.start)

    def _transfer(self, event: Event) -> None:
        """Show a weight group on the DRAM channel; it arrives a latency after that."""
        duration = max(1, event.value - self._dram_latency - event.cycle)
        self._put(
            "X",
            f"weights {event.op}",
            self._track("dram"),
            event.cycle,
            dur=duration,
            args={"arrives": event.value},
        )
        heappush(self._arrivals, event.value)

    def _end_cycle(self, cycle: int) -> None:
        """Write the counters that changed, up to a cycle."""
        self._count("stalls", self._stalls, self._cycle)
        if cycle > self._cycle + 1:
            self._count("stalls", 0, self._cycle + 1)
        self._count("queue occupancy (ops)", self._queue.ops, self._cycle)
        self._count("DRAM transfers on their way", len(self._arrivals), self._cycle)
        while self._arrivals and self._arrivals[0] <= cycle:
            arrival = heappop(self._arrivals)
            self._count("DRAM transfers on their way", len(self._arrivals), arrival)
        self._cycle, self._stalls = cycle, 0

    def _count(self, name: str, value: int, cycle: int) -> None:
        if self._shown.get(name) != value:
            self._shown[name] = value
            self._put("C", name, 0, cycle, args={"value": value})

    def _track(self, name: str) -> int:
        """Return the number of a track; tracks are shown in the order of their numbers."""
        if name not in self._tracks:
            number = self._tracks[name] = len(self._tracks) + 1
            self._put("M", "thread_name", number, args={"name": name})
            self._put("M", "thread_sort_index", number, args={"sort_index": number})
        return self._tracks[name]

    def _put(self, phase: str, name: str, track: int = 0, cycle: int = 0, **more: Any) -> None:
        event = {"ph": phase, "name": name, "pid": PROCESS, "tid": track, "ts": cycle, **more}
        self._text.write(f"{self._separator}\n{json.dumps(event, separators=(',', ':'))}")
        self._separator = ","


def _pe_tracks(layer: TracedLayer) -> list[str]:
    """Name the tracks of the PEs: what each did, and each of its contexts."""
    pe = layer.architecture.pe
    return [name for i in range(pe.count) for name in (f"pe{i}", *(f"pe{i}.{c}" for c in range(pe.contexts)))]


def make_writer(stream: BinaryIO, layer: TracedLayer) -> ChromeWriter:
    """Write a timeline that Perfetto opens."""
    return ChromeWriter(stream, layer)
