"""Timelines: what each PE does in each cycle, by what becomes of the op whose word it evaluates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.events import Event, EventKind
from o3sim.errors import InputError
from o3sim.report.plot.colours import BLACK, CAUSES, GREEN, PURPLE, SKY
from o3sim.report.plot.held import UNSEEN, Held, HeldObserver
from o3sim.report.plot.legend import add_legend
from o3sim.report.plot.style import new_figure, plain_numbers, scaled, width_inches, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from o3sim.contract.program import LayerProgram
    from o3sim.studies.whatif.window import LayerWindow


MOST_PE_CYCLES = 2**25
"""Of a machine in a figure: some thousand for each point that a page has beside each other."""


class Doing(IntEnum):
    """What a PE does in a cycle."""

    IDLE = 0
    REFUSED = 1
    RETIRED_0 = 2
    RETIRED_1 = 3
    WASTED = 4
    SQUASHED = 5
    OPEN = 6


# A cause has the colour that it has in cycle stacks; told apart in shades of grey too.
LOOKS: dict[Doing, tuple[str, str]] = {
    Doing.RETIRED_1: (CAUSES["useful"][0], "useful, neuron is 1"),
    Doing.RETIRED_0: (SKY, "useful, neuron is 0"),
    Doing.WASTED: (CAUSES["wasted"][0], "wasted"),
    Doing.SQUASHED: (CAUSES["squashed"][0], "squashed later"),
    Doing.OPEN: (PURPLE, "undecided where the trace ends"),
    Doing.REFUSED: (CAUSES["operand_stall"][0], "operand refused"),
    Doing.IDLE: ("#FFFFFF", "idle or waiting"),
}


@dataclass(frozen=True, eq=False)
class TimelineData:
    """One machine over a window of cycles.

    Attributes
    ----------
    name : str
    first_cycle : int
        First cycle of the window, counted from the start of the layer.
    cells : uint8 array, shape (PEs, cycles)
        :class:`Doing`.
    retired, squashed : int
        Ops that ended in the window, by how.
    held : Held
    """

    name: str
    first_cycle: int
    cells: NDArray[np.uint8]
    retired: int
    squashed: int
    held: Held

    @property
    def useful(self) -> float:
        """Share of PE-cycles that went into words that were needed, 0..1."""
        return float(np.isin(self.cells, (Doing.RETIRED_0, Doing.RETIRED_1)).mean())


class Judge(Protocol):
    """Knows what becomes of the ops that are not squashed."""

    def __call__(self, op: int, word: int, cycle: int) -> Doing:
        """Judge a word of an op, which went in in a cycle."""


class ProgramJudge:
    """Judges by the profile of the layer, which knows every op's outcome and its deciding word."""

    def __init__(self, program: LayerProgram) -> None:
        self._program = program

    def __call__(self, op: int, word: int, cycle: int) -> Doing:  # noqa: ARG002 - others judge by it
        """Judge a word of an op, which went in in a cycle."""
        if word >= self._program.decided_words[op]:
            return Doing.WASTED
        return Doing.RETIRED_1 if self._program.outcome[op] else Doing.RETIRED_0


class TimelineObserver:
    """Keep the words and refusals of a window, and which ops are squashed, also after it.

    Memory grows with PEs times cycles of the window.

    Parameters
    ----------
    first_cycle, end_cycle : int
        ``first_cycle <= cycle < end_cycle`` of the layer are kept.
    """

    def __init__(self, first_cycle: int, end_cycle: int) -> None:
        self._first_cycle, self._end_cycle = first_cycle, end_cycle
        self._words: list[tuple[int, int, int, int]] = []
        self._refused: list[tuple[int, int]] = []
        self._squashed: set[int] = set()
        self._retired = 0
        self._held = HeldObserver()
        self._squashed_inside = 0

    def see(self, event: Event) -> None:
        """Take one event."""
        self._held.see(event)
        inside = self._first_cycle <= event.cycle < self._end_cycle
        if event.kind is EventKind.WORD and inside:
            self._words.append((event.cycle, pe_number(event.unit), event.op, event.value))
        elif event.kind is EventKind.STALL and inside:
            self._refused.append((event.cycle, pe_number(event.unit)))
        elif event.kind is EventKind.RETIRE:
            self._retired += inside
        elif event.kind is EventKind.SQUASH:
            self._squashed_inside += inside
            self._squashed.add(event.op)

    def result(
        self, name: str, pes: int, window: LayerWindow, judge: Judge, from_start: bool
    ) -> TimelineData:
        """Judge every word by what became of its op.

        Parameters
        ----------
        window : LayerWindow
            The cycles that the layer has of those kept.
        from_start : bool
            Whether the layer was seen from its first cycle.

        Raises
        ------
        InputError
            If they are more than a figure shows.
        """
        if pes * window.cycles > MOST_PE_CYCLES:
            raise InputError(
                f"{name}: {window.cycles:,} cycles of {pes:,} PEs are {pes * window.cycles:,} PE-cycles;"
                f" {MOST_PE_CYCLES:,} at most are drawn: give --cycles A:B"
            )
        first = window.first_cycle
        cells = np.zeros((pes, window.cycles), np.uint8)
        for cycle, pe in self._refused:
            cells[pe, cycle - first] = Doing.REFUSED
        for cycle, pe, op, word in self._words:
            squashed = op in self._squashed
            cells[pe, cycle - first] = Doing.SQUASHED if squashed else judge(op, word, cycle)
        held = self._held.over(window) if from_start else UNSEEN
        return TimelineData(name, first, cells, self._retired, self._squashed_inside, held)


def pe_number(unit: str) -> int:
    """Return the number in ``pe3`` or ``pe3.1``.

    >>> pe_number("pe3.1")
    3
    """
    return int(unit.removeprefix("pe").partition(".")[0])


def _caption(machine: TimelineData) -> str:
    """Say in numbers what a panel shows."""
    done = f"{machine.retired + machine.squashed:,} neurons done"
    squashed = f", {machine.squashed:,} of them squashed" if machine.squashed else ""
    return f"{machine.name}: {machine.useful:.0%} of PE-cycles useful; {done}{squashed}"


PANEL_INCHES, STRIP_INCHES = 1.5, 0.45
"""Heights of what PEs do, and of what queue and PEs hold beneath."""

HELD_LOOKS: tuple[tuple[str, str, str], ...] = (
    (BLACK, "solid", "ops that wait in the queue"),
    (GREEN, "dashed", "ops in PEs"),
)
"""Colour, line and label of each part of :class:`o3sim.report.plot.held.Held`: no colour that words have."""


def draw_timeline(machines: Sequence[TimelineData], title: str) -> Figure:
    """Draw the machines below one another on one time axis, PE 0 at the top, what they hold beneath each."""
    heights = [
        height
        for machine in machines
        for height in ([PANEL_INCHES, STRIP_INCHES] if len(machine.held.queued) else [PANEL_INCHES])
    ]
    figure = new_figure(0.4 + sum(heights))
    panels = iter(figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0])
    handles: dict[str, Any] = {}
    for machine in machines:
        last = next(panels)
        handles |= _draw_cells(last, machine)
        if len(machine.held.queued):
            last = next(panels)
            handles |= _draw_held(last, machine)
    last.set_xlabel(wrapped(f"cycle of {title}", 0.85 * width_inches()))
    order = [label for _, label in LOOKS.values()] + [label for _, _, label in HELD_LOOKS]
    add_legend(figure, {label: handles[label] for label in order if label in handles})
    return figure


def _draw_cells(axes: Axes, machine: TimelineData) -> dict[str, Any]:
    """Draw what PEs do; return what a legend says of it."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch
    from matplotlib.ticker import MaxNLocator

    colours = ListedColormap([LOOKS[doing][0] for doing in Doing])
    pes, cycles = machine.cells.shape
    first = machine.first_cycle
    axes.imshow(
        machine.cells, colours, aspect="auto", interpolation="nearest", vmin=0, vmax=len(Doing) - 1,
        extent=(first, first + cycles, pes, 0),
    )  # fmt: skip
    axes.set_ylabel("PE")
    axes.yaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axes.set_title(wrapped(_caption(machine), 0.9 * width_inches()))
    axes.spines[["top", "right"]].set_visible(True)
    plain_numbers(axes.xaxis)
    edge: dict[str, Any] = {
        "edgecolor": "#666666",
        "linewidth": 0.3,
    }  # of a patch in the legend alone: white is one of them
    shown = set(np.unique(machine.cells).tolist())
    return {
        label: Patch(facecolor=colour, **edge) for doing, (colour, label) in LOOKS.items() if doing in shown
    }


def _draw_held(axes: Axes, machine: TimelineData) -> dict[str, Any]:
    """Draw what queue and PEs hold; return what a legend says of it."""
    from matplotlib.ticker import MaxNLocator

    edges = machine.first_cycle + np.arange(len(machine.held.queued) + 1)
    handles: dict[str, Any] = {}
    for held, (colour, line, label) in zip(machine.held, HELD_LOOKS, strict=True):
        handles[label] = axes.stairs(
            held, edges, baseline=None, color=colour, linestyle=line, linewidth=scaled(1.0)
        )
    axes.set_ylim(bottom=0)
    axes.set_ylabel("ops")
    axes.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    plain_numbers(axes.xaxis)
    return handles
