"""Read canonical traces for the figures that are made of events: nothing is run."""

from __future__ import annotations

from pathlib import Path

from o3sim.config.catalog import is_there
from o3sim.config.ranges import NO_END
from o3sim.contract.events import Event, EventKind, Observer
from o3sim.errors import InputError
from o3sim.files.inputs import parse_json
from o3sim.report.plot.timeline import Doing, TimelineData, TimelineObserver, pe_number
from o3sim.report.timeline_page.ops import OpsObserver, TimelineOps
from o3sim.studies.whatif.occupancy import Occupancy, OccupancyObserver
from o3sim.studies.whatif.window import LayerWindow, layer_window
from o3sim.trace.reading import OF_PES, CanonicalFile, open_any

YAML = (".yaml", ".yml")


def is_trace(name: str) -> bool:
    """Return whether what is given in the place of an architecture is a trace file."""
    return is_there(name) and not name.endswith(YAML)


class TraceFile:
    """A canonical trace of a layer, or of a part of it.

    Parameters
    ----------
    path : Path
    layer : str, optional
        Name or number of the layer that it has to be of.

    Attributes
    ----------
    name : str
        Name of the file.
    layer : str
        Name of the layer; empty if the file does not say.

    Raises
    ------
    InputError
        If it is no canonical trace, or of another layer.
    """

    def __init__(self, path: Path, layer: str | None = None) -> None:
        self.name, self._path = path.name, path
        self.layer, self._number, self._first_cycle, self._all_ops = "", 0, 0, True
        self._end_cycle: int | None = None
        with open_any(path) as stream:
            self._read_window(CanonicalFile(path, stream).window)
        if layer is not None and self.layer and layer not in (self.layer, str(self._number)):
            raise InputError(f"{path}: is of layer {self.layer}, not {layer}")

    def occupancy(self) -> Occupancy:
        """Count what queue and PEs hold over the cycles of a trace that begins where the layer does.

        Raises
        ------
        InputError
            If the file is damaged, or of a part of the layer from which that does not follow.
        """
        if not self._is_from_start:
            raise InputError(
                f"{self._path}: is of a part of the layer: what its units hold is known only of one that has"
                " all ops, from cycle 0 on"
            )
        observer = OccupancyObserver(NO_END)
        return observer.result(self._show(observer))

    def timeline(self, first_cycle: int, end_cycle: int) -> TimelineData:
        """Draw up the timeline, over as many cycles as the trace has of those asked for.

        Raises
        ------
        InputError
            If the file is damaged, or has none of those cycles, or no words.
        """
        observer = TimelineObserver(first_cycle, end_cycle)
        ops, window = self._look(observer, first_cycle, end_cycle)
        return observer.result(self.name, ops.pes, window, ops.judge, self._is_from_start)

    def ops(self, first_cycle: int, end_cycle: int) -> TimelineOps:
        """Follow the ops of those cycles; a trace does not say which neurons they are.

        Raises
        ------
        InputError
            As for :meth:`timeline`.
        """
        observer = OpsObserver(first_cycle, end_cycle)
        ops, window = self._look(observer, first_cycle, end_cycle)
        return observer.result(self.name, ops.pes, window, ops.judge, None, self._is_from_start)

    @property
    def _is_from_start(self) -> bool:
        """Whether it has all events from the layer's first cycle on."""
        return self._all_ops and self._first_cycle == 0

    def _look(self, observer: Observer, first_cycle: int, end_cycle: int) -> tuple[TracedOps, LayerWindow]:
        """Show an observer the trace; return its ops, and the cycles it has of those asked for."""
        ops = TracedOps()
        cycles = self._show(observer, ops)
        if not ops.words:
            raise InputError(f"{self._path}: holds no words, and a timeline is made of them")
        first = max(first_cycle, self._first_cycle)
        return ops, layer_window(self._number, self.layer, cycles, first, end_cycle)

    def _read_window(self, text: str) -> None:
        """Read the line that says what is traced, if there is one."""
        if not text:
            return
        try:
            about = parse_json(text)
            self.layer, self._number = about["layer"], about["number"]
            self._all_ops = about["ops"] == [0, None]
            self._first_cycle, self._end_cycle = about["cycles"]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{self._path}:2: does not say what is traced: {error}") from None
        numbers = (self._number, self._first_cycle, 0 if self._end_cycle is None else self._end_cycle)
        if not isinstance(self.layer, str) or not all(type(each) is int and each >= 0 for each in numbers):
            raise InputError(f"{self._path}:2: does not say what is traced: `{text[:80]}`")

    def _show(self, *observers: Observer) -> int:
        """Show all events; return how many cycles of the layer, from its first, are known."""
        last = -1
        with open_any(self._path) as stream:
            for event in CanonicalFile(self._path, stream).events():
                for observer in observers:
                    observer.see(event)
                last = event.cycle
                if event.kind is EventKind.LAYER_END:
                    return last + 1
        return last + 1 if self._end_cycle is None else self._end_cycle


class TracedOps:
    """Follows ops through a trace, and judges their words by when they were decided.

    A verdict is known a fixed number of cycles after the deciding word went in: as many as between the
    last word and the decision of ops that wasted none, if the trace has such.

    Attributes
    ----------
    pes : int
        PEs as far as they are seen.
    words : int
        Words seen.
    """

    def __init__(self) -> None:
        self.pes = self.words = 0
        self._last_word: dict[int, int] = {}
        self._decided: dict[int, tuple[int, int]] = {}
        self._latency_cycles = 0

    def see(self, event: Event) -> None:
        """Take one event."""
        if event.kind in OF_PES:
            self.pes = max(self.pes, pe_number(event.unit) + 1)
        if event.kind is EventKind.WORD:
            self.words += 1
            self._last_word[event.op] = event.cycle
        elif event.kind is EventKind.DECIDE:
            self._decided[event.op] = event.cycle, event.value
            if event.op in self._last_word:
                latency = event.cycle - self._last_word[event.op]
                self._latency_cycles = max(self._latency_cycles, latency)

    def judge(self, op: int, word: int, cycle: int) -> Doing:  # noqa: ARG002 - others judge by it
        """Judge a word of an op, which went in in a cycle, once all events were seen."""
        if op not in self._decided:
            return Doing.OPEN
        decided, outcome = self._decided[op]
        if cycle > decided - self._latency_cycles:
            return Doing.WASTED
        return Doing.RETIRED_1 if outcome else Doing.RETIRED_0
