"""``vcd``: waves for GTKWave or Surfer; one nanosecond is one cycle. Needs the extra ``vcd``.

Every signal has the value of its cycle: a PE's ``op`` and ``word`` are undefined in a cycle in
which no word went in, and the counts of ``events`` are of that cycle alone.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from o3sim.contract.events import FIFO_UNITS, Event, EventKind
from o3sim.trace.occupancy import QueueOccupancy
from o3sim.trace.registry import import_extra
from o3sim.trace.writer import TracedLayer, text_on

pyvcd = import_extra("vcd", "vcd")

COUNTED = {
    EventKind.DISPATCH: "dispatched",
    EventKind.ISSUE: "issued",
    EventKind.WORD: "words",
    EventKind.STALL: "stalls",
    EventKind.DECIDE: "decided",
    EventKind.RETIRE: "retired",
    EventKind.SQUASH: "squashed",
}
UNDEFINED = "x"


class VcdWriter:
    """Write a value change dump, cycle by cycle."""

    def __init__(self, stream: BinaryIO, layer: TracedLayer) -> None:
        self._text = text_on(stream)
        title = f"{layer.architecture.name}, {layer.workload}, layer {layer.name}; 1 ns is 1 cycle"
        self._vcd = pyvcd.VCDWriter(self._text, timescale="1 ns", date="", comment=title)
        self._queue = QueueOccupancy()
        self._cycle = 0
        self._dram = self._signal("dram", "group", 32, UNDEFINED)
        self._dram_latency = layer.architecture.dram.latency_cycles
        self._group = self._transfer_end = -1
        self._occupancy = self._signal("queue", "occupancy", 32, 0)
        self._rows = dict.fromkeys(FIFO_UNITS.values(), 0)
        self._fifos = {
            unit: self._signal(unit, "rows", 32, 0)
            for key, unit in FIFO_UNITS.items()
            if any(layer.architecture.fifo_limits(key))
        }
        self._events = {kind: self._signal("events", name, 32, 0) for kind, name in COUNTED.items()}
        self._counts = dict.fromkeys(COUNTED, 0)
        pes = [f"pe{number}" for number in range(layer.architecture.pe.count)]
        self._op = {pe: self._signal(pe, "op", 32, UNDEFINED) for pe in pes}
        self._word = {pe: self._signal(pe, "word", 32, UNDEFINED) for pe in pes}
        self._stall = {pe: self._signal(pe, "stall", 1, 0) for pe in pes}
        self._now: dict[str, Event] = {}
        self._last: dict[str, Event] = {}

    def see(self, event: Event) -> None:
        """Take one event; a cycle is written when the next begins."""
        if event.cycle > self._cycle:
            self._go_to(event.cycle)
        self._queue.see(event)
        if event.kind in self._counts:
            self._counts[event.kind] += 1
        if event.kind in (EventKind.WORD, EventKind.STALL):
            self._now[event.unit] = event
        elif event.kind is EventKind.ROWS:
            self._rows[event.unit] = event.value
        elif event.kind is EventKind.WEIGHTS:
            self._group = event.op
            self._transfer_end = max(event.cycle + 1, event.value - self._dram_latency)

    def close(self) -> None:
        """Write the last cycle, and one after it in which nothing happens."""
        self._go_to(self._cycle + 1)
        self._end_cycle()
        self._vcd.close(self._cycle + 1)
        self._text.flush()
        self._text.detach()

    def _go_to(self, cycle: int) -> None:
        """Write the cycles up to another; between events only a transfer can end."""
        quiet = {self._cycle + 1, self._transfer_end}
        self._end_cycle()
        for self._cycle in sorted(at for at in quiet if self._cycle < at < cycle):
            self._end_cycle()
        self._cycle = cycle

    def _end_cycle(self) -> None:
        """Write the values of the cycle that is over."""
        cycle, change = self._cycle, self._vcd.change
        change(self._dram, cycle, self._group if cycle < self._transfer_end else UNDEFINED)
        change(self._occupancy, cycle, self._queue.ops)
        for unit, signal in self._fifos.items():
            change(signal, cycle, self._rows[unit])
        for kind, signal in self._events.items():
            change(signal, cycle, self._counts[kind])
            self._counts[kind] = 0
        for pe in sorted({*self._now, *self._last}):
            event = self._now.get(pe)
            went_in = event is not None and event.kind is EventKind.WORD
            change(self._op[pe], cycle, UNDEFINED if event is None else event.op)
            change(self._word[pe], cycle, event.value if event is not None and went_in else UNDEFINED)
            change(self._stall[pe], cycle, int(event is not None and not went_in))
        self._last, self._now = self._now, {}

    def _signal(self, scope: str, name: str, bits: int, initial: int | str) -> Any:
        return self._vcd.register_var(scope, name, "wire", size=bits, init=initial)


def make_writer(stream: BinaryIO, layer: TracedLayer) -> VcdWriter:
    """Write waves."""
    return VcdWriter(stream, layer)
